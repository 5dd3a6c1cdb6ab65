package add

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"authd/refresher/credential"
)

// report says what was done, and what to type next.
func (a *Addition) report(c *content, t *Trial, files []string) {
	say := func(format string, args ...any) { fmt.Fprintf(a.Out, format+"\n", args...) }
	say("%s", a.outcome(t))
	say("\nWritten:")
	for _, path := range files {
		say("  %s", path)
	}
	url := c.example(t)
	if c.signs {
		say("\nIn a crontab:\n  */5 * * * *  %s", a.ctl(t, "curl "+a.Name+" -sS "+url))
	} else {
		say("\nIn a crontab:\n  */5 * * * *  curl -sSf -K %s %s", filepath.Join(t.CacheDir, a.output()), url)
	}
	say("By hand:")
	if t.Value {
		say("  %s", a.ctl(t, "token "+a.Name))
	}
	say("  %s\n  %s", a.ctl(t, "curl "+a.Name+" "+url), a.ctl(t, "status "+a.Name))
	if others := c.others(a); others != "" {
		say("\nCan be set later in %s: %s", a.dropIn(), others)
	}
	say("\nAn authd that runs takes it up by itself; else start one: %s", a.start())
}

// outcome is what the trial came to. Where it failed and is kept, there was
// no fetch.
func (a *Addition) outcome(t *Trial) string {
	switch {
	case t.Static:
		return a.Name + ": added; there is nothing to log in to, its first use will show whether it is right."
	case t.Person:
		return a.Name + ": added; a person has to log in."
	case !t.Fetched:
		return a.Name + ": added, and not logged in: what that would spend is the daemon's."
	case t.Life == credential.Forever:
		return a.Name + ": logged in; the issuer does not say how long it is good, so it is used until it is rejected."
	}
	return fmt.Sprintf("%s: logged in; good for %s, and renewed in time.", a.Name, t.Life.Round(time.Second))
}

// ctl is a command line of authctl.
func (a *Addition) ctl(t *Trial, rest string) string {
	if a.Socket {
		command, operands, _ := strings.Cut(rest, " ")
		return "authctl " + command + " --socket " + t.Socket + " " + operands
	}
	return "authctl " + rest
}

func (a *Addition) start() string {
	switch {
	case a.Socket:
		return "authd run -c " + a.Outline.File
	case a.User:
		return "authd run --user"
	}
	return "authd start, or authd run"
}

// example is a URL at which the credential may be used.
func (c *content) example(t *Trial) string {
	scheme, host := "https", "HOST"
	for _, p := range c.params {
		if p.Type == "url" && strings.HasPrefix(p.text, "http://") {
			scheme = "http"
		}
	}
	for _, h := range t.Hosts {
		if !strings.HasPrefix(h, "*.") {
			host = h
			break
		}
	}
	return scheme + "://" + host + "/PATH"
}

// others are the parameters that were not asked for.
func (c *content) others(a *Addition) string {
	var names []string
	for _, p := range a.Recipe.Params() {
		if !c.has(p.Name) && !p.Group {
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, ", ")
}
