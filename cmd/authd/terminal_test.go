//go:build linux

package main_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo terminal with a program at it.
type terminal struct {
	*host
	*process
	keys   *os.File
	screen *journal
}

// atTerminal starts a program at a terminal of so many columns.
func (h *host) atTerminal(columns int, name string, args ...string) *terminal {
	h.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		h.Skip("NOT TESTED: there are no pseudo terminals here: " + err.Error())
	}
	h.Cleanup(func() { _ = ours.Close() })
	fd := int(ours.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)})
	}
	if err != nil {
		h.Fatal(err)
	}
	theirs, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		h.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Env = []string{"AUTHD_SOCKET=" + h.socket(), "HOME=" + h.dir, "TERM=xterm-256color", "PATH=" + os.Getenv("PATH")}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	t := &terminal{host: h, keys: ours, screen: &journal{}}
	if t.process, err = launch(cmd); err != nil {
		h.Fatal(err)
	}
	_ = theirs.Close()
	h.Cleanup(t.kill)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := ours.Read(b)
			_, _ = t.screen.Write(b[:n])
			if err != nil {
				return
			}
		}
	}()
	return t
}

func (t *terminal) shows(text string) {
	t.Helper()
	t.until(20*time.Second, "the terminal shows "+text, func() bool { return strings.Contains(t.screen.String(), text) })
}

// types answers a question.
func (t *terminal) types(question, answer string) {
	t.Helper()
	t.shows(question)
	if _, err := t.keys.WriteString(answer + "\n"); err != nil {
		t.Fatal(err)
	}
}

var drawn = regexp.MustCompile("\x1b\\[38;5;16;48;5;231m([ █▀▄]+)\x1b\\[0m")

// photo is a PNG of the QR code on the screen, as a phone would take it; nil
// where there is none.
func (t *terminal) photo() []byte {
	lines := drawn.FindAllStringSubmatch(t.screen.String(), -1)
	if len(lines) == 0 {
		return nil
	}
	const dots = 4
	p := image.NewGray(image.Rect(0, 0, len([]rune(lines[0][1]))*dots, len(lines)*2*dots))
	for y, line := range lines {
		for x, r := range []rune(line[1]) {
			for i := range dots * dots * 2 {
				upper := i < dots*dots
				if black := r == '█' || r == '▀' && upper || r == '▄' && !upper; !black {
					p.SetGray(x*dots+i%dots, y*2*dots+i/dots, color.Gray{Y: 255})
				}
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A phone reads the page from the terminal, where there is room for it.
func TestAQRCodeOnATerminal(t *testing.T) {
	t.Parallel()
	reader, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("NOT TESTED: zbarimg is not installed; .ci/run does it, where apt-get is there")
	}
	h := newHost(t)
	i := startCodeIssuer(h)
	h.start()
	wide := h.atTerminal(80, program("authctl"), "login", "mail")
	wide.shows("INV-1")
	wide.until(5*time.Second, "the code is drawn", func() bool { return strings.HasSuffix(strings.TrimSpace(wide.screen.String()), "\x1b[0m") })
	read := exec.Command(reader, "--quiet", "--raw", "-")
	read.Stdin = bytes.NewReader(wide.photo())
	if out, err := read.Output(); err != nil || strings.TrimSpace(string(out)) != i.URL+"/page" {
		t.Errorf("read %q, %v, want %s/page", out, err, i.URL)
	}
	narrow := h.atTerminal(30, program("authctl"), "login", "mail")
	narrow.shows("INV-1")
	none := h.atTerminal(80, program("authctl"), "login", "mail", "--no-qr")
	none.shows("INV-1")
	i.done.Store(true)
	for _, one := range []*terminal{wide, narrow, none} {
		one.shows("mail is fresh")
	}
	if narrow.photo() != nil || none.photo() != nil {
		t.Error("a code is drawn where there is no room, or where none is wanted")
	}
}

// From nothing to a person's token, at a terminal: what the grant needs is
// asked for, and the login follows at once.
func TestAddAtATerminal(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	i := startCodeIssuer(h)
	h.configure("")
	h.start()
	at := h.atTerminal(80, program("authctl"), "add", "oauth2", "-c", h.path("authd.toml"), "--name", "mail", "--set", "device_url="+i.URL+"/device", "--set", "hosts=127.0.0.1")
	at.types("grant (", "implicit")
	at.types(`"implicit" is not one of`, "device_code")
	at.types("issuer (", "")
	at.types("token_url (", i.URL+"/token")
	at.types("client_id (", "c")
	at.types("client_secret (", "invented-typed-secret")
	at.types("scopes (", "mail.read")
	at.shows("mail: added; a person has to log in.")
	at.shows("INV-1")
	i.done.Store(true)
	at.shows("mail is fresh, generation 1")
	<-at.done
	if at.err != nil || strings.Contains(at.screen.String(), "invented-typed-secret") || strings.Contains(at.screen.String(), "has to log in once") {
		t.Errorf("%v:\n%s", at.err, at.screen.String())
	}
	if text, err := os.ReadFile(filepath.Join(h.dir, "secrets/mail")); err != nil || string(text) != "invented-typed-secret\n" {
		t.Errorf("the secret's file holds %q, %v", text, err)
	}
	if got := h.value("mail"); got != "invented-of-a-person" {
		t.Errorf("the value is %s", got)
	}
}
