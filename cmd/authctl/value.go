package main

import (
	"bytes"

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
	t, err := a.client.Token(name, q)
	if err != nil {
		return err
	}
	return a.line(t.Body)
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
