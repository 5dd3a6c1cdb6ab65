package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"authd/refresher/credential"
)

// Keys that were made for these tests and open nothing else.
const (
	keyOne    = "AGE-SECRET-KEY-1GWK0UF6A4ZVDN5NVKRCJR8L2M8DQRCWCQ8VHCZ3E0DRM4RQTAYZQJD5YED"
	keyTwo    = "AGE-SECRET-KEY-1CRHTAF9DZHEJKXWU44GLZ56MC3YKN5YTJ7UFVNJMTLNYZ6DD9VUSEUDJ77"
	keyHybrid = "AGE-SECRET-KEY-PQ-1UDJ0TTDMAFVMNK4CL2P5F2J9R5NQZMEE6NYA6R20W27SKV8PND5Q0CHFHT"
)

// telltale stands in every sample, and in base64 as JSON holds bytes.
var telltale = [][]byte{[]byte("not-a-secret"), []byte(base64.StdEncoding.EncodeToString([]byte("not-a-secret")))}

func showsASecret(data []byte) bool {
	return slices.ContainsFunc(telltale, func(s []byte) bool { return bytes.Contains(data, s) })
}

func TestParseKey(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"alone":                  {keyOne, ""},
		"as age-keygen writes":   {"# created: 2026-11-22T08:00:00Z\n# public key: age1invented\n" + keyOne + "\n", ""},
		"with carriage returns":  {"# created\r\n\r\n" + keyOne + "\r\n", ""},
		"of the hybrid kind":     {keyHybrid, ""},
		"nothing":                {"", "is no key: it must hold one line that begins AGE-SECRET-KEY-"},
		"a passphrase":           {"correct horse not-a-secret", "is no key: it must hold one line that begins AGE-SECRET-KEY-"},
		"cut off":                {keyOne[:40], "is no key: it must hold one line that begins AGE-SECRET-KEY-"},
		"a letter changed":       {keyOne[:30] + "2" + keyOne[31:], "is no key: it must hold one line that begins AGE-SECRET-KEY-"},
		"the public half":        {"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "is no key: it must hold one line that begins AGE-SECRET-KEY-"},
		"of an SSH user":         {"-----BEGIN OPENSSH PRIVATE KEY-----\nnot-a-secret\n", "is no key: it must hold one line that begins AGE-SECRET-KEY-"},
		"of a plugin":            {"AGE-PLUGIN-YUBIKEY-1QQPSPQ", "is no key: it must hold one line that begins AGE-SECRET-KEY-"},
		"two":                    {keyOne + "\n" + keyTwo + "\n", "holds 2 keys, and must hold one"},
		"one with words after":   {keyOne + " # mine", "is no key: it must hold one line that begins AGE-SECRET-KEY-"},
		"one behind a file mark": {"\ufeff" + keyOne, "is no key: it must hold one line that begins AGE-SECRET-KEY-"},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := ParseKey(credential.NewSecret(tt.text))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want || (err == nil) != (len(k.ID()) == 16) {
				t.Errorf("got %q, %q", k.ID(), got)
			}
		})
	}
}

func TestAKeyIsPrintedNowhere(t *testing.T) {
	for _, k := range []*Key{aKey(t, keyOne), aKey(t, keyHybrid)} {
		for _, v := range []any{k, *k, Keys{Seal: k, Open: []*Key{k}}, &Store{keys: Keys{Seal: k}}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
				if text := fmt.Sprintf(verb, v); strings.Contains(strings.ToUpper(text), "AGE-SECRET") {
					t.Errorf("%s of %T shows the key", verb, v)
				}
			}
		}
	}
	made, text, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseKey(text); err != nil || again.ID() != made.ID() {
		t.Errorf("a new key is read back as %s, %v; want %s", again.ID(), err, made.ID())
	}
}

// TestAnOlderAuthdLeavesEncryptedRecordsAlone: the first one judged the version
// before all else, and gave up what had a higher one than it knew.
func TestAnOlderAuthdLeavesEncryptedRecordsAlone(t *testing.T) {
	file := whole(t, sample("a", 1), "", aKey(t, keyOne))
	if !bytes.HasPrefix(file, []byte(`{"version":2,`)) {
		t.Errorf("the file begins %.20s", file)
	}
	if file := whole(t, sample("a", 1), "", nil); !bytes.HasPrefix(file, plainBegin) {
		t.Errorf("a plain file begins %.20s", file)
	}
}

func TestTheChecksumTellsNothingOfTheRecord(t *testing.T) {
	key := aKey(t, keyOne)
	one, _ := parse("a", whole(t, sample("a", 1), "", key))
	two, _ := parse("a", whole(t, sample("a", 1), "", key))
	if one.Checksum == "" || one.Checksum == two.Checksum || bytes.Equal(one.Sealed, two.Sealed) {
		t.Error("the same record gives the same file")
	}
}

