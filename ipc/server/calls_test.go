package server

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"authd/ipc"

	"github.com/google/go-cmp/cmp"
)

// parts cuts an answer into its replies' heads and bodies by Content-Length.
func status(answer string) string {
	line, _, _ := strings.Cut(answer, "\r\n")
	return strings.TrimPrefix(line, "HTTP/1.1 ")
}

func bodyOf(answer string) string {
	_, body, _ := strings.Cut(answer, "\r\n\r\n")
	return body
}

func TestCalls(t *testing.T) {
	f := &fake{}
	path := start(t, &Server{Backend: f})
	const end = " HTTP/1.1\r\nHost: authd\r\nConnection: close\r\n\r\n"
	for name, test := range map[string]struct{ request, status, body string }{
		"the value":                     {"GET /v1/credentials/acme/token" + end, "200 OK", invented},
		"a whole URL as the target":     {"GET http://authd/v1/credentials/acme/token" + end, "200 OK", invented},
		"lines that end in LF":          {"GET /v1/credentials/acme/token HTTP/1.1\nHost: authd\nConnection: close\n\n", "200 OK", invented},
		"HTTP/1.0 without a host":       {"GET /v1/credentials/acme/token HTTP/1.0\r\n\r\n", "200 OK", invented},
		"a percent-encoded parameter":   {"GET /v1/credentials/acme/token?w%61it=1%73" + end, "200 OK", invented},
		"only the head":                 {"HEAD /v1/credentials/acme/token" + end, "200 OK", ""},
		"all statuses":                  {"GET /v1/credentials" + end, "200 OK", `{"credentials":[{"name":"acme"`},
		"one status":                    {"GET /v1/credentials/acme" + end, "200 OK", `{"name":"acme"`},
		"an explanation":                {"GET /v1/credentials/acme/explain" + end, "200 OK", `{"status":{"name":"acme"`},
		"a plan":                        {"GET /v1/plan?for=7d" + end, "200 OK", `{"steps":[{"at":"2030-01-02T03:04:05.678Z","name":"acme","do":"renew","why":"168h0m0s"}]}`},
		"a refresh":                     {"POST /v1/credentials/acme/refresh" + end, "200 OK", `{"name":"acme"`},
		"a reload":                      {"POST /v1/reload" + end, "200 OK", `{"warnings":["one"]}`},
		"the version":                   {"GET /v1/version" + end, "200 OK", `{"version":"0.0","api":1`},
		"health":                        {"GET /v1/health" + end, "200 OK", `{"ok":true`},
		"metrics":                       {"GET /v1/metrics" + end, "200 OK", "authd_up 1\n"},
		"another credential":            {"GET /v1/credentials/other/token" + end, "404 Not Found", `{"code":"not_found","message":"there is no credential other","hint":"look at authctl status"}`},
		"a name that cannot be":         {"GET /v1/credentials/Acme/token" + end, "404 Not Found", `{"code":"not_found"`},
		"a name that climbs":            {"GET /v1/credentials/../token" + end, "404 Not Found", `{"code":"not_found"`},
		"no such call":                  {"GET /v2/credentials" + end, "404 Not Found", `{"code":"not_found"`},
		"no such call of a credential":  {"GET /v1/credentials/acme/tokens" + end, "404 Not Found", `{"code":"not_found"`},
		"the wrong method":              {"POST /v1/credentials/acme/token" + end, "400 Bad Request", `{"code":"bad_request","message":"this call is not made with POST","hint":"use GET"}`},
		"HEAD of what is posted":        {"HEAD /v1/reload" + end, "400 Bad Request", ""},
		"an unknown parameter":          {"GET /v1/credentials/acme/token?minvalid=1s" + end, "400 Bad Request", `{"code":"bad_request","message":"there is no parameter \"minvalid\" here","hint":"this call has min_valid, wait, format"}`},
		"a parameter twice":             {"GET /v1/credentials/acme/token?wait=1s&wait=1s" + end, "400 Bad Request", `{"code":"bad_request"`},
		"a bare number as a duration":   {"GET /v1/credentials/acme/token?wait=1" + end, "400 Bad Request", `{"code":"bad_request","message":"wait is not a duration; write one such as \"90s\"`},
		"a negative duration":           {"GET /v1/credentials/acme/token?min_valid=-1s" + end, "400 Bad Request", `{"code":"bad_request"`},
		"broken percent-encoding":       {"GET /v1/credentials/acme/token?wait=%2" + end, "400 Bad Request", `{"code":"bad_request"`},
		"a browser's origin":            {"GET /v1/credentials HTTP/1.1\r\nHost: authd\r\nOrigin: null\r\nConnection: close\r\n\r\n", "403 Forbidden", `{"code":"forbidden"`},
		"a browser's fetch":             {"GET /v1/credentials HTTP/1.1\r\nHost: authd\r\nsec-fetch-SITE: none\r\nConnection: close\r\n\r\n", "403 Forbidden", `{"code":"forbidden"`},
		"no host":                       {"GET /v1/credentials HTTP/1.1\r\n\r\n", "400 Bad Request", `{"code":"bad_request"`},
		"another protocol":              {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 Bad Request", `{"code":"bad_request"`},
		"a head that is too long":       {"GET /v1/credentials HTTP/1.1\r\nX: " + strings.Repeat("x", 9<<10), "413 Content Too Large", `{"code":"too_large"`},
		"a head that is whole but long": {"GET /v1/credentials HTTP/1.1\r\nHost: authd\r\nX: " + strings.Repeat("x", 8<<10-40) + "\r\n\r\n", "413 Content Too Large", `{"code":"too_large"`},
		"members where none are known":  {"POST /v1/reload HTTP/1.1\r\nHost: authd\r\nConnection: close\r\nContent-Length: 7\r\n\r\n{\"a\":1}", "400 Bad Request", `{"code":"bad_request"`},
		"an empty object":               {"POST /v1/reload HTTP/1.1\r\nHost: authd\r\nConnection: close\r\nContent-Length: 3\r\n\r\n{} ", "200 OK", ""},
		"a length and chunks":           {"POST /v1/reload HTTP/1.1\r\nHost: authd\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", "400 Bad Request", `{"code":"bad_request"`},
	} {
		t.Run(name, func(t *testing.T) {
			answer := talk(t, path, test.request)
			if got := status(answer); got != test.status {
				t.Errorf("status %q, want %q", got, test.status)
			}
			if got := bodyOf(answer); !strings.HasPrefix(got, test.body) || test.body == "" && strings.HasPrefix(test.request, "HEAD") && got != "" {
				t.Errorf("body %q, want %q", got, test.body)
			}
			for _, header := range []string{"Authd-Api: 1", "Cache-Control: no-store", "Content-Length: ", "Date: ", "Connection: close"} {
				if !strings.Contains(answer, "\r\n"+header) {
					t.Errorf("no header %s in %q", header, answer)
				}
			}
		})
	}
}

func TestTokenTellsWhatIsKnown(t *testing.T) {
	f := &fake{}
	path := start(t, &Server{Backend: f})
	answer := talk(t, path, "GET /v1/credentials/acme/token?min_valid=1d&wait=5m&format=json HTTP/1.0\r\n\r\n")
	for _, header := range []string{
		"Authd-Generation: 7", "Authd-Expires-At: 2030-01-02T03:04:05.678Z",
		"Authd-Fingerprint: 0123456789abcdef", "Content-Length: 14",
	} {
		if !strings.Contains(answer, header+"\r\n") {
			t.Errorf("no header %s in %q", header, answer)
		}
	}
	want := ipc.TokenQuery{MinValid: 24 * time.Hour, Wait: ipc.MaxWait, Format: "json"}
	if diff := cmp.Diff(want, f.query); diff != "" {
		t.Error(diff)
	}
	talk(t, path, "GET /v1/credentials/acme/token HTTP/1.0\r\n\r\n")
	want = ipc.TokenQuery{MinValid: ipc.Default, Wait: ipc.DefaultWait, Format: "raw"}
	if diff := cmp.Diff(want, f.query); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsOfTheBackend(t *testing.T) {
	for _, row := range ipc.Codes {
		t.Run(string(row.Code), func(t *testing.T) {
			f := &fake{err: &ipc.Error{Code: row.Code, Message: `a "quoted" message`, Hint: "a hint", RetryAfter: 1500 * time.Millisecond}}
			answer := talk(t, start(t, &Server{Backend: f}), "GET /v1/credentials/acme/token HTTP/1.0\r\n\r\n")
			if !strings.HasPrefix(status(answer), itoa(row.HTTP)) {
				t.Errorf("status %q, want %d", status(answer), row.HTTP)
			}
			if !strings.Contains(answer, "\r\nRetry-After: 2\r\n") {
				t.Errorf("no Retry-After in %q", answer)
			}
			var got ipc.Error
			if err := json.Unmarshal([]byte(bodyOf(answer)), &got); err != nil {
				t.Fatal(err)
			}
			if got.Code != row.Code || got.Message != `a "quoted" message` || got.Hint != "a hint" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestAnErrorNotMeantForCallersIsNotTold(t *testing.T) {
	for name, f := range map[string]*fake{"an error": {err: errSecret}, "a crash": {crash: true}} {
		t.Run(name, func(t *testing.T) {
			answer := talk(t, start(t, &Server{Backend: f}), "GET /v1/credentials/acme/token HTTP/1.0\r\n\r\n")
			if !strings.HasPrefix(status(answer), "500") || strings.Contains(answer, "must not see") || strings.Contains(answer, "purpose") {
				t.Errorf("got %q", answer)
			}
		})
	}
}

func TestReject(t *testing.T) {
	f := &fake{}
	path := start(t, &Server{Backend: f})
	for name, test := range map[string]struct {
		body string
		want *ipc.Rejection
	}{
		"a fingerprint":      {`{"fingerprint":"00ff"}`, &ipc.Rejection{Fingerprint: "00ff"}},
		"a generation":       {` { "generation" : 12 } `, &ipc.Rejection{Generation: 12}},
		"a value":            {`{"value":"a\u00e9\"b"}`, &ipc.Rejection{Value: "aé\"b"}},
		"a URL":              {`{"url":"https:\/\/h\/p"}`, &ipc.Rejection{URL: "https://h/p"}},
		"nothing":            {`{}`, nil},
		"no body":            {``, nil},
		"two of them":        {`{"generation":1,"value":"x"}`, nil},
		"the same twice":     {`{"generation":1,"generation":1}`, nil},
		"another member":     {`{"reason":"x"}`, nil},
		"an empty value":     {`{"value":""}`, nil},
		"a fraction":         {`{"generation":1.5}`, nil},
		"a negative number":  {`{"generation":-1}`, nil},
		"a leading zero":     {`{"generation":01}`, nil},
		"a number too large": {`{"generation":99999999999999999999}`, nil},
		"not closed":         {`{"generation":1`, nil},
		"something behind":   {`{"generation":1} x`, nil},
		"half a pair":        {`{"value":"\ud800"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f.rejected = nil
			answer := talk(t, path, "POST /v1/credentials/acme/reject HTTP/1.0\r\nContent-Length: "+itoa(len(test.body))+"\r\n\r\n"+test.body)
			switch {
			case test.want == nil && (!strings.HasPrefix(status(answer), "400") || len(f.rejected) > 0):
				t.Errorf("got %q, want 400", answer)
			case test.want != nil && (len(f.rejected) != 1 || f.rejected[0] != *test.want):
				t.Errorf("got %+v and %q", f.rejected, answer)
			}
		})
	}
}
