package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"authd/ipc"
)

// auditIn makes an audit log in a folder of its own; what it returns second reads
// the lines of a file of it.
func auditIn(t *testing.T, limit int64) (a *audit, lines func(file string) []auditLine) {
	t.Helper()
	dir := t.TempDir()
	a = newAudit(dir, slog.New(slog.DiscardHandler))
	a.limit = limit
	return a, func(file string) (all []auditLine) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var l auditLine
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Errorf("%q: %v", line, err)
			}
			all = append(all, l)
		}
		return all
	}
}

func TestAuditIsWrittenWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, lines := auditIn(t, auditLimit)
		defer keepBook(a)()
		for range 3 { // more than once: it must wake up again
			a.add(auditLine{Call: "revoke", auditCaller: auditCaller{UID: 7}, PID: 9, Credential: "acme", Outcome: outcome(nil)})
			time.Sleep(time.Second)
		}
		all := lines(auditFile)
		if len(all) != 3 || all[2].Call != "revoke" || all[2].UID != 7 || all[2].PID != 9 || all[2].Credential != "acme" || all[2].Outcome != "ok" {
			t.Errorf("%+v", all)
		}
		if info, err := os.Stat(a.path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info.Mode(), err)
		}
	})
}

func TestTokensAreCountedByCallerAndMinute(t *testing.T) {
	seven, eight := auditCaller{UID: 7}, auditCaller{UID: 8}
	synctest.Test(t, func(t *testing.T) {
		a, lines := auditIn(t, auditLimit)
		stop := keepBook(a)
		for range 50 {
			a.read(seven, "acme", "ok")
		}
		a.read(eight, "acme", outcome(&ipc.Error{Code: ipc.NotFound}))
		time.Sleep(61 * time.Second)
		a.read(seven, "acme", outcome(errors.New("unforeseen")))
		stop() // what is left is written at the end
		counts := map[auditRead]uint64{}
		for _, l := range lines(auditFile) {
			counts[auditRead{l.auditCaller, l.Credential, l.Outcome}] += l.Count
		}
		for key, want := range map[auditRead]uint64{{seven, "acme", "ok"}: 50, {eight, "acme", "not_found"}: 1, {seven, "acme", "internal"}: 1} {
			if counts[key] != want {
				t.Errorf("%v: %d, want %d", key, counts[key], want)
			}
		}
	})
}

func TestAuditIsRotated(t *testing.T) {
	a, lines := auditIn(t, 1000)
	for range 30 {
		a.add(auditLine{Call: "sign", Method: "GET", Host: "api.example.com"})
		a.flush()
	}
	now, before := lines(auditFile), lines(auditFile+".1")
	if len(now) == 0 || len(before) == 0 {
		t.Errorf("%d and %d lines", len(now), len(before))
	}
	for _, file := range []string{auditFile, auditFile + ".1"} {
		if info, err := os.Stat(filepath.Join(filepath.Dir(a.path), file)); err != nil || info.Size() > 1000 {
			t.Errorf("%s has %d bytes", file, info.Size())
		}
	}
}

func TestAFullAuditLogIsRotatedAfterARestart(t *testing.T) {
	a, lines := auditIn(t, 1000)
	line := []byte(`{"call":"login"}` + "\n")
	if err := os.WriteFile(a.path, bytes.Repeat(line, 58), 0o600); err != nil {
		t.Fatal(err)
	}
	a.add(auditLine{Call: "sign"})
	a.flush()
	if now, before := lines(auditFile), lines(auditFile+".1"); len(now) != 1 || len(before) != 58 {
		t.Errorf("%d and %d lines", len(now), len(before))
	}
	keepBook(a)()
}

// TestAnAuditLogThatIsTakenAwayIsBegunAnew: logrotate(8) may have been told of it.
func TestAnAuditLogThatIsTakenAwayIsBegunAnew(t *testing.T) {
	a, lines := auditIn(t, auditLimit)
	for range 2 {
		a.add(auditLine{Call: "sign"})
		a.flush()
		if err := os.Rename(a.path, a.path+".old"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(lines(auditFile + ".old")); n != 1 {
		t.Errorf("%d lines", n)
	}
	keepBook(a)()
}

func TestLostAuditLinesAreCounted(t *testing.T) {
	a, lines := auditIn(t, auditLimit)
	away := a.path
	a.path = filepath.Join(away, "none", "there")
	for range 2 {
		a.add(auditLine{Call: "login"})
		a.add(auditLine{Call: "login"})
		a.flush()
	}
	a.path = away
	a.flush()
	for range auditRoom + 5 {
		a.add(auditLine{Call: "sign"})
	}
	a.flush()
	var lost []uint64
	for _, l := range lines(auditFile) {
		if l.Lost > 0 {
			lost = append(lost, l.Lost)
		}
	}
	if len(lost) != 2 || lost[0] != 4 || lost[1] != 5 {
		t.Errorf("lost %v, want 4 that could not be written and 5 without room", lost)
	}
	keepBook(a)()
}
