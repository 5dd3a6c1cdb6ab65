package main

import (
	"bytes"
	"errors"
	"time"

	"authd/ipc"
)

func token(a *app, o *options) error { return a.value(o, o.text("format")) }

func headerLine(a *app, o *options) error { return a.value(o, "header") }

func cookieFile(a *app, o *options) error { return a.value(o, "cookies") }

// value prints a value and a newline.
func (a *app) value(o *options, format string) error {
	name := o.operands[0]
	q, err := o.how()
	if err != nil {
		return err
	}
	if o.has("force") {
		if _, err := a.client.Refresh(name, q.Wait); err != nil {
			return err
		}
	}
	q.Format = format
	t, err := a.ask(name, q)
	if err != nil {
		return err
	}
	return a.line(t.Body)
}

// ask asks for a value, again if the daemon is busy.
func (a *app) ask(name string, q ipc.TokenQuery) (ipc.Token, error) {
	return unlessBusy(q.Wait, func() (ipc.Token, error) { return a.client.Token(name, q) })
}

// unlessBusy makes a call again while the daemon has too many of this user's
// at a time, for as long as the caller waits: a hundred cron jobs start in the
// same second.
func unlessBusy[T any](wait time.Duration, call func() (T, error)) (T, error) {
	if wait < 0 {
		wait = ipc.DefaultWait
	}
	end := time.Now().Add(wait)
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		t, err := call()
		var wire *ipc.Error
		if !errors.As(err, &wire) || wire.Code != ipc.Busy || time.Now().Add(pause).After(end) {
			return t, err
		}
		time.Sleep(pause)
	}
}

// line writes a text that ends with one newline to stdout.
func (a *app) line(text []byte) error {
	if !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	if _, err := a.out.Write(text); err != nil {
		return &failure{ipc.ExitFailed, "stdout cannot be written: " + err.Error()}
	}
	return nil
}
