package store

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"authd/refresher/credential"
	"github.com/google/go-cmp/cmp"
)

var revealed = cmp.Transformer("reveal", func(s credential.Secret) string { return s.Reveal() })

func fixed() credential.Instant { return noon }

// aKey makes a key; a hybrid one for the sake of its size.
func aKey(t testing.TB, text string) *Key {
	t.Helper()
	k, err := ParseKey(credential.NewSecret(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// both is the suite that a folder passes whether it is encrypted or not.
func both(t *testing.T, test func(*testing.T, Keys)) {
	for name, keys := range map[string]Keys{
		"plain":              {},
		"encrypted":          {Seal: aKey(t, keyOne)},
		"encrypted (hybrid)": {Seal: aKey(t, keyHybrid)},
	} {
		t.Run(name, func(t *testing.T) { test(t, keys) })
	}
}

// whole is a record as its file holds it.
func whole(t testing.TB, r Record, boot string, key *Key) []byte {
	t.Helper()
	record, err := encode(r, boot)
	if err == nil {
		record, err = wrap(record, key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// open gives a store in a folder of its own.
func open(t *testing.T, keys Keys) (*Store, string) {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Chmod(filepath.Dir(base), 0o700) // whatever the umask
	_ = os.Chmod(base, 0o700)
	dir := filepath.Join(base, "state")
	s, err := Open(dir, keys, fixed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, dir
}

func TestWhatIsSavedIsLoaded(t *testing.T) { both(t, whatIsSavedIsLoaded) }

func whatIsSavedIsLoaded(t *testing.T, keys Keys) {
	s, dir := open(t, keys)
	want := sample("a.b", 7)
	want.Stop = &Stop{State: "misconfigured", Class: "refused", Message: "401 from ${url}", Since: noon.Wall, Fingerprint: "f"}
	want.Intent = &Intent{Spent: "hash", At: noon.Wall}
	want.Nonce, want.Version, want.Reported, want.Relogin = 12, "v", noon.Wall, true
	for _, save := range []func(Record) error{s.Save, s.Intend, s.Save} {
		if err := save(want); err != nil {
			t.Fatal(err)
		}
		got, err := s.Load("a.b")
		if diff := cmp.Diff(want, got, revealed); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
	}
	if got, err := s.Load("other"); err != nil || cmp.Diff(Record{Name: "other"}, got) != "" {
		t.Errorf("an unknown credential gives %+v, %v", got, err)
	}
	if names, err := s.Names(); err != nil || cmp.Diff([]string{"a.b"}, names) != "" {
		t.Errorf("names: %v %v", names, err)
	}
	if runtime.GOOS != "windows" {
		for path, mode := range map[string]os.FileMode{dir: 0o700, dir + "/a.b.json": 0o600, dir + "/lock": 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s: %v %v", filepath.Base(path), info.Mode(), err)
			}
		}
	}
	if err := s.Delete("a.b"); err != nil {
		t.Error(err)
	}
	if names, _ := s.Names(); len(names) != 0 {
		t.Errorf("after Delete: %v", names)
	}
}

func TestEveryFieldIsKept(t *testing.T) {
	r := sample("a", 1)
	for _, v := range []reflect.Value{reflect.ValueOf(*r.Cred), reflect.ValueOf(r.Cred.Times)} {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("the sample has no %s.%s, so no test would miss it", v.Type(), v.Type().Field(i).Name)
			}
		}
	}
}

func TestASecondDaemonIsRefused(t *testing.T) {
	s, dir := open(t, Keys{})
	_, err := Open(dir, Keys{}, fixed)
	if err == nil {
		t.Fatal("two hold one folder")
	}
	for _, want := range []string{dir, "another authd", "pid " + strconv.Itoa(os.Getpid()), "state_dir"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := Open(dir, Keys{}, fixed)
	if err != nil {
		t.Fatalf("after the first is gone: %v", err)
	}
	_ = second.Close()
}

func TestAFolderThatOthersReadIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access lists are the installer's business")
	}
	s, dir := open(t, Keys{})
	_ = s.Close()
	for _, mode := range []os.FileMode{0o750, 0o705, 0o720} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Keys{}, fixed); err == nil || !strings.Contains(err.Error(), "chmod") {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func TestDamagedRecordsAreSetAside(t *testing.T) { both(t, damagedRecordsAreSetAside) }

func damagedRecordsAreSetAside(t *testing.T, keys Keys) {
	good := string(whole(t, sample("a", 3), "", keys.Seal))
	plain := string(whole(t, sample("a", 3), "", nil))
	middle := len(good) / 2
	for name, data := range map[string]string{
		"empty":             "",
		"cut off":           good[:middle],
		"one bit":           good[:middle] + string(good[middle]^1) + good[middle+1:],
		"one field":         strings.Replace(plain, `"generation":3`, `"generation":2`, 1),
		"not JSON":          "hello",
		"another's record":  string(whole(t, sample("b", 3), "", keys.Seal)),
		"no version":        `{"record":{}}`,
		"zeros after it":    good + "\x00",
		"null":              "null",
		"negative version":  `{"version":-1}`,
		"record of a shape": `{"version":1,"checksum":"` + checksum([]byte("[]")) + `","record":[]}`,
		"no age file":       `{"version":2,"checksum":"` + checksum([]byte(keys.Seal.ID()), nil) + `","key":"` + keys.Seal.ID() + `","age":""}`,
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := open(t, keys)
			if err := os.WriteFile(dir+"/a.json", []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := s.Load("a")
			var damaged *DamagedError
			if !errors.As(err, &damaged) {
				t.Fatalf("got %v", err)
			}
			if r.Name != "a" || r.Cred != nil || r.Generation != uint64(noon.Wall.Unix()) {
				t.Errorf("the record to go on with is %+v", r)
			}
			kept, err := os.ReadFile(filepath.Join(dir, damaged.File))
			if keys.Seal != nil && err == nil {
				if kept, _, err = keys.unwrap("a", kept); len(kept) == 0 {
					kept = nil
				}
			}
			if err != nil || string(kept) != data {
				t.Errorf("set aside: %q %v", kept, err)
			}
			if again, err := s.Load("a"); err != nil || again.Generation != r.Generation {
				t.Errorf("the next start counts from %d, %v", again.Generation, err)
			}
		})
	}
}

func TestANewerRecordIsLeftAlone(t *testing.T) { both(t, aNewerRecordIsLeftAlone) }

func aNewerRecordIsLeftAlone(t *testing.T, keys Keys) {
	s, dir := open(t, keys)
	data := []byte(`{"version":3,"later":true}`)
	if err := os.WriteFile(dir+"/a.json", data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.Load("a")
	var newer *NewerError
	if !errors.As(err, &newer) || newer.Version != 3 {
		t.Fatalf("got %v", err)
	}
	if err := s.RaiseNonce("a", 1); err == nil {
		t.Error("a nonce was written into it")
	}
	if err := s.Save(sample("a", 1)); !errors.As(err, &newer) {
		t.Errorf("a record over it: %v", err)
	}
	if err := s.Intend(sample("a", 1)); !errors.As(err, &newer) {
		t.Errorf("an intent over it: %v", err)
	}
	if kept, _ := os.ReadFile(dir + "/a.json"); string(kept) != string(data) {
		t.Errorf("it became %q", kept)
	}
	if err := os.Remove(dir + "/a.json"); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(sample("a", 1)); err != nil {
		t.Errorf("a record after it was deleted: %v", err)
	}
}

func TestLeftoversAreCleanedAtOpen(t *testing.T) { both(t, leftoversAreCleanedAtOpen) }

func leftoversAreCleanedAtOpen(t *testing.T, keys Keys) {
	s, dir := open(t, keys)
	if err := s.Save(sample("a", 1)); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	answer := whole(t, sample("b", 9), "", keys.Seal)
	for name, data := range map[string]string{
		"a.json.new":  "half a rec",
		"a.json.room": strings.Repeat("\x00", 100),
		"b.json.room": string(answer) + "\x00\x00",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(dir, keys, fixed)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r, err := s.Load("a"); err != nil || r.Generation != 1 {
		t.Errorf("a: %+v %v", r, err)
	}
	if r, err := s.Load("b"); err != nil || r.Generation != 9 {
		t.Errorf("an answer that was written but not renamed: %+v %v", r, err)
	}
	left, err := filepath.Glob(dir + "/*.json.*")
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v %v", left, err)
	}
}

func TestTimesAreCarriedOverABoot(t *testing.T) {
	saved := sample("a", 1)
	data, err := encode(saved, "boot one")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		at   clocks
		left time.Duration
	}{
		{"ten seconds later in the same boot", clocks{"boot one", noon.Add(10 * time.Second)}, 50 * time.Second},
		{"in the same boot, the wall clock set back", clocks{"boot one", credential.Instant{Wall: noon.Wall.Add(-time.Hour), Boot: noon.Boot + 20*time.Second}}, 40 * time.Second},
		{"thirty seconds later in another boot", clocks{"boot two", credential.Instant{Wall: noon.Wall.Add(30 * time.Second), Boot: time.Second}}, 30 * time.Second},
		{"another boot, the wall clock set back", clocks{"boot two", credential.Instant{Wall: noon.Wall.Add(-time.Hour), Boot: time.Second}}, time.Minute},
		{"a system without boot names", clocks{"", credential.Instant{Wall: noon.Wall.Add(15 * time.Second), Boot: time.Second}}, 45 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := decode("a", data, c.at)
			if err != nil {
				t.Fatal(err)
			}
			times := r.Cred.Times
			times.Idle = 0
			if got := times.Remaining(c.at.now); got != c.left {
				t.Errorf("%v are left, want %v", got, c.left)
			}
			if !times.Requested.Wall.Equal(noon.Wall) {
				t.Errorf("the issue time became %v", times.Requested.Wall)
			}
		})
	}
}

func TestNoncesNeverGoBack(t *testing.T) { both(t, noncesNeverGoBack) }

func noncesNeverGoBack(t *testing.T, keys Keys) {
	s, _ := open(t, keys)
	r := sample("a", 1)
	if err := s.Save(r); err != nil {
		t.Fatal(err)
	}
	if err := s.RaiseNonce("a", 100); err != nil {
		t.Fatal(err)
	}
	if err := s.RaiseNonce("a", 50); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(sample("a", 2)); err != nil { // whoever saves knows nothing of the nonce
		t.Fatal(err)
	}
	another := &Store{folder: s.folder, keys: keys, now: fixed, nonces: map[string]int64{}} // as after a restart
	if got, err := another.Load("a"); err != nil || got.Nonce != 100 || got.Generation != 2 {
		t.Errorf("%+v %v", got, err)
	}
	if err := s.RaiseNonce("only signs", 7); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Load("only signs"); err != nil || got.Nonce != 7 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestRecordsOutliveTheirConfigurationByThirtyDays(t *testing.T) {
	both(t, recordsOutliveTheirConfigurationByThirtyDays)
}

func recordsOutliveTheirConfigurationByThirtyDays(t *testing.T, keys Keys) {
	s, dir := open(t, keys)
	now := noon
	s.now = func() credential.Instant { return now }
	for _, name := range []string{"stays", "goes", "comes back"} {
		if err := s.Save(sample(name, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(dir+"/x.json.damaged-"+strconv.FormatInt(noon.Wall.Unix(), 10), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"goes", "comes back"} {
		if err := s.MarkRemoved(name); err != nil {
			t.Fatal(err)
		}
	}
	now = noon.Add(29 * 24 * time.Hour)
	if deleted, err := s.Sweep(func(string) bool { return false }); err != nil || len(deleted) != 0 {
		t.Errorf("after 29 days: %v %v", deleted, err)
	}
	if err := s.MarkRemoved("goes"); err != nil { // once more, at another start: the first date counts
		t.Fatal(err)
	}
	if _, err := s.Load("comes back"); err != nil {
		t.Fatal(err)
	}
	now = noon.Add(31 * 24 * time.Hour)
	deleted, err := s.Sweep(func(string) bool { return false })
	if err != nil || len(deleted) != 2 {
		t.Errorf("after 31 days: %v %v", deleted, err)
	}
	for name, want := range map[string]uint64{"stays": 1, "goes": 0, "comes back": 1} {
		if r, err := s.Load(name); err != nil || r.Generation != want {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
}

func TestManyCredentialsAtOnce(t *testing.T) { both(t, manyCredentialsAtOnce) }

func manyCredentialsAtOnce(t *testing.T, keys Keys) {
	s, _ := open(t, keys)
	var wg sync.WaitGroup
	for i := range 20 {
		name := "c" + strconv.Itoa(i%5)
		wg.Go(func() {
			for g := range uint64(5) {
				r := sample(name, g)
				r.Intent = &Intent{At: noon.Wall}
				if err := errors.Join(s.Intend(r), s.Save(sample(name, g+1)), s.RaiseNonce(name, int64(g))); err != nil {
					t.Error(err)
				}
				if _, err := s.Load(name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestNothingOfARecordIsPrintedByAccident(t *testing.T) {
	r := sample("a", 1)
	for _, text := range []string{cmp.Diff(r, Record{}), (&DamagedError{"a", "b"}).Error()} {
		if strings.Contains(text, "not-a-secret") {
			t.Errorf("a secret in %q", text)
		}
	}
}

func FuzzLoad(f *testing.F) {
	keys := Keys{Seal: aKey(f, keyOne), Open: []*Key{aKey(f, keyHybrid)}}
	record, err := encode(sample("a", 3), "boot")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Add([]byte(`{"version":3}`))
	f.Add([]byte(`{"name":"a"}`))
	f.Add([]byte(`{"version":1,"checksum":"0","record":{"name":"a"}}`))
	for _, key := range []*Key{nil, keys.Seal, keys.Open[0]} {
		file := whole(f, sample("a", 3), "boot", key)
		f.Add(file)
		if e, err := parse("a", file); err == nil {
			f.Add(e.Sealed)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// Most inputs get a right checksum, or nothing behind it would be reached.
		id := keys.Seal.ID()
		for _, file := range [][]byte{
			data,
			append([]byte(`{"version":1,"checksum":"`+checksum(data)+`","record":`), append(data, '}')...),
			[]byte(`{"version":2,"checksum":"` + checksum([]byte(id), data) + `","key":"` + id + `","age":"` + base64.StdEncoding.EncodeToString(data) + `"}`),
		} {
			record, _, err := keys.unwrap("a", file)
			if err != nil && record != nil {
				t.Errorf("a record beside the error %v", err)
			}
			checkRecord(t, record)
		}
		checkRecord(t, data)
	})
}

// checkRecord holds what is read against what is read back.
func checkRecord(t *testing.T, record []byte) {
	r, err := decode("a", record, clocks{"boot", noon})
	if err != nil {
		return
	}
	again, err := encode(r, "boot")
	if err != nil {
		return // times that JSON cannot hold
	}
	second, err := decode("a", again, clocks{"boot", noon})
	if diff := cmp.Diff(r, second, revealed); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
