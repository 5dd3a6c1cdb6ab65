package record

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// vectorNow is when the vectors happen, in unix seconds.
const vectorNow = 1700000000

// life is what the draft says of the credential's life.
type life struct {
	keys  []item // of [lifetime]
	lives int64  // seconds in the vector; 0: unknown
}

func (l *life) add(key, template string, seconds int64) {
	l.keys = append(l.keys, item{key, piece{recipe: template}})
	if seconds > 0 && (l.lives == 0 || seconds < l.lives) {
		l.lives = seconds
	}
}

// findLife reads the life off the last step's answer, as [lifetime] does.
func (b *builder) findLife(u use, last *step) (l life) {
	if u.token.call == last.call {
		b.lifeInJSON(&l, last)
	}
	name := valueOf(u)
	if exp, ok := jwtLife(u.token.value, u.token.call); ok {
		l.add("jwt", name, exp)
	}
	if len(u.cookies) > 0 && u.token.call == last.call {
		s := last.sets(u.token.name)
		if d := s.life(last.at); d > 0 {
			l.add("cookie", s.name, int64(d.Seconds()))
		}
	}
	return l
}

// valueOf is the template of what is handed out.
func valueOf(u use) string {
	for _, list := range [][]item{u.headers, u.query, u.cookies} {
		for _, i := range list {
			if at := strings.Index(i.recipe, "${cred."); at >= 0 {
				return i.recipe[at:]
			}
		}
	}
	return ""
}

// lifeInJSON looks for members such as expires_in and expires_at.
func (b *builder) lifeInJSON(l *life, s *step) {
	for _, f := range s.answer.json.leaves() {
		if !has(f.name, lifeWords) || has(f.name, refreshWords) || !isPointer(f.pointer) || has(f.pointer, refreshWords) {
			continue
		}
		expr := "${answer.body|json:" + f.pointer + "}"
		n, isNumber := number(f.text)
		moment, err := time.Parse(time.RFC3339, f.text)
		switch {
		case isNumber && n > 0 && n < 1e8:
			s.values[f.pointer] = f.text
			l.add("in", expr, n)
			b.note("%s is taken for seconds", f.pointer)
			return
		case isNumber && n >= 1e9 && n < 1e10:
			if left := since(time.Unix(n, 0), s.at); left > 0 {
				s.values[f.pointer] = strconv.FormatInt(vectorNow+left, 10)
				l.add("at", expr, left)
				return
			}
		case err == nil && f.kind == str:
			if left := since(moment, s.at); left > 0 {
				s.values[f.pointer] = quoteJSON(time.Unix(vectorNow+left, 0).UTC().Format(time.RFC3339))
				l.add("at", expr, left)
				return
			}
		}
	}
}

func since(end, start time.Time) int64 {
	if start.IsZero() {
		return 0
	}
	return int64(math.Round(end.Sub(start).Seconds()))
}

// claims are those of a JWT that matter.
type claims struct{ Exp, Iat float64 }

// readJWT reads a token's claims without verifying them.
func readJWT(token string) (c claims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, false
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	return c, err == nil && json.Unmarshal(data, &c) == nil
}

func isJWT(token string) bool {
	_, ok := readJWT(token)
	return ok
}

// jwtLife is how long a token lives, by its own word.
func jwtLife(token string, c *call) (seconds int64, ok bool) {
	claims, ok := readJWT(token)
	if !ok || claims.Exp < 1e9 || claims.Exp > 1e10 {
		return 0, false
	}
	seconds = since(time.Unix(int64(claims.Exp), 0), c.at)
	if claims.Iat > 0 {
		seconds = int64(claims.Exp - claims.Iat)
	}
	return seconds, seconds > 0
}

// inventJWT is a token that lives as long as the recorded one, from the
// vectors' time on, and says nothing else.
func inventJWT(token string, c *call) string {
	text := "{}"
	if seconds, ok := jwtLife(token, c); ok {
		text = fmt.Sprintf(`{"exp":%d}`, vectorNow+seconds)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(text)) + ".aW52ZW50ZWQ"
}
