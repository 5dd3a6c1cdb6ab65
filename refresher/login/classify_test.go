package login

import (
	"testing"
	"time"

	"authd/refresher/credential"
)

func TestClassOf(t *testing.T) {
	for _, c := range []struct {
		status         int
		login, refresh credential.Class
	}{
		{200, credential.Transient, credential.Transient},
		{302, credential.Transient, credential.Transient},
		{400, credential.Misconfigured, credential.Relogin},
		{401, credential.Refused, credential.Relogin},
		{403, credential.Refused, credential.Relogin},
		{404, credential.Misconfigured, credential.Relogin},
		{408, credential.Transient, credential.Transient},
		{422, credential.Misconfigured, credential.Relogin},
		{425, credential.Transient, credential.Transient},
		{429, credential.Transient, credential.Transient},
		{500, credential.Transient, credential.Transient},
		{503, credential.Transient, credential.Transient},
	} {
		if got := classOf(c.status, inLogin); got != c.login {
			t.Errorf("%d to a login: got %s, want %s", c.status, got, c.login)
		}
		if got := classOf(c.status, inRefresh); got != c.refresh {
			t.Errorf("%d to a refresh: got %s, want %s", c.status, got, c.refresh)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"120":                           2 * time.Minute,
		" 5 ":                           5 * time.Second,
		"1.5":                           1500 * time.Millisecond,
		"-1":                            0,
		"soon":                          0,
		"1e400":                         0,
		"0x10":                          0,
		"99999999999999":                maxRetryAfter,
		"Thu, 01 Jan 2026 00:01:00 GMT": time.Minute,
		"Wed, 31 Dec 2025 00:00:00 GMT": 0,
		"Fri, 01 Jan 2100 00:00:00 GMT": maxRetryAfter,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}

func TestErrorCode(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"invalid_grant"}`:                                      "invalid_grant",
		` {"error":"invalid_client"} `:                                   "invalid_client",
		`{"error":{"code":5}}`:                                           "",
		`{"error":"Bad Password: x"}`:                                    "",
		`{"error":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`: "",
		`["error"]`: "",
		`<html>`:    "",
		``:          "",
	} {
		if got := errorCode([]byte(body)); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

func TestParseInstant(t *testing.T) {
	want := time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC)
	for _, s := range []string{
		"1700000000", "1700000000000", "1700000000.0", "2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00",
		"2023-11-14 22:13:20", "Tue, 14 Nov 2023 22:13:20 GMT", "Tuesday, 14-Nov-23 22:13:20 GMT", " 1700000000 ",
	} {
		if got, ok := parseInstant(s); !ok || !got.Equal(want) {
			t.Errorf("%q: got %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "never", "-5", "NaN", "1e300", "Inf", "14.11.2023"} {
		if got, ok := parseInstant(s); ok {
			t.Errorf("%q: got %v", s, got)
		}
	}
}

func TestExpiryOf(t *testing.T) {
	for token, want := range map[string]int64{
		"e30.eyJleHAiOjE3MDAwMDA5MDB9.c2ln": 1700000900,
		"e30.eyJleHAiOiJzb29uIn0.c2ln":      0,
		"e30.e30.c2ln":                      0,
		"opaque":                            0,
		"":                                  0,
	} {
		got, ok := expiryOf(token)
		if ok != (want != 0) || ok && got.Unix() != want {
			t.Errorf("%q: got %v, %v", token, got, ok)
		}
	}
}