// TestADamagedRecordIsNotTakenForAWrongKey: every bit of a file in turn.
func TestADamagedRecordIsNotTakenForAWrongKey(t *testing.T) {
	keys := Keys{Seal: aKey(t, keyOne)}
	file := whole(t, Record{Name: "a"}, "", keys.Seal)
	for i := range file {
		for bit := range 8 {
			hurt := slices.Clone(file)
			hurt[i] ^= 1 << bit
			_, _, err := keys.unwrap("a", hurt)
			isVersion := errors.As(err, new(*NewerError)) && i == len(`{"version":`)
			if err != nil && !errors.Is(err, errDamaged) && !isVersion {
				t.Fatalf("bit %d of byte %d: %v", bit, i, err)
			}
		}
	}
}

func TestAFileThatNoAuthdWroteIsDamaged(t *testing.T) {
	// Its checksum is right, and it is meant for the key at hand.
	key := aKey(t, keyOne)
	e, err := parse("a", whole(t, sample("a", 1), "", aKey(t, keyTwo)))
	if err != nil {
		t.Fatal(err)
	}
	file := fmt.Appendf(nil, `{"version":2,"checksum":%q,"key":%q,"age":%q}`,
		checksum([]byte(key.ID()), e.Sealed), key.ID(), base64.StdEncoding.EncodeToString(e.Sealed))
	if _, _, err := (Keys{Seal: key}).unwrap("a", file); !errors.Is(err, errDamaged) {
		t.Errorf("got %v", err)
	}
}

