package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"authd/ipc"
)

func explain(a *app, o *options) error {
	name := o.operands[0]
	if o.has("json") {
		return a.pass(ipc.Path(name, "explain"))
	}
	e, err := a.client.Explain(name)
	if err != nil {
		return err
	}
	a.print(explanation(e, time.Now()))
	return nil
}

func explanation(e *ipc.Explanation, now time.Time) string {
	var b strings.Builder
	for _, w := range e.Words {
		b.WriteString(w + "\n")
	}
	if len(e.Terms) > 0 {
		b.WriteString("\nHow the time of renewal came about:\n")
		rows := make([][]string, len(e.Terms))
		for i, t := range e.Terms {
			rows[i] = []string{"  " + t.Name, t.Value, t.Why}
		}
		b.WriteString(columns(rows, plain))
	}
	if len(e.Next) > 0 {
		b.WriteString("\nWhat comes next:\n" + steps(e.Next, now))
	}
	if len(e.Past) > 0 {
		b.WriteString("\nWhat happened last:\n")
		for i := range e.Past {
			b.WriteString("  " + eventLine(&e.Past[i]) + "\n")
		}
	}
	if e.Act != "" {
		b.WriteString("\nTo do: " + e.Act + "\n")
	}
	return b.String()
}

func plain(_, _ int, text string) string { return text }

// steps shows a plan.
func steps(all []ipc.PlanStep, now time.Time) string {
	rows := make([][]string, len(all))
	for i, s := range all {
		rows[i] = []string{"  " + s.At.Local().Format("2006-01-02 15:04:05"), span(s.At, now, ""), s.Name, s.Do, s.Why}
	}
	return columns(rows, plain)
}

func plan(a *app, o *options) error {
	name := ""
	if len(o.operands) > 0 {
		name = o.operands[0]
	}
	ahead, err := o.duration("for", 24*time.Hour)
	if err != nil {
		return err
	}
	all, err := a.client.Plan(name, ahead)
	switch {
	case err != nil:
		return err
	case o.has("json"):
		text, err := json.Marshal(all)
		if err != nil {
			return err
		}
		return a.line(text)
	case len(all) == 0:
		a.note("nothing happens in " + short(ahead))
		return nil
	}
	a.print(steps(all, time.Now()))
	return nil
}

// waitFor waits until a credential serves.
func waitFor(a *app, o *options) error {
	name := o.operands[0]
	timeout, err := o.duration("timeout", 2*time.Minute)
	if err != nil {
		return err
	}
	result := make(chan error, 1)
	go func() { result <- a.untilKnown(name, time.Now().Add(timeout)) }()
	select {
	case err := <-result:
		return err
	case <-time.After(timeout):
		return &ipc.Error{Code: ipc.Unavailable, Message: name + " could not be used within " + short(timeout), Hint: "authctl explain " + name + " says why"}
	}
}

// known is how long a name may take to appear: a drop-in is read once its
// folder has been quiet for half a second.
const known = 2 * time.Second

// again is the pause between two questions of one who waits.
const again = 100 * time.Millisecond

// untilKnown waits for the daemon to be up and to know the credential, then
// for that to serve: a job may be started before either.
func (a *app) untilKnown(name string, end time.Time) error {
	begun := time.Now()
	for {
		_, err := a.client.Status(name)
		if err == nil {
			err = a.untilServed(name)
		}
		var wire *ipc.Error
		var away *ipc.UnreachableError
		switch {
		case errors.As(err, &away) && time.Now().Add(again).Before(end): // else this is what to say
		case errors.As(err, &wire) && wire.Code == ipc.NotFound && time.Since(begun) < known:
		default:
			return err
		}
		time.Sleep(again)
	}
}

// untilServed reads the watch stream until the credential serves and its files
// are there, or a person has to do something first. The event "issued" comes
// once the files have been written.
func (a *app) untilServed(name string) error {
	served := false
	err := a.client.Watch(name, func(line []byte) (bool, error) {
		var s ipc.Status // an event has the members that count here
		if err := json.Unmarshal(line, &s); err != nil || s.Name != name {
			return true, err
		}
		served = s.Serves(ipc.At(time.Now())) && !slices.ContainsFunc(s.Outputs, func(o ipc.Output) bool { return o.State == "pending" })
		return !served, stuck(&s, served)
	})
	if err == nil && !served {
		err = &ipc.UnreachableError{Socket: a.client.Socket, Err: errors.New("it was stopped")}
	}
	return err
}

