package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"

	"authd/refresher/credential"
)

// Key encrypts records and opens them again. What it holds is behind closures,
// as in a credential.Secret: nothing can print it. It may be used from several
// goroutines.
type Key struct {
	id   string
	seal func(io.Writer) (io.WriteCloser, error)
	open func(io.Reader) (io.Reader, error)
}

// Keys are those of a folder.
type Keys struct {
	Seal *Key   // for all that is written; nil: it is not encrypted
	Open []*Key // more that may open what is there, as while the key is changed
}

// errNoKey never quotes what it was given: it may be a part of a key.
var errNoKey = errors.New("is no key: it must hold one line that begins AGE-SECRET-KEY-")

// ParseKey reads an age identity as age-keygen writes it: one line with a key
// of the X25519 or the hybrid post-quantum kind, beside empty lines and
// comments (https://age-encryption.org/v1). The error tells nothing of text.
func ParseKey(text credential.Secret) (*Key, error) {
	identities, err := age.ParseIdentities(strings.NewReader(text.Reveal()))
	if err != nil {
		return nil, errNoKey
	}
	if len(identities) != 1 {
		return nil, fmt.Errorf("holds %d keys, and must hold one", len(identities))
	}
	switch i := identities[0].(type) {
	case *age.X25519Identity:
		return newKey(i, i.Recipient(), i.Recipient().String()), nil
	case *age.HybridIdentity:
		return newKey(i, i.Recipient(), i.Recipient().String()), nil
	}
	return nil, errNoKey
}

// NewKey makes a key of the X25519 kind, and its text for a file.
func NewKey() (*Key, credential.Secret, error) {
	i, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, credential.Secret{}, err
	}
	return newKey(i, i.Recipient(), i.Recipient().String()), credential.NewSecret(i.String()), nil
}

func newKey(i age.Identity, r age.Recipient, public string) *Key {
	sum := sha256.Sum256([]byte("authd state key\x00" + public))
	return &Key{
		id:   hex.EncodeToString(sum[:8]),
		seal: func(w io.Writer) (io.WriteCloser, error) { return age.Encrypt(w, r) },
		open: func(r io.Reader) (io.Reader, error) { return age.Decrypt(r, i) },
	}
}

// ID is 16 hex digits that tell one key from another: a hash of its public
// half, of no use to anyone else. That of a nil key is "".
func (k *Key) ID() string {
	if k == nil {
		return ""
	}
	return k.id
}

// find gives the key with an ID, or nil.
func (k Keys) find(id string) *Key {
	for _, key := range append([]*Key{k.Seal}, k.Open...) {
		if key != nil && key.id == id {
			return key
		}
	}
	return nil
}

// ids are those of all keys, each once.
func (k Keys) ids() []string {
	var ids []string
	for _, key := range append([]*Key{k.Seal}, k.Open...) {
		if key != nil && !slices.Contains(ids, key.id) {
			ids = append(ids, key.id)
		}
	}
	return ids
}
