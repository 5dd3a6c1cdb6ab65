package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"authd/ipc"
)

// The descriptors that curl inherits.
const (
	configFile = "/dev/fd/3"
	headFile   = "/dev/fd/4"
	bodyFile   = "/dev/fd/5"
)

// config is what curl is told through the pipe.
func (j *job) config(r *ipc.SignReply) ([]byte, error) {
	b := []byte("globoff\nsuppress-connect-headers\n")
	if strings.HasPrefix(strings.ToLower(r.URL), "http://") && !j.call.unsafe {
		b = append(b, "noproxy = \"*\"\n"...) // a proxy would read what is not encrypted
	}
	if terminal(j.app.out) {
		b = append(b, "no-progress-meter\n"...) // as curl itself would decide
	}
	b, err := curlOption(b, "url", r.URL)
	for _, line := range overlay(j.call.headers, r.Headers) {
		if err == nil {
			b, err = curlOption(b, "header", line)
		}
	}
	return b, err
}

// overlay puts headers over the caller's of the same name.
func overlay(own []callHeader, set []ipc.Header) []string {
	var lines []string
	for _, h := range own {
		replaced := false
		for _, s := range set {
			replaced = replaced || strings.EqualFold(h.Name, s.Name)
		}
		switch {
		case replaced:
		case h.removed:
			lines = append(lines, h.Name+":")
		default:
			lines = append(lines, curlHeader(h.Header))
		}
	}
	for _, h := range set {
		lines = append(lines, curlHeader(h))
	}
	return lines
}

// arguments are curl's: none of them is secret.
func (j *job) arguments(r *ipc.SignReply) []string {
	args := append([]string{"-q", "-K", configFile, "-D", headFile}, j.call.args...)
	switch {
	case r.HasBody || j.body.reads && j.call.upload == "":
		args = append(args, "--data-binary", "@"+bodyFile)
		if j.call.method == "" && j.call.requestMethod() != "POST" {
			args = append(args, "-X", j.call.requestMethod())
		}
	case j.body.reads:
		args = append(args, "-T", bodyFile)
	case j.body.file != "":
		args = append(args, "-T", j.body.file)
	}
	return args
}

// sent is one run of curl.
type sent struct {
	job  *job
	gate *gate
	head []byte // of the answer
	err  error  // how curl ended
}

// send runs curl. If hold is set, an answer of 401 is not shown.
func (j *job) send(r *ipc.SignReply, hold bool) (*sent, error) {
	config, err := j.config(r)
	if err != nil {
		return nil, err
	}
	body := j.body.held
	if r.HasBody {
		body = r.Body
	}
	s := &sent{job: j, gate: &gate{out: j.app.out, open: !hold}}
	p := &pipes{}
	defer p.close()
	cmd := exec.Command(j.path, j.arguments(r)...)
	cmd.Stdin, cmd.Stderr = j.app.in, j.app.err
	p.feed(cmd, config)
	p.drain(cmd, s.readHead)
	p.feed(cmd, body)
	cmd.Stdout = p.output(func(r io.Reader) { _, _ = io.Copy(s.gate, r) })
	if p.err != nil {
		return nil, p.err
	}
	stop := forward(cmd)
	defer stop()
	if err := cmd.Start(); err != nil {
		return nil, &failure{exitNotRun, "curl cannot be run: " + err.Error()}
	}
	p.run()
	s.err = cmd.Wait()
	p.wait()
	return s, nil
}

// readHead reads the answer's head. The first that is final says whether the
// answer is shown.
func (s *sent) readHead(r io.Reader) {
	b := make([]byte, 4<<10)
	seen := 0 // of head
	for {
		n, err := r.Read(b)
		s.head = append(s.head, b[:n]...)
		for {
			end := bytes.Index(s.head[seen:], []byte("\r\n\r\n"))
			if end < 0 {
				break
			}
			if status := statusOf(s.head[seen:]); status >= 200 && status != 401 {
				s.show()
			}
			seen += end + 4
		}
		if err != nil {
			return
		}
	}
}

// statusOf reads HTTP/x NNN.
func statusOf(head []byte) int {
	_, rest, _ := bytes.Cut(head, []byte(" "))
	n, _ := strconv.Atoi(string(rest[:min(3, len(rest))]))
	return n
}

