//go:build linux

package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// cutter is an issuer whose second answer is cut off after some bytes, by a
// connection that ends. It commits first.
type cutter struct {
	*lineage
	after  int
	framed string // how the answer's length is told
	mu     sync.Mutex
	uses   int
}

// framings are the three ways of HTTP/1.1 to tell where an answer ends
// (RFC 9112, 6.3). Only in the last one a cut looks like an end.
var framings = []string{"its length", "chunks", "the connection's end"}

func (c *cutter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	t := turn{asked: time.Now(), spent: r.PostForm.Get("refresh_token")}
	c.lineage.mu.Lock()
	status, answer := c.decide(r.PostForm, r.Header)
	t.decided = time.Now()
	c.note(t, status, answer)
	c.lineage.mu.Unlock()
	c.mu.Lock()
	c.uses++
	cut := c.uses == 2
	c.mu.Unlock()
	text := c.response(status, answer)
	if cut {
		text = text[:min(c.after, len(text))]
	}
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = conn.Write([]byte(text))
	_ = conn.Close()
}

// response is the answer as it goes over the wire.
func (c *cutter) response(status int, answer map[string]any) string {
	body, _ := json.Marshal(answer)
	head := fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Type: application/json\r\nConnection: close\r\n", status)
	switch c.framed {
	case framings[0]:
		return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	case framings[1]:
		half := len(body) / 2
		return head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", half, body[:half], len(body)-half, body[half:])
	default:
		return head + "\r\n" + string(body)
	}
}

// TestAnAnswerCutOffAfterEachByte: the refresh token is spent, and what came
// instead has not come. With a grace the next try brings it, at once and
// exactly once; with a strict issuer what is held is served to its margin.
func TestAnAnswerCutOffAfterEachByte(t *testing.T) {
	t.Parallel()
	step := 23
	if os.Getenv("AUTHD_TORTURE") != "" {
		step = 1
	}
	for _, framed := range framings {
		for _, strict := range []bool{false, true} {
			name := "the end is told by " + framed + ", with a grace"
			if strict {
				name = "the end is told by " + framed + ", strict"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				cutOff(t, framed, strict, step)
			})
		}
	}
}

// cutLife is that of an access token in these tests: renewed before 4.5 s.
const cutLife = 6 * time.Second

func cutOff(t *testing.T, framed string, strict bool, step int) {
	h := newHostInMemory(t)
	h.write("recipes/strict-issuer.toml", strictRecipe)
	var config strings.Builder
	var all []*cutter
	grace, recipe := time.Hour, "oauth2"
	if strict {
		grace, recipe = 0, "strict-issuer"
	}
	for n := 0; ; n += step {
		name := fmt.Sprintf("cut-%d", n)
		r := &rotation{name: name, life: cutLife, grace: grace}
		c := &cutter{lineage: newLineage(r.decide), after: n, framed: framed}
		_, sample := r.answer()
		if n >= len(c.response(http.StatusOK, sample)) {
			break
		}
		all = append(all, c)
		h.secret("first-"+name, r.family())
		// An origin for each: one issuer that cuts off all its answers is asked ever more rarely.
		config.WriteString(wardConfig(name, recipe, "refresh_token", serve(t, c)+"/token", "", "c"))
	}
	h.configure(config.String())
	h.start()
	h.until(30*time.Second, "all have met the cut", func() bool {
		for _, c := range all {
			if len(c.since(0)) < 2 {
				return false
			}
		}
		return true
	})
	for i, c := range all {
		n := i * step
		name := fmt.Sprintf("cut-%d", n)
		h.until(patience, name+" is tried once more", func() bool { return len(c.since(0)) > 2 })
		cut, again := c.since(0)[1], c.since(0)[2]
		margin := again.asked
		if held := h.state(name); strict && held.Generation == 1 { // it is held to its end, and a little longer
			margin = held.ExpiresAt.Add(-110 * time.Millisecond)
		}
		switch {
		case again.spent != cut.spent:
			t.Errorf("%s: %d bytes were taken for the whole answer", name, n)
		case again.asked.Before(margin):
			t.Errorf("%s: tried again %v before the margin of what was held", name, margin.Sub(again.asked))
		case !inDoubt(h.journal.String(), name):
			t.Errorf("%s: it was not said to be in doubt", name)
		}
	}
	if strict {
		return
	}
	for i, c := range all {
		name := fmt.Sprintf("cut-%d", i*step)
		h.until(patience, name+" is fresh", func() bool { return h.state(name).State == "fresh" })
		if all := c.since(0); len(all) > 3 && all[3].spent == all[2].spent {
			t.Errorf("%s: the token was tried a third time", name)
		}
	}
}

// inDoubt finds the log's line of the exchange whose answer was cut off.
func inDoubt(log, name string) bool {
	for line := range strings.Lines(log) {
		if strings.Contains(line, "credential="+name+" ") && strings.Contains(line, "class=in-doubt") {
			return true
		}
	}
	return false
}
