package demo

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"authd/ipc"
)

// caller calls one system's API with what the daemon serves. It has a
// connection to the daemon of its own.
type caller struct {
	daemon *ipc.Client
	client *http.Client
	home   home
	system *system
	tally  tally
}

// patience is how long a call waits for a credential.
const patience = time.Second

// gap is how long an issuer may be ahead of the daemon: it ends the one
// session there is, and only then answers.
const gap = 100 * time.Millisecond

// pass is a request that the API should accept.
type pass struct {
	request    *http.Request
	mark       string // tells one credential from the next
	generation uint64 // 0 where it came from a file
}

// permit is one way to a pass.
type permit func(ctx context.Context) (pass, error)

// run calls each way once a second until ctx ends.
func (c *caller) run(ctx context.Context) {
	defer c.daemon.Close()
	ways := c.ways()
	every(ctx, time.Second, func() bool {
		for _, way := range ways {
			c.call(ctx, way)
		}
		return true
	})
}

// ways are over the socket and, where there is one, from the file of headers.
func (c *caller) ways() []permit {
	ways := []permit{c.signed}
	for _, o := range c.system.outputs {
		if o.format == "header" {
			ways = append(ways, c.fromFile(o.file))
		}
	}
	return ways
}

// signed asks the daemon to authorise a request.
func (c *caller) signed(ctx context.Context) (pass, error) {
	question, err := json.Marshal(map[string]string{"method": "GET", "url": c.target(), "wait": patience.String()})
	if err != nil {
		return pass{}, err
	}
	answer, err := c.daemon.Call("POST", ipc.Path(c.system.name, "sign"), question, patience)
	if err != nil {
		return pass{}, err
	}
	var reply struct {
		URL        string
		Headers    map[string]string // no scheme of the demo sets one twice
		Generation uint64
	}
	if err := json.Unmarshal(answer, &reply); err != nil {
		return pass{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, reply.URL, nil)
	if err != nil {
		return pass{}, err
	}
	for name, value := range reply.Headers {
		r.Header.Set(name, value)
	}
	return pass{request: r, mark: strconv.FormatUint(reply.Generation, 10), generation: reply.Generation}, nil
}

// fromFile takes the headers from an output file.
func (c *caller) fromFile(name string) permit {
	return func(ctx context.Context) (pass, error) {
		text, err := os.ReadFile(c.home.token(name))
		if err != nil {
			return pass{}, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.target(), nil)
		if err != nil {
			return pass{}, err
		}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ": ")
			r.Header.Set(key, value)
		}
		return pass{request: r, mark: string(text)}, nil
	}
}

func (c *caller) target() string { return c.system.origin + c.system.path }

// call makes one call and counts how it went.
func (c *caller) call(ctx context.Context, way permit) {
	p, err := way(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		c.tally.add(counts{unserved: 1})
		return
	}
	resp, err := c.client.Do(p.request)
	if err != nil {
		return // the demo is ending; its issuers have no other reason
	}
	_ = resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		c.tally.add(counts{accepted: 1})
		return
	}
	c.refused(ctx, way, p)
}

// refused finds out whose fault a refusal was, and tells the daemon where it
// was the credential's.
func (c *caller) refused(ctx context.Context, way permit, p pass) {
	isOvertaken := false
	deadline := time.Now().Add(gap)
	every(ctx, gap/10, func() bool {
		again, err := way(ctx)
		isOvertaken = err != nil || again.mark != p.mark
		return !isOvertaken && time.Now().Before(deadline)
	})
	switch {
	case ctx.Err() != nil:
		return
	case isOvertaken:
		c.tally.add(counts{overtaken: 1})
		return
	}
	c.tally.add(counts{refused: 1})
	if p.generation != 0 {
		_, _ = c.daemon.Reject(c.system.name, c.rejection(p)) // the next call shows what came of it
	}
}

// rejection names what was refused. A signer holds no value that could be
// refused; told the address, the daemon looks at the issuer's clock.
func (c *caller) rejection(p pass) ipc.Rejection {
	if len(c.system.outputs) == 0 {
		return ipc.Rejection{URL: p.request.URL.String()}
	}
	return ipc.Rejection{Generation: p.generation}
}
