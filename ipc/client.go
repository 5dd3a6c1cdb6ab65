package ipc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// slack is how much longer than the agreed wait an answer may take. A refresh
// may have to wait for an issuer's time-out.
const slack = 45 * time.Second

// Client asks a daemon. The zero value finds its socket by itself. It keeps
// its connection from one call to the next, and is used by one goroutine at a
// time. An error is an *Error where the daemon answered with one, and an
// *UnreachableError where no daemon answers.
type Client struct {
	Socket string // "": AUTHD_SOCKET, else the user's if it answers, else the system's

	wire *wire
	text []byte // of the request
}

// Close ends the connection, if there is one.
func (c *Client) Close() {
	if c.wire != nil {
		_ = c.wire.t.Close()
		c.wire = nil
	}
}

// begin starts the text of a request. It makes room at once: each size of
// memory that a short program asks for costs it a fresh page.
func (c *Client) begin(method, path string) {
	if c.text == nil {
		c.text = make([]byte, 0, 1<<10)
	}
	c.text = append(c.text[:0], method...)
	c.text = append(c.text, ' ')
	c.text = append(c.text, path...)
	c.text = append(c.text, " HTTP/1.1\r\nHost: authd\r\n"...)
}

// send ends the request with a body, and reads the head of the reply. A kept
// connection that turns out to be closed is replaced by a new one.
func (c *Client) send(body []byte, patience time.Duration) (reply, error) {
	if body != nil {
		c.text = append(c.text, "Content-Length: "...)
		c.text = strconv.AppendInt(c.text, int64(len(body)), 10)
		c.text = append(c.text, "\r\n"...)
	}
	c.text = append(append(c.text, "\r\n"...), body...)
	kept := c.wire != nil
	h, err := c.try(patience)
	if err != nil && kept && (c.wire == nil || !c.wire.read) {
		c.Close()
		h, err = c.try(patience)
	}
	return h, err
}

func (c *Client) try(patience time.Duration) (reply, error) {
	if err := c.connect(patience); err != nil {
		return reply{}, err
	}
	if _, err := c.wire.t.Write(c.text); err != nil && c.wire.fill() != nil {
		return reply{}, c.broken(err) // nothing was answered: not even why it would not listen
	}
	return c.receive()
}

func (c *Client) connect(patience time.Duration) error {
	if c.wire == nil {
		w, err := dialAny(c.Socket)
		if err != nil {
			return err
		}
		c.wire = w
	}
	c.wire.t.patience(patience)
	c.wire.read = false
	return nil
}

// receive reads the head of a reply; an error of the daemon is an *Error.
func (c *Client) receive() (reply, error) {
	h, err := c.wire.head()
	if err != nil {
		return h, c.broken(err)
	}
	if h.status == 200 {
		return h, nil
	}
	body, err := c.rest(&h)
	if err != nil {
		return h, err
	}
	e := &Error{}
	if json.Unmarshal(body, e) != nil || e.Code == "" {
		return h, &Error{Code: Internal, Message: fmt.Sprintf("authd answered %d", h.status), Hint: "its log says why"}
	}
	if seconds, err := strconv.Atoi(string(h.retryAfter)); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return h, e
}

// rest reads the body of a reply; it stays good until the next call.
func (c *Client) rest(h *reply) ([]byte, error) {
	body, err := c.wire.body(h)
	if err != nil {
		return nil, c.broken(err)
	}
	if h.close {
		c.Close()
	}
	return body, nil
}

// broken ends a connection that is of no more use. A daemon that hangs up
// without an answer is as good as none.
func (c *Client) broken(err error) error {
	read, socket := c.wire.read, c.wire.socket
	c.Close()
	if errors.Is(err, io.EOF) && !read {
		return &UnreachableError{Socket: socket, Err: errors.New("it hung up without an answer")}
	}
	return fmt.Errorf("the talk with authd broke off: %w", err)
}

// Call makes a call and returns the body of the reply, which stays good until
// the next call. A nil body sends none. wait is what the call may take by
// agreement; authd's own time is added to it.
func (c *Client) Call(method, path string, body []byte, wait time.Duration) ([]byte, error) {
	c.begin(method, path)
	h, err := c.send(body, wait+slack)
	if err != nil {
		return nil, err
	}
	return c.rest(&h)
}

// Health asks how the daemon is; a daemon that is not well answers too.
func (c *Client) Health() (*Health, error) {
	c.Close() // a connection of its own: its reply is not read like the others
	if err := c.connect(slack); err != nil {
		return nil, err
	}
	c.begin("GET", "/v1/health")
	if _, err := c.wire.t.Write(append(c.text, "\r\n"...)); err != nil {
		return nil, c.broken(err)
	}
	h, err := c.wire.head()
	if err != nil {
		return nil, c.broken(err)
	}
	body, err := c.rest(&h)
	if err != nil {
		return nil, err
	}
	health := &Health{}
	if err := json.Unmarshal(body, health); err != nil {
		return nil, errors.Join(errReply, err)
	}
	return health, nil
}

// Path is the path of a call about one credential: Path("acme", "token") is
// /v1/credentials/acme/token, and with an empty call that of its status. A
// name that cannot be one is escaped, for the daemon to say so.
func Path(name, call string) string {
	path := "/v1/credentials/" + escape(name)
	if call != "" {
		path += "/" + call
	}
	return path
}

// escape percent-encodes whatever is not a letter, a digit or one of -._~.
func escape(s string) string {
	const digits = "0123456789ABCDEF"
	plain := func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
	}
	var b []byte
	for i := range len(s) {
		switch c := s[i]; {
		case !plain(c) && b == nil:
			b = append([]byte(s[:i]), '%', digits[c>>4], digits[c&15])
		case !plain(c):
			b = append(b, '%', digits[c>>4], digits[c&15])
		case b != nil:
			b = append(b, c)
		}
	}
	if b == nil {
		return s
	}
	return string(b)
}