// state is a folder in which something of each kind lies.
func state(t *testing.T, key *Key) (dir string) {
	t.Helper()
	keys := Keys{Seal: key}
	s, dir := open(t, keys)
	for i := range 3 {
		if err := s.Save(sample(fmt.Sprint("c", i), uint64(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"c1.json.room": append(whole(t, sample("c1", 7), "", key), 0, 0, 0), // an answer that was not renamed
		"c2.json.new":  []byte("half a rec"),
		"audit.log":    []byte("{}\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// footprint is all that can be seen of a folder: names, contents, times, modes.
func footprint(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(h, path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		if d.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		_, _ = h.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestAWrongKeyTouchesNothing(t *testing.T) {
	one, two := aKey(t, keyOne), aKey(t, keyTwo)
	for name, tt := range map[string]struct {
		keys Keys
		want string
	}{
		"no key": {Keys{}, "state of c0 and 3 more: is encrypted, this one with the key " + one.ID() +
			", and there is no state_key; nothing was touched: write that key as state_key below [daemon], or take the encryption away: authd rekey --plain --from FILE, with that key in the file"},
		"another key": {Keys{Seal: two}, "state of c0 and 3 more: is encrypted, this one with the key " + one.ID() + ", and state_key is the key " + two.ID() +
			"; nothing was touched: put that key back, or have it changed: authd rekey --from FILE, with that key in the file"},
	} {
		for _, lock := range []string{"with a lock", "restored without one"} {
			t.Run(name+", "+lock, func(t *testing.T) {
				dir := state(t, one)
				if lock != "with a lock" {
					if err := os.Remove(filepath.Join(dir, lockName)); err != nil {
						t.Fatal(err)
					}
				}
				before := footprint(t, dir)
				_, err := Open(dir, tt.keys, fixed)
				var wrong *KeyError
				if !errors.As(err, &wrong) || wrong.Error() != tt.want {
					t.Errorf("got  %v\nwant %s", err, tt.want)
				}
				if err := Judge(dir, tt.keys); !errors.As(err, &wrong) {
					t.Errorf("looked at from outside: %v", err)
				}
				if footprint(t, dir) != before {
					t.Error("the folder has changed")
				}
				if err := Judge(dir, Keys{Seal: one}); err != nil {
					t.Errorf("the right key, from outside: %v", err)
				}
				if footprint(t, dir) != before {
					t.Error("looking at it has changed the folder")
				}
			})
		}
	}
}

func TestOneRecordOfAnotherKeyIsToldAlone(t *testing.T) {
	dir := state(t, nil)
	one := aKey(t, keyOne)
	if err := os.WriteFile(dir+"/c0.json", whole(t, sample("c0", 1), "", one), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, Keys{Seal: aKey(t, keyTwo)}, fixed)
	if err == nil || !strings.Contains(err.Error(), "state of c0: is encrypted with the key "+one.ID()+", and") {
		t.Errorf("got %v", err)
	}
}

// ways are those in which a folder's key may change.
func ways(t *testing.T) map[string][2]Keys {
	one, two, hybrid := aKey(t, keyOne), aKey(t, keyTwo), aKey(t, keyHybrid)
	return map[string][2]Keys{
		"from plain to encrypted": {{}, {Seal: one}},
		"from one key to another": {{Seal: one}, {Seal: two, Open: []*Key{one}}},
		"to a hybrid one":         {{Seal: one}, {Seal: hybrid, Open: []*Key{one}}},
		"back to plain":           {{Seal: one}, {Open: []*Key{one}}},
	}
}

func TestTheKeyOfAFolderIsChanged(t *testing.T) {
	for name, way := range ways(t) {
		t.Run(name, func(t *testing.T) {
			dir := state(t, way[0].Seal)
			s, err := Open(dir, way[1], fixed)
			if err != nil {
				t.Fatal(err)
			}
			done, err := s.Reseal()
			if err != nil || done.Changed != 3 || len(done.Left) != 0 {
				t.Errorf("%+v %v", done, err)
			}
			if done, err := s.Reseal(); err != nil || done.Changed != 0 {
				t.Errorf("once more: %+v %v", done, err)
			}
			_ = s.Close()
			s, err = Open(dir, Keys{Seal: way[1].Seal}, fixed) // the old key is gone
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for name, generation := range map[string]uint64{"c0": 1, "c1": 7, "c2": 3} {
				if r, err := s.Load(name); err != nil || r.Generation != generation || r.Cred == nil || r.Cred.Value.Reveal() != fmt.Sprintf("not-a-secret-%d", generation) {
					t.Errorf("%s: %+v %v", name, r, err)
				}
			}
			secretsShow := false
			files, _ := filepath.Glob(dir + "/*")
			for _, f := range files {
				data, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				secretsShow = secretsShow || showsASecret(data)
			}
			if secretsShow != (way[1].Seal == nil) {
				t.Errorf("a secret can be read: %v", secretsShow)
			}
		})
	}
}

// TestAChangeOfKeyMayEndAtAnyStep: whatever was done, both keys together read
// all, and doing it again completes it.
func TestAChangeOfKeyMayEndAtAnyStep(t *testing.T) {
	for name, way := range ways(t) {
		for _, how := range []string{killed, powerCut, namesAhead} {
			t.Run(name+", "+how, func(t *testing.T) {
				for at := 1; ; at++ {
					if at > stepsAtMost {
						t.Fatal("it never ends")
					}
					m := newMemFolder()
					for i := range 3 {
						if err := onMemory(m, way[0]).Save(sample(fmt.Sprint("c", i), uint64(i+1))); err != nil {
							t.Fatal(err)
						}
					}
					m.failAt, m.dies = m.steps+at, true
					done := changeKey(onMemory(m, way[1]))
					if after := onMemory(m.reopened(how), Keys{Seal: way[1].Seal}); done == nil && (after.judge() != nil || len(after.stale) != 0) {
						t.Errorf("it was said to be done, and the old key is needed: %v", after.stale)
					}
					again := onMemory(m.reopened(how), way[1])
					for i := range 3 {
						if r, err := again.Load(fmt.Sprint("c", i)); err != nil || r.Generation != uint64(i+1) {
							t.Fatalf("step %d: c%d: %+v %v", at, i, r, err)
						}
					}
					if err := changeKey(again); err != nil {
						t.Fatalf("step %d: it cannot be completed: %v", at, err)
					}
					alone := onMemory(again.folder.(*memFolder), Keys{Seal: way[1].Seal})
					if err := alone.judge(); err != nil || len(alone.stale) != 0 {
						t.Fatalf("step %d: after the second time: %v %v", at, err, alone.stale)
					}
					if names, _ := again.folder.Names(); len(names) != 3 {
						t.Errorf("step %d: left over: %v", at, names)
					}
					if done == nil {
						return
					}
				}
			})
		}
	}
}

func changeKey(s *Store) error {
	if err := s.judge(); err != nil {
		return err
	}
	if err := s.tidy(); err != nil {
		return err
	}
	_, err := s.Reseal()
	return err
}

func TestAFullDiskStopsAChangeOfKeyHalfWay(t *testing.T) {
	one, two := aKey(t, keyOne), aKey(t, keyTwo)
	m := newMemFolder()
	for _, name := range []string{"a", "b"} {
		if err := onMemory(m, Keys{Seal: one}).Save(sample(name, 1)); err != nil {
			t.Fatal(err)
		}
	}
	m.size = m.used() + 10
	s := onMemory(m, Keys{Seal: two, Open: []*Key{one}})
	if err := changeKey(s); !errors.Is(err, errFull) {
		t.Fatalf("got %v", err)
	}
	if names, _ := m.Names(); len(names) != 2 {
		t.Errorf("left over: %v", names)
	}
	m.size = 0
	if err := changeKey(s); err != nil {
		t.Errorf("with room: %v", err)
	}
}

func TestWhatCannotBeReadIsLeftByAChangeOfKey(t *testing.T) {
	for name, data := range map[string]string{"newer": `{"version":3}`, "damaged": "half a rec"} {
		t.Run(name, func(t *testing.T) {
			dir := state(t, nil)
			if err := os.WriteFile(dir+"/c0.json", []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(dir, Keys{Seal: aKey(t, keyOne)}, fixed)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if done, err := s.Reseal(); err != nil || done.Changed != 2 || !slices.Equal(done.Left, []string{"c0"}) {
				t.Errorf("%+v %v", done, err)
			}
			if kept, _ := os.ReadFile(dir + "/c0.json"); string(kept) != data {
				t.Errorf("it became %q", kept)
			}
		})
	}
}

// TestDamagedRecordsAreEncryptedToo: what is damaged may hold a whole secret.
func TestDamagedRecordsAreEncryptedToo(t *testing.T) {
	one, two := aKey(t, keyOne), aKey(t, keyTwo)
	dir := state(t, nil)
	damaged := whole(t, sample("c0", 1), "", nil)
	damaged[len(damaged)-2] = 'x'
	const aside = "/c0.json.damaged-1"
	if err := os.WriteFile(dir+aside, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		keys  Keys
		plain bool
	}{{Keys{Seal: one}, false}, {Keys{Seal: one}, false}, {Keys{Seal: two, Open: []*Key{one}}, false}, {Keys{Open: []*Key{two}}, true}} {
		s, err := Open(dir, step.keys, fixed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Reseal(); err != nil {
			t.Fatal(err)
		}
		_ = s.Close()
		data, err := os.ReadFile(dir + aside)
		if err != nil || showsASecret(data) != step.plain {
			t.Errorf("with %+v the file set aside shows a secret: %v %v", step.keys.ids(), !step.plain, err)
		}
	}
	if data, _ := os.ReadFile(dir + aside); !bytes.Equal(data, damaged) {
		t.Error("what was set aside came back as something else")
	}
}

// TestTheRoomIsLargeEnough: an answer that a plain folder has reserved room for
// fits an encrypted one.
func TestTheRoomIsLargeEnough(t *testing.T) {
	for _, text := range []string{keyOne, keyHybrid} {
		s := onMemory(newMemFolder(), Keys{Seal: aKey(t, text)})
		before := sample("a", 1)
		before.Intent = &Intent{Spent: "hash", At: noon.Wall}
		plain := onMemory(newMemFolder(), Keys{})
		for _, s := range []*Store{plain, s} {
			if err := s.Intend(before); err != nil {
				t.Fatal(err)
			}
		}
		reserved := func(s *Store) int { return s.folder.(*memFolder).names["a"+roomSuffix].reserved }
		after := sample("a", 2)
		after.Cred.Answer = bytes.Repeat([]byte{'0'}, reserved(plain)*3/4-1000) // base64 takes the rest
		if n := len(whole(t, after, "", nil)); n > reserved(plain) || n < reserved(plain)*9/10 {
			t.Fatalf("the answer of %d bytes does not test a room of %d", n, reserved(plain))
		}
		if n := len(whole(t, after, "", s.keys.Seal)); n > reserved(s) {
			t.Errorf("%d bytes for a room of %d", n, reserved(s))
		}
	}
}

// TestAnAnswerInItsRoomIsNotForgottenByAChangeOfKey: Open passes over a room
// that it cannot make the record, and the old key will be thrown away.
func TestAnAnswerInItsRoomIsNotForgottenByAChangeOfKey(t *testing.T) {
	for name, way := range ways(t) {
		t.Run(name, func(t *testing.T) {
			m := newMemFolder()
			before := onMemory(m, way[0])
			if err := before.Save(sample("a", 1)); err != nil {
				t.Fatal(err)
			}
			room := &memInode{data: whole(t, sample("a", 2), "", way[0].Seal)}
			m.names["a"+roomSuffix] = room
			s := onMemory(m, way[1])
			if err := s.judge(); err != nil {
				t.Fatal(err)
			}
			m.failAt, m.dies = m.steps+1, true
			if err := s.tidy(); err != nil || m.names["a"+roomSuffix] == nil {
				t.Fatalf("the room is gone: %v", err)
			}
			if _, err := s.Reseal(); err == nil {
				t.Error("on a disk that cannot be written to it is said to be done")
			}
			m.failAt, m.dies = 0, false
			if _, err := s.Reseal(); err != nil {
				t.Fatal(err)
			}
			alone := onMemory(m, Keys{Seal: way[1].Seal})
			if err := alone.judge(); err != nil || len(alone.stale) > 0 {
				t.Errorf("the old key is needed: %v %v", err, alone.stale)
			}
			if r, err := alone.Load("a"); err != nil || r.Generation != 2 {
				t.Errorf("%+v %v", r, err)
			}
		})
	}
}
