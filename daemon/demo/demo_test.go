package demo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// transcript is written by the demo while a test reads it.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
	wait string
	seen chan struct{} // closed once the text holds wait
}

func expecting(wait string) *transcript { return &transcript{wait: wait, seen: make(chan struct{})} }

func (o *transcript) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	had := strings.Contains(o.text.String(), o.wait)
	o.text.Write(b)
	if !had && strings.Contains(o.text.String(), o.wait) {
		close(o.seen)
	}
	return len(b), nil
}

func (o *transcript) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// pretending gives the demo a fake daemon that ends with its context, or by
// itself when end is closed.
func pretending(t *testing.T, folder *string, end <-chan struct{}) func(context.Context, string) error {
	return func(ctx context.Context, config string) error {
		*folder = filepath.Dir(config)
		f := &fakeDaemon{events: []string{`{"at":"2030-01-02T12:00:00Z","event":"issued","name":"armor","generation":1,"expires_at":null}`}}
		f.set(1, nil)
		defer f.listen(t, filepath.Join(*folder, "authd.sock"))()
		select {
		case <-ctx.Done():
			return nil
		case <-end:
			return errors.New("invented failure")
		}
	}
}

func TestADaemonThatServesNothingGoodFailsTheDemo(t *testing.T) {
	var folder string
	out := expecting("generation 1, good until rejected")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{Out: out, Daemon: pretending(t, &folder, nil), Life: 2 * time.Second})
	}()
	<-out.seen
	cancel()
	err := <-ended
	if err == nil || !strings.Contains(err.Error(), "netography: no call was accepted") {
		t.Errorf("ended with %v", err)
	}
	for _, want := range []string{"export AUTHD_SOCKET=" + folder, " status", "calls accepted"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q was not printed", want)
		}
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestADaemonThatEndsEndsTheDemo(t *testing.T) {
	var folder string
	end := make(chan struct{})
	close(end)
	err := Run(t.Context(), Options{Out: expecting("never"), Daemon: pretending(t, &folder, end), Life: 2 * time.Second})
	if err == nil || !strings.Contains(err.Error(), "invented failure") {
		t.Errorf("ended with %v", err)
	}
}
