package record_test

import (
	"encoding/json"
	"strings"
	"testing"

	"authd/refresher/record"
)

// recording is a login between a page and a use, with pieces of the fuzzer's.
func recording(field, value, path, page, answer, password, token string) []byte {
	call := func(method, path, mime, body string, sent, got []any, status int, text string) any {
		request := object{"method": method, "url": "https://app.example.com/" + path, "headers": sent}
		if body != "" {
			request["postData"] = object{"mimeType": mime, "text": body}
		}
		return object{"startedDateTime": "2026-01-01T00:00:00Z", "request": request, "response": object{"status": status, "headers": got, "content": object{"text": text}}}
	}
	header := func(name, value string) []any { return []any{object{"name": name, "value": value}} }
	members, _ := json.Marshal(object{"login": "bobby", "password": password, field: value})
	har, _ := json.Marshal(object{"log": object{"entries": []any{
		call("GET", path, "", "", nil, header("Set-Cookie", "PHPSESSID="+token+"0; Path=/"), 200, page),
		call("POST", path, "application/json", string(members), header("X-Api-Key", value), header("Set-Cookie", "sid="+token+"; HttpOnly"), 200, strings.ReplaceAll(answer, "TOKEN", token)),
		call("GET", "things", "", "", header("Authorization", "Bearer "+token), nil, 200, ""),
	}}})
	return har
}

// FuzzSecrets holds a draft against that of the same recording with other
// secrets: whatever else a login has in it, they must be the same.
func FuzzSecrets(f *testing.F) {
	f.Add("csrf", "0123456789abcdef", "login", `<input name="csrf" value="0123456789abcdef">`, `{"access_token":"TOKEN","expires_in":60}`)
	f.Add("a?", "", "x/y.z?q=1", `<meta content='v' name=csrf>`, `{"data":[{"token":"TOKEN"}],"exp":"2026-01-02T00:00:00Z"}`)
	f.Add("scope", "read write", "0123456789012345678901", `var csrf = "${x}"`, "TOKEN")
	f.Add("${x}", "`|}", "a%20b", "<a", `{"a`+"`"+`":"TOKEN","}":1}`)
	f.Fuzz(func(t *testing.T, field, value, path, page, answer string) {
		const one, other = "Zx81-q9+first", "Yw72-p8+other"
		for _, s := range []string{field, value, path, page, answer} {
			if strings.Contains(s, "Zx81") || strings.Contains(s, "Yw72") || strings.Contains(s, "bobby") {
				t.Skip()
			}
		}
		a, errA := record.New(recording(field, value, path, page, answer, one, one+"token0"), "acme")
		b, errB := record.New(recording(field, value, path, page, answer, other, other+"token0"), "acme")
		switch {
		case errA != nil && errB != nil:
			if errA.Error() != errB.Error() {
				t.Errorf("%v\n%v", errA, errB)
			}
			if strings.Contains(errA.Error(), "would hold a secret") || strings.Contains(errA.Error(), "does not load") {
				t.Errorf("%v", errA)
			}
		case errA != nil || errB != nil:
			t.Errorf("%v\n%v", errA, errB)
		case string(a.Text) != string(b.Text) || strings.Join(a.Notes, "\n") != strings.Join(b.Notes, "\n"):
			t.Errorf("%s\n%s\n%s\n%s", a.Text, a.Notes, b.Text, b.Notes)
		}
	})
}

// FuzzNew reads anything.
func FuzzNew(f *testing.F) {
	f.Add(recording("csrf", "0123456789abcdef", "login", `<input name="csrf" value="0123456789abcdef">`, `{"access_token":"TOKEN"}`, "recorded-pass", "recorded-token"))
	f.Add([]byte(`{"log":{"entries":[{"startedDateTime":"x","request":{"method":"POST","url":"http://[::1]:1/%zz"},"response":{}}]}}`))
	f.Fuzz(func(_ *testing.T, har []byte) {
		_, _ = record.New(har, "") // a panic is the failure
	})
}
