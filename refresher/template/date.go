package template

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// directives are what may stand behind a % in a date's format, as package time
// writes it.
var directives = map[byte]string{
	'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'L': ".000", 'a': "Mon", 'b': "Jan", '%': "%",
}

// checkDate refuses directives that are not in the table.
func checkDate(arg string) (any, error) {
	for i := 0; i < len(arg); i++ {
		if arg[i] != '%' {
			continue
		}
		if i++; i == len(arg) || directives[arg[i]] == "" {
			return nil, errors.New("the format has a % that is none of %Y %m %d %H %M %S %L %a %b %%")
		}
	}
	return checkSome(arg)
}

// applyDate writes an instant, given in milliseconds, in UTC.
func applyDate(dst, in, arg []byte, _ *call) ([]byte, error) {
	ms, err := strconv.ParseInt(string(in), 10, 64)
	if err != nil {
		return dst, errors.New("the time is not a number")
	}
	t := time.UnixMilli(ms).UTC()
	for i := 0; i < len(arg); i++ {
		if arg[i] != '%' {
			dst = append(dst, arg[i])
			continue
		}
		i++
		text := t.Format(directives[arg[i]])
		if arg[i] == 'L' {
			text = text[1:] // package time knows milliseconds only behind a point
		}
		dst = append(dst, text...)
	}
	return dst, nil
}

// applyTOTP is RFC 6238 with its usual choices: SHA-1, 30 seconds, six digits.
// arg is now in seconds.
func applyTOTP(dst, in, arg []byte, _ *call) ([]byte, error) {
	now, err := strconv.ParseInt(string(arg), 10, 64)
	if err != nil {
		return dst, errors.New("the time is not a number")
	}
	secret := strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "=", "").Replace(string(in)))
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return dst, errors.New("the secret is not base32")
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(now/30)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	code := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Appendf(dst, "%06d", code%1_000_000), nil
}
