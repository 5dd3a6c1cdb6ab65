//go:build unix

package child

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	t.Setenv("AUTHD_TEST_OURS", "ours")
	tests := []struct {
		name    string
		command Command
		want    string
		problem string
	}{
		{"what it prints", Command{Args: []string{"echo", "hello"}, Max: 10}, "hello\n", ""},
		{"nothing is kept", Command{Args: []string{"echo", "hello"}}, "", ""},
		{
			"its environment",
			Command{Args: []string{"env"}, Home: "/h", Env: []string{"X=1"}, Max: 1000},
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C\nHOME=/h\nX=1\n", "",
		},
		{"no input", Command{Args: []string{"cat"}, Max: 10}, "", ""},
		{"too much", Command{Args: []string{"yes"}, Max: 10}, "", "printed more than 10 bytes"},
		{"a failure, without what it said", Command{Args: []string{"sh", "-c", "echo invented-secret >&2; exit 3"}, Max: 10}, "", "failed: exit status 3"},
		{"no such program", Command{Args: []string{"/nonexistent/program"}, Max: 10}, "", "cannot be started"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Run(t.Context(), tt.command)
			if string(got) != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if (err == nil) != (tt.problem == "") || (err != nil && !strings.Contains(err.Error(), tt.problem)) {
				t.Errorf("error %v, want %q", err, tt.problem)
			}
			if err != nil && strings.Contains(err.Error(), "invented-secret") {
				t.Error("the error tells what the child said")
			}
		})
	}
}

func TestRunEndsTheWholeGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	file := t.TempDir() + "/pid"
	done := make(chan error, 1)
	go func() {
		_, err := Run(ctx, Command{Args: []string{"sh", "-c", "sleep 1000 & echo $! > " + file + ".new; mv " + file + ".new " + file + "; wait"}})
		done <- err
	}()
	pid := waitFor(t, file)
	cancel()
	if err := <-done; err == nil {
		t.Error("no error")
	}
	deadline := time.Now().Add(10 * time.Second)
	for running(pid) {
		if time.Now().After(deadline) {
			t.Fatal("its own child goes on")
		}
		time.Sleep(time.Millisecond)
	}
}

func waitFor(t *testing.T, file string) string {
	deadline := time.Now().Add(10 * time.Second)
	for {
		if data, err := os.ReadFile(file); err == nil {
			return strings.TrimSpace(string(data))
		}
		if time.Now().After(deadline) {
			t.Fatal("the child did not start")
		}
		time.Sleep(time.Millisecond)
	}
}

// running says whether a process is there and not only waiting to be reaped.
func running(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
