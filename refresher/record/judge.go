package record

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The words that names are judged by. A name is split at what is no letter and
// where a small letter meets a capital, and put in lower case: userPassword is
// user and password.
var (
	passwordWords = words("password passwd passwort pwd pass passphrase passcode kennwort pw")
	secretWords   = words("secret pin otp totp mfa code token key apikey signature assertion captcha answer credential credentials")
	usernameWords = words("username user login email mail account identifier uid uname userid name id")
	csrfWords     = words("csrf xsrf csrfmiddlewaretoken csrftoken authenticity requestverificationtoken nonce viewstate")
	sessionWords  = words("session sessionid sess sid sessid phpsessid jsessionid auth token jwt access connect login remember identity")
	tokenWords    = words("token accesstoken jwt session sessionid sid auth ticket bearer key")
	refreshWords  = words("refresh refreshtoken")
	lifeWords     = words("expires expiresin expiration ttl lifetime maxage validity valid")

	// fixedWords are in names of members that say how a login is done, and not
	// who logs in.
	fixedWords = words("grant scope next redirect return continue remember rememberme persistent submit commit action op method form utf locale lang language response mode button persist keep stay destination realm provider")
	// commonWords are user names and passwords that tell nothing, and that stand
	// in paths and values of their own.
	commonWords = words("admin administrator root user username guest test demo login password pass secret api account accounts default manager")

	// otherWords are in names of forms that ask for a password and are no login.
	otherWords = words("new confirm confirmation repeat register registration signup change reset")
)

func words(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

var hump = regexp.MustCompile(`([a-z0-9])([A-Z])`)

func split(name string) []string {
	return strings.FieldsFunc(strings.ToLower(hump.ReplaceAllString(name, "$1 $2")), func(r rune) bool { return r < 'a' || r > 'z' })
}

// has reports whether one of a name's words is in a set, or the words of all
// of it together are.
func has(name string, set map[string]bool) bool {
	parts := split(name)
	for _, w := range parts {
		if set[w] {
			return true
		}
	}
	return set[strings.Join(parts, "")]
}

// isPassword looks inside of words too: j_password, userpassword, loginpwd.
func isPassword(name string) bool {
	all := strings.Join(split(name), "")
	return has(name, passwordWords) || strings.Contains(all, "password") || strings.Contains(all, "passwd") || strings.HasSuffix(all, "pwd")
}

func isCSRF(name string) bool {
	all := strings.Join(split(name), "")
	return has(name, csrfWords) || strings.Contains(all, "csrf") || strings.Contains(all, "xsrf")
}

func isSecretName(name string) bool {
	return isPassword(name) || isCSRF(name) || has(name, secretWords) || has(name, refreshWords)
}

func isSession(name string) bool {
	all := strings.Join(split(name), "")
	return has(name, sessionWords) || strings.Contains(all, "sess") || strings.HasSuffix(all, "sid") || strings.Contains(all, "token")
}

// isTrivial reports whether a value is too small to tell anything: true, on,
// a page number.
func isTrivial(v string) bool {
	switch strings.ToLower(v) {
	case "", "true", "false", "on", "off", "yes", "no", "null", "none":
		return true
	}
	n, ok := number(v)
	return ok && n < 100
}

var (
	plainText = regexp.MustCompile(`^[A-Za-z0-9 _.,:;!/+*()✓-]+$`)
	plainWord = regexp.MustCompile(`^(?:[A-Z]*[a-z]{2,}(?:[A-Z][a-z]+){0,3}|[A-Z]{2,}|[A-Za-z])?[0-9]{0,3}$`)
	separator = regexp.MustCompile(`[^A-Za-z0-9]+`)
	unnatural = regexp.MustCompile(`(?i)[bcdfghjklmnpqrstvwxz]{6}`)
)

// isPlain reports whether a text is made of words, as no secret that a machine
// made is. It says nothing of what a person thought up.
func isPlain(v string) bool {
	if len(v) > 80 || !plainText.MatchString(v) {
		return false
	}
	parts := separator.Split(v, -1)
	if len(parts) > 12 {
		return false
	}
	for _, w := range parts {
		if len(w) > 20 || !plainWord.MatchString(w) || unnatural.MatchString(w) {
			return false
		}
	}
	return true
}

// isName reports whether the name of a field, a header, a cookie or a member
// may stand in a draft: one that a machine made anew each time may not.
func isName(name string) bool {
	return name != "" && len(name) <= 80 && utf8.ValidString(name) && !isRandom(name) &&
		!strings.ContainsAny(name, "`\x7f") && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) && !strings.HasSuffix(name, "?")
}

var run = regexp.MustCompile(`[A-Za-z0-9]{16,}|[0-9]{7,}`)

// isRandom looks for a stretch of letters and digits, mixed as only machines
// mix them, or of digits alone.
func isRandom(s string) bool {
	for _, r := range run.FindAllString(s, -1) {
		if strings.ContainsAny(r, "0123456789") && !plainWord.MatchString(r) || len(r) > 40 || unnatural.MatchString(r) {
			return true
		}
	}
	return strings.Count(s, "-") >= 4 && strings.ContainsAny(s, "0123456789") && len(s) >= 32 // a UUID
}

// number reads up to twelve digits.
func number(s string) (int64, bool) {
	if s == "" || len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