// stuck is an error for a state that waiting does not end.
func stuck(s *ipc.Status, served bool) error {
	if served {
		return nil
	}
	switch s.State {
	case ipc.NeedsLogin:
		return &ipc.Error{Code: ipc.LoginNeeded, Message: s.Name + " needs a person", Hint: "run: authctl login " + s.Name}
	case ipc.Misconfigured:
		return &ipc.Error{Code: ipc.Misconfig, Message: s.Name + " is misconfigured", Hint: "authctl status " + s.Name + " says how"}
	case ipc.Revoked:
		return &ipc.Error{Code: ipc.WasRevoked, Message: s.Name + " is revoked", Hint: "run: authctl refresh " + s.Name}
	}
	return nil
}

func refresh(a *app, o *options) error {
	wait, err := o.duration("wait", ipc.Default)
	if err != nil {
		return err
	}
	s, err := a.client.Refresh(o.operands[0], wait)
	return a.told(s, err)
}

// told says on stderr how a credential is after a call.
func (a *app) told(s *ipc.Status, err error) error {
	if err == nil {
		a.note(s.Name + " is " + string(s.State) + ", generation " + generation(s.Generation) + ", expires " + span(s.ExpiresAt, time.Now(), "never"))
	}
	return err
}

func reject(a *app, o *options) error {
	name := o.operands[0]
	r := ipc.Rejection{Fingerprint: o.text("fingerprint"), URL: o.text("url")}
	var err error
	switch {
	case len(o.operands) == 2 && o.operands[1] != "-":
		return usage("a value is not given as an argument, where others could see it; write - and give it on stdin")
	case len(o.operands) == 2:
		r.Value, err = a.valueOnStdin()
	case o.has("generation"):
		if r.Generation, err = strconv.ParseUint(o.text("generation"), 10, 64); err != nil {
			err = usage("--generation is not a number")
		}
	case r == ipc.Rejection{}:
		r.Generation, err = a.generationOf(name)
	}
	if err != nil {
		return err
	}
	s, err := a.client.Reject(name, r)
	return a.told(s, err)
}

func (a *app) valueOnStdin() (string, error) {
	text, err := io.ReadAll(io.LimitReader(a.in, 1<<20))
	if err != nil {
		return "", &failure{ipc.ExitFailed, "stdin cannot be read: " + err.Error()}
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if value == "" {
		return "", usage("there is no value on stdin")
	}
	return value, nil
}

func (a *app) generationOf(name string) (uint64, error) {
	s, err := a.client.Status(name)
	if err != nil {
		return 0, err
	}
	if s.Generation == 0 {
		return 0, &ipc.Error{Code: ipc.Unavailable, Message: name + " holds no value that could be rejected"}
	}
	return s.Generation, nil
}

func login(a *app, o *options) error {
	s, err := a.client.Login(o.operands[0], func(step ipc.LoginStep) {
		for _, line := range []string{step.Say, step.URL, step.Code} {
			if line != "" {
				a.note(line)
			}
		}
		a.showQR(step, o)
	})
	return a.told(s, err)
}

func revoke(a *app, o *options) error {
	s, err := a.client.Revoke(o.operands[0])
	return a.told(s, err)
}

func reload(a *app, _ *options) error {
	r, err := a.client.Reload()
	if err != nil {
		return err
	}
	for _, w := range r.Warnings {
		a.note("authctl: warning: " + w)
	}
	a.note("the configuration was read again")
	return nil
}

// version tells this program's version, and the daemon's if it answers.
func version(a *app, _ *options) error {
	own := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		own = info.Main.Version
	}
	a.print("authctl " + own + "\n")
	if v, err := a.client.Version(); err == nil {
		a.print(fmt.Sprintf("authd %s (protocol %d, recipe language %d, %s)\n", v.Version, v.API, v.Recipes, v.Go))
	}
	return nil
}
