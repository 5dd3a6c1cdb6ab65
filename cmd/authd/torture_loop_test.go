//go:build linux

package main_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"filippo.io/age"
)

// torture kills the daemon n times.
func (v *victim) torture(n int) {
	for _, w := range v.wards {
		v.secret("first-"+w.name, "to-be-given-"+w.name)
	}
	v.begin()
	for _, w := range v.wards {
		w.renew()
	}
	v.issued("other")
	v.stop()
	ctx, cancel := context.WithCancel(context.Background())
	var reader sync.WaitGroup
	reader.Go(func() { v.read(ctx) })
	for len(v.kills) < n {
		v.round()
	}
	cancel()
	reader.Wait()
	v.stop()
	v.tell()
}

// tell gives the figures.
func (v *victim) tell() {
	turns := 0
	for _, w := range v.wards {
		turns += len(w.since(0))
	}
	c := v.count
	v.Logf("%d kills, %d orderly stops, %d reloads, %d exchanges, %d answers read", len(v.kills), c.orderly, c.reloads, turns, c.reads)
	v.Logf("%d kills between the issuer's commit and our sync; %d of them survived by a grace; %d lock-outs", c.exposed, c.saved, c.locked)
	v.Logf("latest such kill %v after the commit; slowest needs-login %v after the refusal; slowest start %v",
		v.widest.window, v.widest.report, v.widest.start)
	if c.reads == 0 {
		v.Error("the reader was never answered")
	}
	if n := v.others.Load(); n != 1 {
		v.Errorf("the credential that nothing touches was issued %d times", n)
	}
}

// begin starts the daemon and waits until it answers.
func (v *victim) begin() {
	v.Helper()
	v.launching()
	v.start()
	v.up = time.Now()
	v.widest.start = max(v.widest.start, v.up.Sub(v.began))
}

// launching notes that what is asked from now on is asked by another daemon.
func (v *victim) launching() {
	v.began = time.Now()
	if n := len(v.kills); n > 0 && v.kills[n-1].until.IsZero() {
		v.kills[n-1].until = v.began
	}
}

// round is one life of the daemon.
func (v *victim) round() {
	if rand.N(8) == 0 { // dead before it has come up
		v.launching()
		p, err := launch(v.prepare())
		if err != nil {
			v.Fatal(err)
		}
		v.daemon = p
		time.Sleep(upTo(15 * time.Millisecond))
		v.die()
		return
	}
	v.begin()
	v.judge()
	switch rand.N(10) {
	case 0, 1, 2:
		time.Sleep(upTo(time.Second))
	case 3:
		v.count.reloads++
		if rand.N(2) == 0 { // another process is to take over
			v.anotherFolder(v.count.reloads)
		}
		v.awaitExchange()
		_ = v.daemon.cmd.Process.Signal(syscall.SIGHUP)
		time.Sleep(upTo(150 * time.Millisecond))
		v.judge()
	default:
		v.awaitExchange()
	}
	if rand.N(12) == 0 {
		v.endInOrder()
		return
	}
	v.die()
}

// awaitExchange sleeps until some moment within an exchange.
func (v *victim) awaitExchange() {
	select {
	case <-v.asked: // an older one
	default:
	}
	select {
	case <-v.asked:
		time.Sleep(upTo(60 * time.Millisecond)) // its way, its way back, and what we do with it
	case <-time.After(time.Second):
	}
}

// die kills the daemon and looks at what it left. Where it is more than one
// process, any of them may be the first to go, and none may outlive the others.
func (v *victim) die() {
	v.Helper()
	all := family(v.daemon.cmd.Process.Pid)
	if first := all[rand.N(len(all))]; first != all[0] {
		_ = syscall.Kill(first, syscall.SIGKILL)
		time.Sleep(upTo(5 * time.Millisecond))
	}
	v.kill9()
	v.until(5*time.Second, "no process is left", func() bool {
		for _, pid := range all {
			if lives(pid) {
				return false
			}
		}
		return true
	})
	k := kill{at: time.Now(), missing: v.missing()}
	for _, w := range v.wards {
		token := k.missing[w.name]
		if token == "" || len(v.kills) > 0 && v.kills[len(v.kills)-1].missing[w.name] == token {
			continue
		}
		v.isNotTold(w)
		v.count.exposed++
		if !w.strict {
			v.count.saved++
		}
	}
	v.kills = append(v.kills, k)
}

