package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The versions of files. A newer one is not touched, and an authd that knows
// only the first leaves the second alone.
const (
	plainVersion  = 1
	sealedVersion = 2
)

// errDamaged is given for bytes that no version of authd wrote.
var errDamaged = errors.New("damaged")

// NewerError is a record that a newer authd wrote. It is left as it is.
type NewerError struct {
	Name    string
	Version int
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("state of %s: has version %d, this authd knows %d; run the authd that wrote it, or delete the file to begin anew",
		e.Name, e.Version, sealedVersion)
}

// KeyError is what is encrypted with a key that is not at hand. It is left as
// it is.
type KeyError struct {
	Name   string   // of one credential
	Others int      // that have the same trouble
	Key    string   // the ID of the one that Name was encrypted with
	Have   []string // those of the keys at hand; none: there is no state_key
}

func (e *KeyError) Error() string {
	what := "state of " + e.Name + ": is encrypted with"
	if e.Others > 0 {
		what = fmt.Sprintf("state of %s and %d more: is encrypted, this one with", e.Name, e.Others)
	}
	if len(e.Have) == 0 {
		return fmt.Sprintf("%s the key %s, and there is no state_key; nothing was touched: write that key as state_key below [daemon], or take the encryption away: authd rekey --plain --from FILE, with that key in the file", what, e.Key)
	}
	return fmt.Sprintf("%s the key %s, and state_key is the key %s; nothing was touched: put that key back, or have it changed: authd rekey --from FILE, with that key in the file",
		what, e.Key, strings.Join(e.Have, ", "))
}

// envelope is a file.
type envelope struct {
	Version  int             `json:"version"`
	Checksum string          `json:"checksum"`         // over Record's bytes as they stand, or over Key and Sealed
	Record   json.RawMessage `json:"record,omitempty"` // version 1
	Key      string          `json:"key,omitempty"`    // version 2: the ID of the key that Sealed is for
	Sealed   []byte          `json:"age,omitempty"`    // version 2: an age file with what version 1 has as Record
}

// plainBegin is how a plain file begins that we wrote.
var plainBegin = []byte(`{"version":1,`)

// parse reads an envelope as far as no key is needed.
func parse(name string, data []byte) (envelope, error) {
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return e, errDamaged
	}
	switch {
	case e.Version > sealedVersion:
		return e, &NewerError{Name: name, Version: e.Version}
	case e.Version == plainVersion && e.Key == "" && e.Checksum == checksum(e.Record):
		return e, nil
	case e.Version == sealedVersion && e.Key != "" && e.Checksum == checksum([]byte(e.Key), e.Sealed):
		return e, nil
	}
	return e, errDamaged
}

// wrap makes a file of a record's bytes, encrypted unless key is nil.
func wrap(record []byte, key *Key) ([]byte, error) {
	if key == nil {
		return json.Marshal(envelope{Version: plainVersion, Checksum: checksum(record), Record: record})
	}
	var sealed bytes.Buffer
	w, err := key.seal(&sealed)
	if err == nil {
		_, err = w.Write(record)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("cannot be encrypted: %w", err)
	}
	return json.Marshal(envelope{
		Version: sealedVersion, Checksum: checksum([]byte(key.id), sealed.Bytes()), Key: key.id, Sealed: sealed.Bytes(),
	})
}

// unwrap gives the bytes of the record in a file, and the ID of the key it is
// encrypted with, which is "" for a plain one. A checksum that is right, with a
// key that is at hand but does not open, is damage too: no authd wrote it.
func (k Keys) unwrap(name string, data []byte) (record []byte, key string, err error) {
	e, err := parse(name, data)
	if err != nil {
		return nil, "", err
	}
	if e.Version == plainVersion {
		return e.Record, "", nil
	}
	with := k.find(e.Key)
	if with == nil {
		return nil, e.Key, &KeyError{Name: name, Key: e.Key, Have: k.ids()}
	}
	plain, err := with.open(bytes.NewReader(e.Sealed))
	if err == nil {
		record, err = io.ReadAll(plain)
	}
	if err != nil {
		return nil, e.Key, errDamaged
	}
	return record, e.Key, nil
}

// checksum is of parts one after the other, which what they are in tells apart.
func checksum(parts ...[]byte) string {
	sum := sha256.New()
	for _, p := range parts {
		_, _ = sum.Write(p)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