// Token asks for a value. Its body stays good until the next call.
func (c *Client) Token(name string, q TokenQuery) (Token, error) {
	path := Path(name, "token")
	separator := "?"
	add := func(field, value string) {
		path += separator + field + "=" + escape(value)
		separator = "&"
	}
	if q.MinValid >= 0 {
		add("min_valid", q.MinValid.String())
	}
	if q.Wait >= 0 {
		add("wait", q.Wait.String())
	}
	if q.Format != "" {
		add("format", q.Format)
	}
	c.begin("GET", path)
	h, err := c.send(nil, patience(q.Wait))
	if err != nil {
		return Token{}, err
	}
	t := Token{Fingerprint: string(h.print)}
	t.Generation, _ = strconv.ParseUint(string(h.generation), 10, 64)
	if len(h.expires) > 0 {
		t.ExpiresAt, _ = time.Parse(time.RFC3339, string(h.expires))
	}
	t.Body, err = c.rest(&h)
	return t, err
}

// patience is how long an answer may take that the caller waits wait for.
func patience(wait time.Duration) time.Duration {
	if wait < 0 {
		wait = DefaultWait
	}
	return wait + slack
}

// Status asks for the status of one credential.
func (c *Client) Status(name string) (*Status, error) {
	return answer[Status](c, "GET", Path(name, ""), nil, 0)
}

// List asks for the status of all credentials that the caller may see.
func (c *Client) List() ([]Status, error) {
	all, err := answer[struct{ Credentials []Status }](c, "GET", "/v1/credentials", nil, 0)
	if err != nil {
		return nil, err
	}
	return all.Credentials, nil
}

// Explain asks what is held of a credential, and what will be done about it.
func (c *Client) Explain(name string) (*Explanation, error) {
	return answer[Explanation](c, "GET", Path(name, "explain"), nil, 0)
}

// Plan asks what will be done about all credentials, or a named one.
func (c *Client) Plan(name string, ahead time.Duration) ([]PlanStep, error) {
	path := "/v1/plan?for=" + ahead.String()
	if name != "" {
		path += "&name=" + escape(name)
	}
	plan, err := answer[struct{ Steps []PlanStep }](c, "GET", path, nil, 0)
	if err != nil {
		return nil, err
	}
	return plan.Steps, nil
}

// Refresh has an exchange made now, and waits for its end.
func (c *Client) Refresh(name string, wait time.Duration) (*Status, error) {
	path := Path(name, "refresh")
	if wait >= 0 {
		path += "?wait=" + wait.String()
	}
	return answer[Status](c, "POST", path, nil, wait)
}

// Reject reports a value that an API refused.
func (c *Client) Reject(name string, r Rejection) (*Status, error) {
	member, value := "url", any(r.URL)
	switch {
	case r.Fingerprint != "":
		member, value = "fingerprint", r.Fingerprint
	case r.Generation != 0:
		member, value = "generation", r.Generation
	case r.Value != "":
		member, value = "value", r.Value
	}
	body, err := json.Marshal(map[string]any{member: value})
	if err != nil {
		return nil, err
	}
	return answer[Status](c, "POST", Path(name, "reject"), body, 0)
}

// Revoke ends a credential, at its issuer too where that can be done.
func (c *Client) Revoke(name string) (*Status, error) {
	return answer[Status](c, "POST", Path(name, "revoke"), nil, 0)
}

// Reload has the configuration read again.
func (c *Client) Reload() (*Reload, error) {
	return answer[Reload](c, "POST", "/v1/reload", nil, 0)
}

// Version asks who answers.
func (c *Client) Version() (*Version, error) {
	return answer[Version](c, "GET", "/v1/version", nil, 0)
}

// answer makes a call and decodes its reply.
func answer[T any](c *Client, method, path string, body []byte, wait time.Duration) (*T, error) {
	text, err := c.Call(method, path, body, max(wait, 0))
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(text, v); err != nil {
		return nil, fmt.Errorf("%w: %w", errReply, err)
	}
	return v, nil
}

// Watch gives each line of the watch stream, of all credentials or a named
// one, to line, until that is false. The line is JSON and stays good until
// the next. A nil error means that line was false or the daemon ended.
func (c *Client) Watch(name string, line func([]byte) (bool, error)) error {
	path := "/v1/watch"
	if name != "" {
		path += "?name=" + escape(name)
	}
	return c.stream("GET", path, watchSilence, line)
}

// Login has a person's login made, and gives each step that they must see to
// say.
func (c *Client) Login(name string, say func(LoginStep)) (*Status, error) {
	var last LoginStep
	err := c.stream("POST", Path(name, "login"), 0, func(line []byte) (bool, error) {
		last = LoginStep{}
		if err := json.Unmarshal(line, &last); err != nil {
			return false, fmt.Errorf("%w: %w", errReply, err)
		}
		if last.Done || last.Error != nil {
			return false, nil
		}
		say(last)
		return true, nil
	})
	switch {
	case err != nil:
		return nil, err
	case last.Error != nil:
		return nil, last.Error
	case last.Status == nil:
		return nil, errReply
	}
	return last.Status, nil
}

// watchSilence is longer than the pause between two pings.
const watchSilence = 75 * time.Second

func (c *Client) stream(method, path string, patience time.Duration, line func([]byte) (bool, error)) error {
	c.begin(method, path)
	h, err := c.send(nil, patience)
	if err != nil {
		return err
	}
	defer c.Close()
	err = c.wire.lines(&h, line)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = &UnreachableError{Socket: c.wire.socket, Err: errors.New("it ended in the middle of its answer")}
	}
	return err
}
