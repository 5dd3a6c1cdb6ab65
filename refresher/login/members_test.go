package login

import "testing"

func TestIssuerMembers(t *testing.T) {
	private := []string{"/refresh_token", "/id_token"}
	for _, c := range []struct {
		name, body string
		private    []string
		secrets    []string
		want       string
	}{
		{"in the middle", `{"access_token":"A", "refresh_token" : "R","expires_in":60}`, private, nil, `{"access_token":"A","expires_in":60}`},
		{"first", `{ "refresh_token":"R", "access_token":"A" }`, private, nil, `{ "access_token":"A" }`},
		{"last", `{"access_token":"A","refresh_token":"R"}`, private, nil, `{"access_token":"A"}`},
		{"only", `{"refresh_token":"R"}`, private, nil, `{}`},
		{"twice, at both ends", `{"refresh_token":"R","a":1,"refresh_token":"S"}`, private, nil, `{"a":1}`},
		{"twice and nothing else", `{"refresh_token":"R","refresh_token":"S"}`, private, nil, `{}`},
		{"escaped name", `{"refresh\u005ftoken":"R","a":1}`, private, nil, `{"a":1}`},
		{"nested", `{"data":{"jwt":"T","refresh":"R"},"ok":true}`, []string{"/data/refresh"}, nil, `{"data":{"jwt":"T"},"ok":true}`},
		{"in an array", `{"t":["A","R","B"]}`, []string{"/t/1"}, nil, `{"t":["A",null,"B"]}`},
		{"numbers and spaces kept", `{"a" : 1.50, "b":[1,  2],"refresh_token":null}`, private, nil, `{"a" : 1.50, "b":[1,  2]}`},
		{"the secret stands elsewhere too", `{"a":"x SECRETSECRET","refresh_token":"SECRETSECRET"}`, private, []string{"SECRETSECRET"}, ``},
		{"the whole body is private", `{"a":1}`, []string{""}, nil, ``},
		{"not an object", `["a"]`, private, nil, ``},
		{"not JSON", `<html>`, private, nil, ``},
		{"cut off", `{"a":1`, private, nil, ``},
		{"empty", ``, private, nil, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			var secrets [][]byte
			for _, s := range c.secrets {
				secrets = append(secrets, []byte(s))
			}
			if got := string(issuerMembers([]byte(c.body), c.private, secrets)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