// lives says whether a process runs; one that nobody has waited for does not.
func lives(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && !bytes.Contains(status, []byte("State:\tZ"))
}

// isNotTold fails the test if anybody was told of an answer that is not stored.
func (v *victim) isNotTold(w *ward) {
	v.Helper()
	t, _ := w.last()
	raw, _, _ := readWhole(v.token(w.name + ".raw"))
	if served := w.served.Load(); raw == t.access || served == t.access {
		v.Errorf("%s: %.50s was handed out, and the refresh token that came with it was not stored", w.name, t.access)
	}
}

// endInOrder stops the daemon as a service manager does: then nothing that it
// asked for may be missing.
func (v *victim) endInOrder() {
	v.stop()
	v.count.orderly++
	for name, token := range v.missing() {
		for _, w := range v.wards {
			if t, ok := w.last(); ok && w.name == name && t.asked.After(v.began) {
				v.Errorf("%s: an orderly stop lost %.60s", name, token)
			}
		}
	}
}

// missing are the refresh tokens last given out that are not in the state.
func (v *victim) missing() map[string]string {
	state := v.onDisk()
	missing := map[string]string{}
	for _, w := range v.wards {
		t, ok := w.last()
		if ok && !bytes.Contains(state, []byte(base64.StdEncoding.EncodeToString([]byte(t.fresh)))) {
			missing[w.name] = t.fresh
		}
	}
	return missing
}

// onDisk is all that the state's folder holds.
func (v *victim) onDisk() (all []byte) {
	files, _ := filepath.Glob(v.path("state", "*"))
	for _, f := range files {
		text, _ := os.ReadFile(f)
		all = append(all, v.unsealed(text)...)
	}
	return all
}

// unsealed is what an encrypted record holds, and any other file as it is.
func (v *victim) unsealed(text []byte) []byte {
	var file struct{ Age []byte }
	if json.Unmarshal(bytes.TrimRight(text, "\x00"), &file) != nil || file.Age == nil {
		return text
	}
	key, err := os.ReadFile(v.path("secrets", "state.key"))
	if err != nil {
		v.Fatal(err)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(key))
	if err != nil {
		v.Fatal(err)
	}
	plain, err := age.Decrypt(bytes.NewReader(file.Age), identities...)
	if err != nil {
		return nil
	}
	text, _ = io.ReadAll(plain)
	return text
}

// judge looks at what the issuers have done since the last time.
func (v *victim) judge() {
	v.Helper()
	var locked []*ward
	for _, w := range v.wards {
		for _, t := range w.since(w.judged) {
			if t.fresh == "" {
				locked = append(locked, w)
				v.isReported(w, t)
				break
			}
		}
		w.judged = len(w.since(0))
	}
	for _, w := range locked {
		v.lockedOut(w)
		v.isAlone(w)
		w.renew()
	}
}

// isReported waits until a refusal is told.
func (v *victim) isReported(w *ward, refusal turn) {
	v.Helper()
	since := refusal.decided
	if since.Before(v.up) {
		since = v.up // before that there was nobody to tell it
	}
	v.until(5*time.Second, w.name+": needs-login is reported", func() bool { return v.state(w.name).State == "needs-login" })
	v.widest.report = max(v.widest.report, time.Since(since))
}

// lockedOut judges a lock-out.
func (v *victim) lockedOut(w *ward) {
	v.Helper()
	v.count.locked++
	if !w.strict {
		v.Errorf("%s: a lock-out with an issuer that has a grace:\n%s", w.name, w.book())
	}
	if !v.excused(w) {
		v.Errorf("%s: a lock-out, and no kill fell between a request and our sync:\n%s", w.name, w.book())
	}
	r := v.call("GET", "/v1/credentials/"+w.name+"/token?min_valid=10m&wait=1s", "")
	if r.code() != "needs_login" || !strings.Contains(r.body, "authctl login "+w.name) {
		v.Errorf("%s: after a lock-out a caller is told %d %s", w.name, r.status, r.body)
	}
}

