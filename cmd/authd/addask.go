package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"authd/daemon/add"
)

// maxAnswer bounds one answer, in bytes.
const maxAnswer = 64 << 10

// asker asks at a terminal, or takes the lines of another stdin (add.Asker).
type asker struct {
	in     *os.File
	lines  *bufio.Reader
	out    io.Writer // questions; stdout is for results
	person bool
}

func newAsker(in *os.File, out io.Writer) *asker {
	return &asker{in: in, lines: bufio.NewReaderSize(in, maxAnswer), out: out, person: term.IsTerminal(int(in.Fd()))}
}

// Person reports whether somebody sits at a terminal.
func (a *asker) Person() bool { return a.person }

// Say tells a person something; a script reads no explanations.
func (a *asker) Say(line string) {
	if a.person {
		fmt.Fprintln(a.out, line)
	}
}

// Line asks for one line. When ctx ends it gives up: a read of a terminal
// cannot be called back, so its goroutine stays for as long as the process.
func (a *asker) Line(ctx context.Context, prompt string, secret bool) (string, error) {
	if a.person {
		fmt.Fprint(a.out, prompt)
	}
	echo := func() {}
	if secret && a.person {
		if state, err := term.GetState(int(a.in.Fd())); err == nil {
			echo = func() { _ = term.Restore(int(a.in.Fd()), state) }
		}
	}
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := a.read(secret)
		answers <- answer{text, err}
	}()
	select {
	case r := <-answers:
		return r.text, r.err
	case <-ctx.Done():
		echo()
		fmt.Fprintln(a.out)
		return "", errors.New("was not answered; nothing was written")
	}
}

func (a *asker) read(secret bool) (string, error) {
	if secret && a.person {
		text, err := term.ReadPassword(int(a.in.Fd()))
		fmt.Fprintln(a.out)
		return string(text), err
	}
	line, err := a.lines.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("is longer than %d bytes; keep it in a file and name that with --set", maxAnswer)
	case errors.Is(err, io.EOF) && len(line) == 0:
		return "", add.ErrNoMore
	case err != nil && !errors.Is(err, io.EOF):
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
}
