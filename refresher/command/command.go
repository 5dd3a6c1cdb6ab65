// Package command is the source of a credential that a program prints: a raw
// value, or a JSON object with a value and what is known of its life. It is
// the way out for whatever recipes cannot express. How a program is run, and
// with what around it, is package child's business.
//
// # Decisions
//
//   - An answer is JSON if it begins with "{", else it is the value itself,
//     without one newline at its end. A program whose raw value begins so must
//     answer {"value": …}; that is rarer than a program that answers JSON.
//   - A program that fails is a transient failure: it may need a network too.
package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"authd/refresher/child"
	"authd/refresher/credential"
)

// maxAnswer bounds what a program may print.
const maxAnswer = 64 << 10

// Source runs a program. It is safe for concurrent use.
type Source struct {
	Args []string
	Home string
	TTL  time.Duration // how long a value is trusted that does not say; 0: until rejected
	Run  child.Runner  // nil: child.Run
}

// Issuer is the program: those that share one share its limits.
func (s *Source) Issuer() string { return "command:" + s.Args[0] }

// Spends is false: what a program spends is its own affair.
func (s *Source) Spends(credential.Attempt) bool { return false }

// Fetch runs the program once.
func (s *Source) Fetch(ctx context.Context, a credential.Attempt) (*credential.Credential, error) {
	began := a.Now()
	run := s.Run
	if run == nil {
		run = child.Run
	}
	out, err := run(ctx, child.Command{Args: s.Args, Home: s.Home, Max: maxAnswer})
	if err != nil {
		return nil, err
	}
	c := &credential.Credential{Times: credential.Times{Login: true, Requested: began, Used: began, Life: credential.Forever}}
	if s.TTL > 0 {
		c.Times.Life = s.TTL
	}
	if trimmed := bytes.TrimSpace(out); len(trimmed) > 0 && trimmed[0] == '{' {
		return c, readObject(c, trimmed, began.Wall)
	}
	value := strings.TrimSuffix(string(out), "\n")
	if value == "" {
		return nil, fmt.Errorf("the command %s printed nothing; it must print the value, or JSON with a member value", s.Args[0])
	}
	c.Value = credential.NewSecret(value)
	return c, nil
}

// answer is what a program may say of its value.
type answer struct {
	Value     string      `json:"value"`
	ExpiresAt string      `json:"expires_at"` // RFC 3339
	ExpiresIn json.Number `json:"expires_in"` // seconds
}

// published is the answer without what never leaves the daemon, whatever it is
// that a program hands on.
func published(out []byte) json.RawMessage {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(out, &members) // it has been read before
	delete(members, "refresh_token")
	delete(members, "id_token")
	left, _ := json.Marshal(members)
	return left
}

func readObject(c *credential.Credential, out []byte, began time.Time) error {
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		return errors.New("the command's answer is not the JSON it should be: {\"value\": \"…\", \"expires_in\": seconds} or with expires_at as RFC 3339")
	}
	if a.Value == "" {
		return errors.New(`the command's answer has no member "value"`)
	}
	c.Value = credential.NewSecret(a.Value)
	c.Answer = published(out)
	if a.ExpiresIn != "" {
		seconds, err := strconv.ParseFloat(a.ExpiresIn.String(), 64)
		if err != nil || seconds > 1e9 {
			return errors.New("the command's expires_in is not a number of seconds")
		}
		c.Times.Life = min(c.Times.Life, time.Duration(seconds*float64(time.Second)))
	}
	if a.ExpiresAt != "" {
		at, err := time.Parse(time.RFC3339, a.ExpiresAt)
		if err != nil {
			return errors.New("the command's expires_at is not an RFC 3339 time, such as 2026-01-02T15:04:05Z")
		}
		c.Times.Life = min(c.Times.Life, at.Sub(began))
	}
	return nil
}
