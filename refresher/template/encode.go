package template

import (
	"encoding/base64"
	"encoding/hex"
)

// AppendPercent appends in with everything but RFC 3986's unreserved bytes
// percent-encoded.
func AppendPercent(dst, in []byte) []byte { return appendEscaped(dst, in, 0, false) }

// appendForm appends in encoded for application/x-www-form-urlencoded: like
// AppendPercent, with a space as +.
func appendForm(dst, in []byte) []byte { return appendEscaped(dst, in, 0, true) }

// appendPath is AppendPercent that keeps slashes.
func appendPath(dst, in []byte) []byte { return appendEscaped(dst, in, '/', false) }

// appendEscaped keeps unreserved bytes and keep; plus writes a space as +.
func appendEscaped(dst, in []byte, keep byte, plus bool) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range in {
		switch {
		case unreserved(c) || keep != 0 && c == keep:
			dst = append(dst, c)
		case plus && c == ' ':
			dst = append(dst, '+')
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// unreserved is RFC 3986, 2.3.
func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// appendDecoded undoes form encoding. A % without two hex digits behind it
// stands for itself.
func appendDecoded(dst, in []byte) []byte {
	for i := 0; i < len(in); i++ {
		c := in[i]
		if c == '+' {
			c = ' '
		} else if c == '%' && i+2 < len(in) {
			if hi, lo := unhexDigit(in[i+1]), unhexDigit(in[i+2]); hi >= 0 && lo >= 0 {
				c = byte(hi<<4 | lo)
				i += 2
			}
		}
		dst = append(dst, c)
	}
	return dst
}

func unhexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

func applyHex(dst, in, _ []byte, _ *call) ([]byte, error) { return hex.AppendEncode(dst, in), nil }

func applyUnhex(dst, in, _ []byte, _ *call) ([]byte, error) {
	out, err := hex.AppendDecode(dst, in)
	if err != nil {
		return dst, ErrUnreadable
	}
	return out, nil
}

func applyBase64(dst, in, _ []byte, _ *call) ([]byte, error) {
	return base64.StdEncoding.AppendEncode(dst, in), nil
}

func applyBase64URL(dst, in, _ []byte, _ *call) ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(dst, in), nil
}

// applyUnbase64 takes either alphabet, padded or not, and ignores white space.
func applyUnbase64(dst, in, _ []byte, _ *call) ([]byte, error) {
	start := len(dst)
	for _, c := range in {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '-':
			c = '+'
		case '_':
			c = '/'
		}
		dst = append(dst, c)
	}
	end := len(dst)
	for end > start && dst[end-1] == '=' {
		end--
	}
	n, err := base64.RawStdEncoding.Decode(dst[start:], dst[start:end])
	if err != nil {
		return dst[:start], ErrUnreadable
	}
	return dst[:start+n], nil
}

func applyPercent(dst, in, _ []byte, _ *call) ([]byte, error) { return AppendPercent(dst, in), nil }
func applyPath(dst, in, _ []byte, _ *call) ([]byte, error)    { return appendPath(dst, in), nil }
func applyForm(dst, in, _ []byte, _ *call) ([]byte, error)    { return appendForm(dst, in), nil }
