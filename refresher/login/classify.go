package login

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"authd/refresher/credential"
)

// kind is the list a step stands in; the defaults differ by it.
type kind uint8

const (
	inLogin kind = iota
	inRefresh
	inLogout
	inProbe
)

var kindNames = [...]string{"login", "refresh", "logout", "probe"}

func (k kind) String() string { return kindNames[k] }

// classOf says what an answer that no rule fits means (recipe language,
// section 5).
//
//	408, 425, 429, 5xx, below 400   transient
//	other 4xx in refresh            relogin
//	other 4xx in login: 401, 403    refused
//	                    the rest    misconfigured
func classOf(status int, k kind) credential.Class {
	switch {
	case status < 400 || status >= 500, status == 408, status == 425, status == 429:
		return credential.Transient
	case k == inRefresh:
		return credential.Relogin
	case status == 401 || status == 403:
		return credential.Refused
	default:
		return credential.Misconfigured
	}
}

// mayBeClock reports whether a refusal with this status can come from a wrong
// clock.
func mayBeClock(status int) bool { return status == 400 || status == 401 || status == 403 }

// maxRetryAfter bounds what an issuer can ask for, so that a hostile number
// cannot overflow; the refresher caps it further.
const maxRetryAfter = 30 * 24 * time.Hour

// retryAfter reads Retry-After (RFC 9110, 10.2.3): seconds, or a date by the
// issuer's clock. 0: absent or unreadable.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, ok := parseSeconds(value); ok {
		return min(seconds, maxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// parseSeconds reads a number that is not negative, perhaps with a fraction.
func parseSeconds(s string) (time.Duration, bool) { return parseNumber(s, time.Second) }

func parseNumber(s string, unit time.Duration) (time.Duration, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || f != f || f < 0 || strings.ContainsAny(s, "xXpP_") {
		return 0, false
	}
	if f *= float64(unit); f >= float64(maxLife) {
		return maxLife, true
	}
	return time.Duration(f), true
}

var oauthCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

// errorCode is the OAuth error code of an answer (RFC 6749, 5.2), or "" where
// there is none that is safe to show.
func errorCode(body []byte) string {
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return ""
	}
	var answer struct {
		Error any `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	code, _ := answer.Error.(string)
	if !oauthCode.MatchString(code) {
		return ""
	}
	return code
}
