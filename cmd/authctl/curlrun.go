package main

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

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
	args := append([]string{"curl", "-q", "-K", configFile, "-D", headFile}, j.call.args...)
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
	gate *gate  // of the answer
	said *gate  // of what curl says on stderr
	head []byte // of the answer
	code int    // what curl exited with; negative: a signal ended it

	rejected []int // statuses that mean that the credential is dead
}

// send runs curl. If hold is set, an answer that refuses the
// credential is not shown.
func (j *job) send(r *ipc.SignReply, hold bool) (*sent, error) {
	config, err := j.config(r)
	if err != nil {
		return nil, err
	}
	body := j.body.held
	if r.HasBody {
		body = r.Body
	}
	s := &sent{job: j, gate: &gate{out: j.app.out, open: !hold}, said: &gate{out: j.app.err, open: !hold}, rejected: r.Rejected}
	p := &pipes{}
	defer p.close()
	out := p.from(func(r io.Reader) { _, _ = io.Copy(s.gate, r) })
	said := j.app.err
	if hold { // curl -f complains of an answer that may be followed by a better one
		said = p.from(func(r io.Reader) { _, _ = io.Copy(s.said, r) })
	}
	files := []*os.File{j.app.in, out, said, p.to(config), p.from(s.readHead), p.to(body)}
	if p.err != nil {
		return nil, p.err
	}
	curl, err := os.StartProcess(j.path, j.arguments(r), &os.ProcAttr{Files: files})
	if err != nil {
		return nil, &failure{exitNotRun, "curl cannot be run: " + err.Error()}
	}
	p.run()
	state, err := curl.Wait()
	if err != nil {
		return nil, &failure{ipc.ExitFailed, "curl: " + err.Error()}
	}
	p.done.Wait()
	s.code = state.ExitCode()
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
			if status := statusOf(s.head[seen:]); status >= 200 && !s.means(status) {
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

// held reports whether the answer means that the credential is dead, and has
// not been shown.
func (s *sent) held() bool { return !s.gate.isOpen() && s.means(statusOf(s.lastHead())) }

// means reports whether a status means that the credential is dead, by the
// word of its recipe.
func (s *sent) means(status int) bool { return slices.Contains(s.rejected, status) }

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
	s.said.let(nil)
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
	switch {
	case s.code == 0:
		return nil
	case s.code < 0:
		return exit(ipc.ExitFailed)
	}
	return exit(s.code)
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

// pipes are those between this program and a child. The child ends them by
// its own end, whatever ends it; if this program ends first, the child finds
// nobody at the other ends.
type pipes struct {
	err    error
	theirs []*os.File
	ours   []*os.File
	work   []func()
	done   sync.WaitGroup
}

// to makes a pipe that the child reads text from, and returns its end.
func (p *pipes) to(text []byte) *os.File {
	r, w := p.pipe()
	p.theirs, p.ours = append(p.theirs, r), append(p.ours, w)
	p.work = append(p.work, func() { _, _ = w.Write(text); _ = w.Close() })
	return r
}

// from makes a pipe that the child writes to, and returns its end.
func (p *pipes) from(read func(io.Reader)) *os.File {
	r, w := p.pipe()
	p.theirs, p.ours = append(p.theirs, w), append(p.ours, r)
	p.work = append(p.work, func() { read(r) })
	return w
}

func (p *pipes) pipe() (r, w *os.File) {
	r, w, err := os.Pipe()
	if p.err == nil {
		p.err = err
	}
	return r, w
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

func (p *pipes) close() {
	for _, f := range append(p.theirs, p.ours...) {
		_ = f.Close()
	}
}
