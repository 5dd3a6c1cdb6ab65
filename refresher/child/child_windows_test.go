package child

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain is the programs that the tests run, by AUTHD_TEST_CHILD.
func TestMain(m *testing.M) {
	switch os.Getenv("AUTHD_TEST_CHILD") {
	case "":
		os.Exit(m.Run())
	case "env":
		fmt.Println(strings.Join(os.Environ(), "\n"))
	case "much":
		for {
			fmt.Println(strings.Repeat("x", 1000))
		}
	case "fail":
		fmt.Fprintln(os.Stderr, "invented-secret")
		os.Exit(3)
	case "parent": // starts one that calls, and stays
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "AUTHD_TEST_CHILD=caller")
		if err := c.Run(); err != nil {
			os.Exit(4)
		}
	case "caller":
		c, err := net.Dial("tcp", os.Getenv("AUTHD_TEST_ADDRESS"))
		if err != nil {
			os.Exit(5)
		}
		_, _ = c.Write([]byte("here\n"))
		_, _ = c.Read(make([]byte, 1)) // nobody answers
	}
}

func as(child string) Command {
	return Command{Args: []string{os.Args[0]}, Env: []string{"AUTHD_TEST_CHILD=" + child}, Max: 10_000}
}

func TestRun(t *testing.T) {
	t.Setenv("AUTHD_TEST_OURS", "ours")
	for name, tt := range map[string]struct {
		command        Command
		prints, failed string
	}{
		"its environment":                 {as("env"), "LANG=C", ""},
		"too much":                        {as("much"), "", "printed more than 10000 bytes"},
		"a failure, without what it said": {as("fail"), "", "failed: exit status 3"},
		"no such program":                 {Command{Args: []string{`C:\nonexistent\program.exe`}}, "", "cannot be started"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := Run(t.Context(), tt.command)
			if (err == nil) != (tt.failed == "") || err != nil && !strings.Contains(err.Error(), tt.failed) || !strings.Contains(string(out), tt.prints) {
				t.Errorf("got %q, %v", out, err)
			}
			if strings.Contains(string(out), "ours") || err != nil && strings.Contains(err.Error(), "invented-secret") {
				t.Errorf("too much is known: %q, %v", out, err)
			}
		})
	}
}

// What a child has started ends with it: its connection breaks.
func TestRunEndsTheWholeGroup(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		c := as("parent")
		c.Env = append(c.Env, "AUTHD_TEST_ADDRESS="+l.Addr().String())
		_, err := Run(ctx, c)
		done <- err
	}()
	grandchild, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer grandchild.Close()
	_ = grandchild.SetReadDeadline(time.Now().Add(20 * time.Second))
	r := bufio.NewReader(grandchild)
	if line, err := r.ReadString('\n'); line != "here\n" {
		t.Fatal(line, err)
	}
	cancel()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "was stopped") {
		t.Errorf("got %v", err)
	}
	if _, err := r.ReadByte(); err == nil || os.IsTimeout(err) {
		t.Errorf("what the child has started goes on: %v", err)
	}
}