// held reports whether the answer was a 401 and has not been shown.
func (s *sent) held() bool { return !s.gate.isOpen() && statusOf(s.lastHead()) == 401 }

// lastHead is the last of the heads that came.
func (s *sent) lastHead() []byte {
	heads := bytes.Split(bytes.TrimSuffix(s.head, []byte("\r\n\r\n")), []byte("\r\n\r\n"))
	return heads[len(heads)-1]
}

// show lets the answer through, after its head if the caller wants that there.
func (s *sent) show() {
	var before []byte
	if s.job.call.dump == "-" {
		before = s.head
	}
	s.gate.let(before)
}

// finish shows what was held, and ends as curl did.
func (s *sent) finish(err error) error {
	if err != nil {
		return err
	}
	s.show()
	if file := s.job.call.dump; file != "" && file != "-" {
		if err := os.WriteFile(file, s.head, 0o666); err != nil {
			return &failure{ipc.ExitFailed, "the answer's head cannot be written: " + err.Error()}
		}
	}
	child := (*exec.ExitError)(nil)
	switch {
	case s.err == nil:
		return nil
	case !errors.As(s.err, &child):
		return &failure{ipc.ExitFailed, "curl: " + s.err.Error()}
	case child.ExitCode() < 0:
		return exit(ipc.ExitFailed)
	}
	return exit(child.ExitCode())
}

// maxHeld is how much of an answer is held back until its status is known.
const maxHeld = 1 << 20

// gate holds back what is written to it until it is opened.
type gate struct {
	mu   sync.Mutex
	out  io.Writer
	hold []byte
	open bool
}

func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open {
		return g.out.Write(b)
	}
	if g.hold = append(g.hold, b...); len(g.hold) > maxHeld {
		return len(b), g.flush(nil)
	}
	return len(b), nil
}

func (g *gate) isOpen() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

// let opens the gate: first something else, then what was held.
func (g *gate) let(before []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.open {
		_ = g.flush(before)
	}
}

func (g *gate) flush(before []byte) error {
	_, err := g.out.Write(append(before[:len(before):len(before)], g.hold...))
	g.open, g.hold = true, nil
	return err
}

// pipes are the descriptors between this program and a child.
type pipes struct {
	err    error
	theirs []*os.File
	ours   []*os.File
	work   []func()
	done   sync.WaitGroup
}

// pipe makes one more; the child gets one end as its next descriptor.
func (p *pipes) pipe() (r, w *os.File) {
	r, w, err := os.Pipe()
	if p.err == nil {
		p.err = err
	}
	return r, w
}

// feed gives the child a descriptor to read text from.
func (p *pipes) feed(cmd *exec.Cmd, text []byte) {
	r, w := p.pipe()
	cmd.ExtraFiles = append(cmd.ExtraFiles, r)
	p.theirs, p.ours = append(p.theirs, r), append(p.ours, w)
	p.work = append(p.work, func() { _, _ = w.Write(text); _ = w.Close() })
}

// drain gives the child a descriptor to write to.
func (p *pipes) drain(cmd *exec.Cmd, read func(io.Reader)) {
	cmd.ExtraFiles = append(cmd.ExtraFiles, p.output(read))
}

func (p *pipes) output(read func(io.Reader)) *os.File {
	r, w := p.pipe()
	p.theirs, p.ours = append(p.theirs, w), append(p.ours, r)
	p.work = append(p.work, func() { read(r) })
	return w
}

// run starts the work, once the child has its ends.
func (p *pipes) run() {
	for _, f := range p.theirs {
		_ = f.Close()
	}
	for _, work := range p.work {
		p.done.Go(work)
	}
}

// wait waits until all that the child wrote was read.
func (p *pipes) wait() { p.done.Wait() }

func (p *pipes) close() {
	for _, f := range append(p.theirs, p.ours...) {
		_ = f.Close()
	}
}

// forward passes signals on to the child, which decides what they mean.
func forward(cmd *exec.Cmd) (stop func()) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for s := range signals {
			if cmd.Process != nil {
				_ = cmd.Process.Signal(s)
			}
		}
	}()
	return func() { signal.Stop(signals); close(signals) }
}
