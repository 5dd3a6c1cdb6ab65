package install

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// host is what steps are done to.
type host struct {
	root string // before every path; "" but in tests
	run  func(command []string) error
	out  io.Writer // what was done, a line each
}

// step is one thing to do. Doing it again changes nothing.
type step interface {
	do(h *host) error
	// show is for a dry run.
	show(w io.Writer)
}

// file is written; one that is there is replaced, or kept.
type file struct {
	path  string
	mode  fs.FileMode
	group string // "": the group of who installs
	text  []byte
	keep  bool
}

func (f file) show(w io.Writer) {
	note := ""
	if f.keep {
		note = ", kept if it is there"
	}
	fmt.Fprintf(w, "file %s (%s%s)\n", f.path, access(f.mode, f.group), note)
	for line := range strings.Lines(string(f.text)) {
		fmt.Fprint(w, "\t"+line)
	}
}

func (f file) do(h *host) error {
	path := h.root + f.path
	old, err := os.ReadFile(path)
	switch {
	case err == nil && f.keep:
		fmt.Fprintln(h.out, "kept   "+f.path)
		return nil
	case err == nil && bytes.Equal(old, f.text):
		fmt.Fprintln(h.out, "same   "+f.path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	default:
		if err := write(path, f.text, f.mode); err != nil {
			return err
		}
		fmt.Fprintln(h.out, "wrote  "+f.path)
	}
	return give(path, f.mode, f.group)
}

// write replaces a file in one step.
func write(path string, text []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, text, mode); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// folder is made.
type folder struct {
	path  string
	mode  fs.FileMode
	group string
}

func (f folder) show(w io.Writer) {
	fmt.Fprintf(w, "folder %s (%s)\n", f.path, access(f.mode, f.group))
}

func (f folder) do(h *host) error {
	path := h.root + f.path
	if _, err := os.Stat(path); err == nil {
		fmt.Fprintln(h.out, "same   "+f.path)
		return nil // its owner may have other ideas
	}
	if err := os.MkdirAll(path, f.mode); err != nil {
		return err
	}
	fmt.Fprintln(h.out, "made   "+f.path)
	return give(path, f.mode, f.group)
}

// give sets mode and group, whatever the umask was.
func give(path string, mode fs.FileMode, group string) error {
	if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			return err
		}
		gid, err := strconv.Atoi(g.Gid)
		if err != nil {
			return err
		}
		if err := os.Chown(path, -1, gid); err != nil {
			return err
		}
	}
	return os.Chmod(path, mode)
}

func access(mode fs.FileMode, group string) string {
	if group == "" {
		return fmt.Sprintf("%04o", mode)
	}
	return fmt.Sprintf("%04o, group %s", mode, group)
}

// command is run; where it may fail, what it says does not matter.
type command struct {
	args    []string
	mayFail bool
	remedy  string // for a person whose command failed
}

func run(args ...string) command { return command{args: args} }
func try(args ...string) command { return command{args: args, mayFail: true} }

func (c command) show(w io.Writer) { fmt.Fprintln(w, "run    "+c.text()) }

func (c command) text() string {
	args := make([]string, len(c.args))
	for i, arg := range c.args {
		args[i] = quoted(arg)
	}
	return strings.Join(args, " ")
}

// quoted is an argument as a person would have to type it.
func quoted(arg string) string {
	if !strings.ContainsAny(arg, " \t\"") {
		return arg
	}
	return `"` + strings.ReplaceAll(arg, `"`, `\"`) + `"`
}

func (c command) do(h *host) error {
	err := h.run(c.args)
	if err != nil && !c.mayFail {
		if c.remedy != "" {
			err = fmt.Errorf("%w; %s", err, c.remedy)
		}
		return fmt.Errorf("%s: %w", c.text(), err)
	}
	if err == nil {
		fmt.Fprintln(h.out, "ran    "+c.text())
	}
	return nil
}

// execute runs a command and makes what it says its error.
func execute(args []string) error {
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if text := strings.TrimSpace(string(out)); err != nil && text != "" {
		return errors.New(text)
	}
	return err
}

// removal takes away a file, or a folder with all in it.
type removal struct{ path string }

func (r removal) show(w io.Writer) { fmt.Fprintln(w, "remove "+r.path) }

func (r removal) do(h *host) error {
	path := h.root + r.path
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	fmt.Fprintln(h.out, "removed "+r.path)
	return nil
}

// callStep is what only a library can do.
type callStep struct {
	what string
	call func() error
}

func (c callStep) show(w io.Writer) { fmt.Fprintln(w, "do     "+c.what) }

func (c callStep) do(h *host) error {
	if err := c.call(); err != nil {
		return fmt.Errorf("%s: %w", c.what, err)
	}
	fmt.Fprintln(h.out, "did    "+c.what)
	return nil
}
