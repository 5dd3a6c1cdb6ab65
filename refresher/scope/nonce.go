package scope

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Nonce is a kind of nonce: uuid, hex:N, alnum:N, digits:N, or count-s,
// count-ms, count-us, count-ns.
type Nonce struct {
	kind string
	n    int           // bytes of hex, characters of alnum and digits
	unit time.Duration // of a count
}

var units = map[string]time.Duration{
	"count-s": time.Second, "count-ms": time.Millisecond, "count-us": time.Microsecond, "count-ns": time.Nanosecond,
}

// ParseNonce reads a kind as recipes write it; N is 1 to 256.
func ParseNonce(s string) (Nonce, error) {
	kind, length, sized := strings.Cut(s, ":")
	if unit := units[s]; unit > 0 || s == "uuid" {
		return Nonce{kind: kind, unit: unit}, nil
	}
	n, err := strconv.Atoi(length)
	switch {
	case kind != "hex" && kind != "alnum" && kind != "digits":
		return Nonce{}, fmt.Errorf("%q is not a kind of nonce; write uuid, hex:16, alnum:32, digits:10 or count-s, count-ms, count-us, count-ns", s)
	case !sized || err != nil || n < 1 || n > 256:
		return Nonce{}, fmt.Errorf("%s needs a length of 1 to 256; write %s:16", kind, kind)
	}
	return Nonce{kind: kind, n: n}, nil
}

// Counts reports whether this kind only grows, so that the last one must be
// kept durably before the next is used.
func (k Nonce) Counts() bool { return k.unit > 0 }

// Count is the nonce after last: the clock's count of units since 1970, or
// last + 1 if that is more.
func (k Nonce) Count(last int64, now time.Time) int64 {
	count := now.UnixNano() / int64(k.unit)
	return max(count, last+1)
}

// Draw makes a random nonce. A kind that counts cannot be drawn.
func (k Nonce) Draw() (string, error) {
	switch k.kind {
	case "uuid":
		return uuid(), nil
	case "hex":
		b := make([]byte, k.n)
		_, _ = rand.Read(b) // never fails
		return hex.EncodeToString(b), nil
	case "alnum":
		return pick("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k.n), nil
	case "digits":
		return pick("0123456789", k.n), nil
	}
	return "", errors.New("this nonce counts; it cannot be drawn")
}

// uuid is version 4 of RFC 9562.
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.AppendEncode(make([]byte, 0, 36), b[:4])
	for _, part := range [][]byte{b[4:6], b[6:8], b[8:10], b[10:]} {
		s = hex.AppendEncode(append(s, '-'), part)
	}
	return string(s)
}

// pick draws n letters, each as likely as the next: bytes beyond the last
// whole multiple of the alphabet are thrown away.
func pick(alphabet string, n int) string {
	limit := 256 - 256%len(alphabet)
	out := make([]byte, 0, n)
	var b [64]byte
	for {
		_, _ = rand.Read(b[:])
		for _, c := range b {
			if int(c) >= limit {
				continue
			}
			if out = append(out, alphabet[int(c)%len(alphabet)]); len(out) == n {
				return string(out)
			}
		}
	}
}
