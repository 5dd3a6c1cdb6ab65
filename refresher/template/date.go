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

// checkDate refuses directives that are not in the table.
func checkDate(arg string) (any, error) {
	for i := 0; i < len(arg); i++ {
		if arg[i] != '%' {
			continue
		}
		if i++; i == len(arg) || strings.IndexByte("YmdHMSLab%", arg[i]) < 0 {
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
		switch arg[i] {
		case 'Y':
			dst = t.AppendFormat(dst, "2006")
		case 'm':
			dst = t.AppendFormat(dst, "01")
		case 'd':
			dst = t.AppendFormat(dst, "02")
		case 'H':
			dst = t.AppendFormat(dst, "15")
		case 'M':
			dst = t.AppendFormat(dst, "04")
		case 'S':
			dst = t.AppendFormat(dst, "05")
		case 'L':
			dst = append(dst, byte('0'+ms3(t)/100), byte('0'+ms3(t)/10%10), byte('0'+ms3(t)%10))
		case 'a':
			dst = t.AppendFormat(dst, "Mon")
		case 'b':
			dst = t.AppendFormat(dst, "Jan")
		case '%':
			dst = append(dst, '%')
		}
	}
	return dst, nil
}

func ms3(t time.Time) int { return t.Nanosecond() / 1e6 }

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
