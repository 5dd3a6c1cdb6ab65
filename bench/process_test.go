package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkProcess compares authctl token, from fork to wait, with a program
// that does nothing, and with an empty one in Go.
func BenchmarkProcess(b *testing.B) {
	dir := b.TempDir()
	authctl := filepath.Join(dir, "authctl")
	compile(b, authctl, "authd/cmd/authctl")
	empty := filepath.Join(dir, "empty.go")
	if err := os.WriteFile(empty, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	nothing := filepath.Join(dir, "empty")
	compile(b, nothing, empty)
	path := serve(b)
	all := []struct {
		name string
		argv []string
		took []time.Duration
	}{
		{name: "true", argv: []string{"/bin/true"}},
		{name: "empty", argv: []string{nothing}},
		{name: "authctl", argv: []string{authctl, "--socket", path, "token", "acme"}},
	}
	for b.Loop() {
		for i := range all {
			start := time.Now()
			if err := run(all[i].argv); err != nil {
				b.Fatal(err)
			}
			all[i].took = append(all[i].took, time.Since(start))
		}
	}
	base := median(all[0].took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(base, "true-ns")
	for i := range all[1:] {
		m := median(all[1+i].took)
		b.ReportMetric(m, all[1+i].name+"-ns")
		b.ReportMetric(m/base, all[1+i].name+"/true")
	}
}

func compile(b *testing.B, to, what string) {
	c := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, what)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
}

// run runs a program, with less around it than os/exec has. One that fails is
// quicker than one that does its work, so its time must not count.
func run(argv []string) error {
	p, err := os.StartProcess(argv[0], argv, &os.ProcAttr{})
	if err != nil {
		return err
	}
	state, err := p.Wait()
	if err == nil && !state.Success() {
		err = fmt.Errorf("%s: %s", argv[0], state)
	}
	return err
}
