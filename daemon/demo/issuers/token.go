package issuers

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// parser verifies HS256 and nothing else; what the claims mean is each
// issuer's business, by its own clock.
var parser = jwt.NewParser(
	jwt.WithValidMethods([]string{"HS256"}),
	jwt.WithoutClaimsValidation(),
	jwt.WithJSONNumber(),
	jwt.WithStrictDecoding(),
)

// verify reads the claims of a token signed with key. A token that is no JWT
// at all is Malformed, any other flaw BadSignature.
func verify(token, key string) (jwt.MapClaims, Reason) {
	claims := jwt.MapClaims{}
	if strings.Count(token, ".") != 2 {
		return nil, Malformed
	}
	_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return []byte(key), nil })
	if err != nil {
		return nil, BadSignature
	}
	return claims, Granted
}

// mint signs claims as a token of the issuer's own.
func mint(key string, claims jwt.MapClaims) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key))
	if err != nil {
		panic("issuers: " + err.Error()) // a []byte key and plain claims cannot fail
	}
	return token
}

// expiresAt is a token's end as the vendors' libraries write it: whole
// seconds, rounded down.
func expiresAt(now time.Time, life time.Duration) int64 { return now.Add(life).Unix() }

// isExpired reports whether the token's exp has come. A token without one
// counts as expired, since no issuer here makes such tokens.
func isExpired(claims jwt.MapClaims, now time.Time) bool {
	exp, ok := whole(claims["exp"])
	return !ok || !now.Before(time.Unix(exp, 0))
}

// whole reads a claim that must be a whole number.
func whole(claim any) (int64, bool) {
	n, ok := claim.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

// text reads a claim that must be a text that is not empty.
func text(claim any) (string, bool) {
	s, ok := claim.(string)
	return s, ok && s != ""
}

// bearer takes the token from the one Authorization header. The scheme's case
// matters, as it does to flask-jwt-extended.
func bearer(r *http.Request) (string, Reason) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", NoCredential
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	switch {
	case len(headers) > 1 || scheme != "Bearer":
		return "", WrongScheme
	case token == "" || strings.ContainsAny(token, " ,"):
		return "", Malformed
	}
	return token, Granted
}

// newToken is an opaque token or key nobody can guess.
func newToken() string { return rand.Text() }

// isForm and isJSON report the type of a request's body.
func isForm(r *http.Request) bool { return hasType(r, "application/x-www-form-urlencoded") }
func isJSON(r *http.Request) bool { return hasType(r, "application/json") }

func hasType(r *http.Request, want string) bool {
	got, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(got), want)
}

// service is what every path of the API answers.
func service(r *http.Request) answer {
	return granted(map[string]string{"path": r.URL.Path, "answer": "hello"})
}