// patience is for a machine that is busy: a sync may take longer than a token
// lives there.
const patience = 20 * time.Second

// isAlone fails the test if a lock-out has touched another credential.
func (v *victim) isAlone(w *ward) {
	v.Helper()
	for _, other := range v.wards {
		if other != w && !other.refused() {
			v.until(patience, other.name+" goes on while "+w.name+" is locked out", func() bool {
				r, err := v.try("GET", "/v1/credentials/"+other.name+"/token", "")
				return err == nil && r.status == 200 || other.refused()
			})
		}
	}
	if s := v.state("other"); s.State != "fresh" || s.Generation != 1 {
		v.Errorf("the credential that nothing touches is %s, generation %d", s.State, s.Generation)
	}
}

// refused says that the issuer's last word was a refusal.
func (w *ward) refused() bool {
	all := w.since(0)
	return len(all) > 0 && all[len(all)-1].fresh == ""
}

// excused says whether a kill fell between a request and our sync of its
// answer, of the tokens that were given out last.
func (v *victim) excused(w *ward) bool {
	last, _ := w.last()
	for _, t := range w.since(0) {
		if t.decided.Before(last.asked) && t != last {
			continue
		}
		for _, k := range v.kills {
			if k.until.Before(t.asked) {
				continue
			}
			switch {
			case k.at.Before(t.decided): // its request was on the way, perhaps not even read yet
				return true
			case !t.told.IsZero() && k.at.Sub(t.told) > patience/2: // our sync does not take that long
			case t.fresh != "" && k.missing[w.name] == t.fresh:
				v.widest.window = max(v.widest.window, k.at.Sub(t.decided))
				return true
			}
		}
	}
	return false
}

// give puts a new first refresh token into the configuration.
func (v *victim) give(w *ward, first string) {
	v.Helper()
	v.write("secrets/first-"+w.name, first+"\n")
	v.isWell(w)
}

// logIn is a person who types a code.
func (v *victim) logIn(w *ward, approve func(code string)) {
	v.Helper()
	login := v.host.begin("login", w.name)
	approve(login.says(userCode))
	<-login.done // where the machine stands still, with an answer that has expired: it is renewed
	v.isWell(w)
}

func (v *victim) isWell(w *ward) {
	v.Helper()
	v.until(patience, w.name+" is well after a person acted", func() bool {
		s := v.state(w.name)
		return s.State == "fresh" || s.State == "renewing"
	})
	w.judged = len(w.since(0))
}

// read is a caller who asks for values all the time, and reads the files.
func (v *victim) read(ctx context.Context) {
	client := v.dial()
	for ctx.Err() == nil {
		for _, w := range v.wards {
			at := time.Now()
			r, err := ask(client, "GET", "/v1/credentials/"+w.name+"/token?min_valid=0s&wait=0s", "")
			if err == nil && r.status == 200 {
				v.count.reads++
				w.served.Store(r.body)
				if wrong := w.wrong(r.body, at); wrong != "" {
					v.Errorf("%s: a caller was given a value: %s", w.name, wrong)
				}
			}
			v.readFiles(w)
		}
		select {
		case <-time.After(3 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// readFiles looks for torn files. That one is old is no fault where the daemon
// is dead half of the time.
func (v *victim) readFiles(w *ward) {
	if raw, _, err := readWhole(v.token(w.name + ".raw")); err == nil {
		if wrong := w.wrong(raw, time.Time{}); wrong != "" {
			v.Errorf("%s: the file raw is torn: %s", w.name, wrong)
		}
	}
	text, _, err := readWhole(v.token(w.name + ".json"))
	if err != nil {
		return
	}
	var file struct {
		Value  string
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil || file.Value != file.Access || w.wrong(file.Value, time.Time{}) != "" {
		v.Errorf("%s: the file json is torn: %v %s", w.name, err, text)
	}
}
