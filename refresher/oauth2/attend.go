package oauth2

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"authd/refresher/credential"
)

// Attend logs in with a person's help.
func (s attended) Attend(ctx context.Context, a credential.Attempt, show func(credential.Prompt)) (*credential.Credential, error) {
	steps, err := s.ready(ctx, a)
	if err != nil {
		return nil, err
	}
	if s.Browser {
		return s.browser(ctx, steps, a, show)
	}
	return s.device(ctx, steps, a, show)
}

// The pauses between polls and the life of a device code where the issuer does
// not say (RFC 8628, 3.2 and 3.5).
const (
	usualInterval = 5 * time.Second
	maxInterval   = time.Minute
	usualCodeLife = 10 * time.Minute
	maxCodeLife   = 30 * time.Minute
)

// device has a person type a code into a page, and polls until it is done.
func (s attended) device(ctx context.Context, steps Steps, a credential.Attempt, show func(credential.Prompt)) (*credential.Credential, error) {
	got, err := steps.Begin(ctx, a, nil)
	if err != nil {
		return nil, err
	}
	page, code := text(got, "verification_uri"), text(got, "user_code")
	if !isPage(page) || code == "" || !isPrintable(code) {
		return nil, credential.Errorf(credential.Transient, "the answer of ${device_url} has no page or no code that can be shown")
	}
	whole := text(got, "verification_uri_complete")
	if !isPage(whole) {
		whole = ""
	}
	show(credential.Prompt{Say: "open this page on any device and type the code:", URL: page, Code: code, Scan: whole == ""})
	if whole != "" {
		show(credential.Prompt{Say: "or open this one, which has the code in it:", URL: whole, Scan: true})
	}
	life := seconds(text(got, "expires_in"), usualCodeLife, maxCodeLife)
	interval := seconds(text(got, "interval"), usualInterval, maxInterval)
	ctx, cancel := context.WithTimeout(ctx, life)
	defer cancel()
	for {
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return nil, over(ctx, "nobody typed the code within "+life.String())
		}
		c, err := steps.Finish(context.WithoutCancel(ctx), a, got)
		if err == nil {
			return c, nil
		}
		if interval, err = s.after(err, interval); err != nil {
			return nil, err
		}
	}
}

// isPage reports whether an issuer's text is an address that may be shown to a
// person: what it says goes to their terminal, which would obey some of it.
func isPage(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && isPrintable(address)
}

func isPrintable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// after is when to poll again, or why not.
func (s attended) after(err error, interval time.Duration) (time.Duration, error) {
	e := credential.AsError(err)
	switch {
	case e.Code == "authorization_pending":
		return interval, nil
	case e.Code == "slow_down":
		return min(interval+5*time.Second, maxInterval), nil
	case e.Class == credential.Transient || e.Class == credential.SlowDown: // as RFC 8628, 3.5 asks after a time-out
		return min(max(2*interval, e.RetryAfter), maxInterval), nil
	}
	return 0, err
}

// over says why a wait for a person ended.
func over(ctx context.Context, why string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return credential.Errorf(credential.Person, "%s; begin anew", why)
	}
	return credential.Errorf(credential.Person, "the login was given up")
}

func text(list []credential.Value, name string) string {
	for _, v := range list {
		if v.Name == name {
			return v.Secret.Reveal()
		}
	}
	return ""
}

// seconds reads a number of seconds between one and most.
func seconds(text string, usual, most time.Duration) time.Duration {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0) {
		return usual
	}
	return time.Duration(min(max(n, 1), most.Seconds()) * float64(time.Second))
}

// browserLife is how long a page may take to come back.
const browserLife = 15 * time.Minute

// browser shows a page and waits until it comes back.
func (s attended) browser(ctx context.Context, steps Steps, a credential.Attempt, show func(credential.Prompt)) (*credential.Credential, error) {
	at, err := listen(ctx, s.Redirect, s.Config.Issuer)
	if err != nil {
		return nil, err
	}
	defer at.close()
	given := []credential.Value{
		{Name: "redirect_uri", Secret: credential.NewSecret(at.address)},
		{Name: "state", Secret: credential.NewSecret(at.state)},
		{Name: "code_verifier", Secret: credential.NewSecret(draw())},
	}
	page, err := steps.Page(a, given)
	if err != nil {
		return nil, err
	}
	show(credential.Prompt{Say: "open this page in a browser:", URL: page})
	_, port, _ := net.SplitHostPort(at.host)
	show(credential.Prompt{Say: fmt.Sprintf("a browser on another machine cannot come back to this host by itself: let it, with ssh -L %s:%s, or copy the address it ends at and type here: curl 'ADDRESS'", port, at.host)})
	ctx, cancel := context.WithTimeout(ctx, browserLife)
	defer cancel()
	select {
	case back := <-at.came:
		if back.err != nil {
			return nil, back.err
		}
		return steps.Finish(context.WithoutCancel(ctx), a, append(given, credential.Value{Name: "code", Secret: back.code}))
	case <-ctx.Done():
		return nil, over(ctx, "the page did not come back within "+browserLife.String())
	}
}
