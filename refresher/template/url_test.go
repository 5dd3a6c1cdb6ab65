package template

import "testing"

func TestParseURL(t *testing.T) {
	for _, tc := range []struct {
		url  string
		want Address
	}{
		{"HTTPS://Api.Example.com:443/a%2fB/../c?x=%20&y#frag?", Address{Scheme: "https", Host: "api.example.com", Name: "api.example.com", Port: "443", Path: "/a%2fB/../c", Query: "x=%20&y", Target: "/a%2fB/../c?x=%20&y", URL: "HTTPS://Api.Example.com:443/a%2fB/../c?x=%20&y", Rest: "#frag?"}},
		{"http://h:8080", Address{Scheme: "http", Host: "h:8080", Name: "h", Port: "8080", Path: "/", Target: "/", URL: "http://h:8080"}},
		{"https://h?a=1?b", Address{Scheme: "https", Host: "h", Name: "h", Port: "443", Path: "/", Query: "a=1?b", Target: "/?a=1?b", URL: "https://h?a=1?b"}},
		{"https://h/p?", Address{Scheme: "https", Host: "h", Name: "h", Port: "443", Path: "/p", Target: "/p?", URL: "https://h/p?"}},
		{"http://[2001:DB8::1]:80/", Address{Scheme: "http", Host: "[2001:db8::1]", Name: "2001:db8::1", Port: "80", Path: "/", Target: "/", URL: "http://[2001:DB8::1]:80/"}},
		{"https://h/a@b:c%41", Address{Scheme: "https", Host: "h", Name: "h", Port: "443", Path: "/a@b:c%41", Target: "/a@b:c%41", URL: "https://h/a@b:c%41"}},
	} {
		if got, err := ParseURL(tc.url); err != nil || got != tc.want {
			t.Errorf("%s\n got %+v, %v\nwant %+v", tc.url, got, err, tc.want)
		}
	}
}

func TestDoubtfulURLsAreRefused(t *testing.T) {
	for _, url := range []string{
		"", "/path", "ftp://h/", "https:/h/", "https:///p", "https://:443/", "https://u@h/", "https://u:p@h/", "https://h\\@evil/",
		"https://h/a b", "https://h/a\tb", "https://h/\r\nX: y", "https://h/\x7f", "https://h%2eevil/", "https://h:99999999/", "https://h:x/",
		"https://[::1/", "https://::1/", "https://[h]x/", "https://a^b/", " https://h/", "https://\u212a.example/",
	} {
		if got, err := ParseURL(url); err == nil {
			t.Errorf("%q was taken: %+v", url, got)
		}
	}
}
