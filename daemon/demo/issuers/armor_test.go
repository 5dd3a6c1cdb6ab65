package issuers

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

var pair = KeyPair{ID: "20a37099-4a0b-432f-bf46-5fa690a0405c", Secret: "c2VjcmV0LWtleS1mb3ItdGVzdHM="}

// psk builds the header from a string to sign that the test spells out, so
// that it does not repeat the issuer's own code.
func psk(secret, toSign, nonce, stamp string) string {
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write([]byte(toSign))
	return "ARMOR-PSK " + pair.ID + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil)) + ":" + nonce + ":" + stamp
}

// emptyObject is base64(SHA-512("{}")), computed with openssl.
const emptyObject = "J8dGcK23UHX60FjVzq97IMTneGyDuuijL2Jvl4KvNMmjPCBG72D9Knh403jin+yFGAa72aZ4ePOp8c2kgwdj/Q=="

func TestArmorJudgesSignatures(t *testing.T) {
	now := strconv.FormatInt(time.Now().Unix(), 10)
	ago := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(-d).Unix(), 10) }
	long := strings.Repeat("n", 128)
	tests := []struct {
		name, method, path, body string
		auth                     string
		status                   int
		why                      Reason
	}{
		{"POST with a body", "POST", "/example", "{}", psk(pair.Secret, pair.ID+"POST/examplen1"+now+emptyObject, "n1", now), 200, Granted},
		{"GET without a body", "GET", "/core/avam", "", psk(pair.Secret, pair.ID+"GET/core/avamn1"+now, "n1", now), 200, Granted},
		{"the query is not signed", "GET", "/a?b=c", "", psk(pair.Secret, pair.ID+"GET/an1"+now, "n1", now), 200, Granted},
		{"percent-encoding as given", "GET", "/a%2fb%20c", "", psk(pair.Secret, pair.ID+"GET/a%2fb%20cn1"+now, "n1", now), 200, Granted},
		{"a nonce of 128", "GET", "/a", "", psk(pair.Secret, pair.ID+"GET/a"+long+now, long, now), 200, Granted},
		{"four minutes old", "GET", "/a", "", psk(pair.Secret, pair.ID+"GET/an1"+ago(4*time.Minute), "n1", ago(4*time.Minute)), 200, Granted},

		{"no header", "GET", "/a", "", "", 401, NoCredential},
		{"another scheme", "GET", "/a", "", "Bearer x", 401, WrongScheme},
		{"a trailing piece", "GET", "/a", "", psk(pair.Secret, pair.ID+"GET/an1"+now, "n1", now) + ":", 401, Malformed},
		{"a colon in the nonce", "GET", "/a", "", psk(pair.Secret, pair.ID+"GET/an:1"+now, "n:1", now), 401, Malformed},
		{"a timestamp that is no number", "GET", "/a", "", psk(pair.Secret, pair.ID+"GET/an1now", "n1", "now"), 401, Malformed},
		{"no nonce", "GET", "/a", "", psk(pair.Secret, pair.ID+"GET/a"+now, "", now), 401, BadNonce},
		{"a nonce of 129", "GET", "/a", "", psk(pair.Secret, pair.ID+"GET/a"+long+"n"+now, long+"n", now), 401, BadNonce},
		{"six minutes old", "GET", "/a", "", psk(pair.Secret, pair.ID+"GET/an1"+ago(6*time.Minute), "n1", ago(6*time.Minute)), 401, WrongClock},
		{"six minutes ahead", "GET", "/a", "", psk(pair.Secret, pair.ID+"GET/an1"+ago(-6*time.Minute), "n1", ago(-6*time.Minute)), 401, WrongClock},
		{"another method", "DELETE", "/a", "", psk(pair.Secret, pair.ID+"GET/an1"+now, "n1", now), 401, BadSignature},
		{"another path", "GET", "/b", "", psk(pair.Secret, pair.ID+"GET/an1"+now, "n1", now), 401, BadSignature},
		{"a body that is not signed", "POST", "/a", "{}", psk(pair.Secret, pair.ID+"POST/an1"+now, "n1", now), 401, BadSignature},
		{"the hash of no body", "GET", "/a", "", psk(pair.Secret, pair.ID+"GET/an1"+now+digestOfNothing(), "n1", now), 401, BadSignature},
		{"the secret decoded", "GET", "/a", "", psk("secret-key-for-tests", pair.ID+"GET/an1"+now, "n1", now), 401, BadSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url := start(t, NewArmor(pair, "", Options{}).Handler())
			r := request(t, tt.method, url+tt.path, "", tt.body)
			if tt.auth != "" {
				r.Header.Set("Authorization", tt.auth)
			}
			want(t, send(t, r), tt.status, tt.why)
		})
	}
}

func digestOfNothing() string {
	sum := sha512.Sum512(nil)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestArmorNoncesAreUsedOnce(t *testing.T) {
	a := NewArmor(pair, "1024", Options{Offset: -time.Hour})
	url := start(t, a.Handler()) + "/a"
	now := strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10)
	auth := psk(pair.Secret, pair.ID+"GET/an1"+now, "n1", now)
	call := func(account string) reply {
		return send(t, request(t, http.MethodGet, url, "", "", "Authorization", auth, "X-Account-Context", account))
	}
	want(t, call("1024"), 200, Granted)
	want(t, call("1024"), 401, ReusedNonce)
	auth = psk(pair.Secret, pair.ID+"GET/an2"+now, "n2", now)
	want(t, call("7"), 400, NoAccount)
	a.SetSecret("invented-new-secret")
	auth = psk(pair.Secret, pair.ID+"GET/an3"+now, "n3", now)
	want(t, call("1024"), 401, BadSignature)
	if s := a.Stats(); s.Accepted != 1 || s.Refused[ReusedNonce] != 1 || s.Refused[NoAccount] != 1 {
		t.Errorf("counted %+v", s)
	}
}
