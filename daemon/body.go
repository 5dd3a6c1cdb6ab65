package daemon

import (
	"io"
	"os"
	"slices"

	"authd/ipc"
	"authd/refresher/sign"
)

// heldInMemory is how much of a body is kept in memory; longer ones go through a file
// that has no name, so that a few large uploads do not make the daemon large.
const heldInMemory = 1 << 20

// readBody takes the body's bytes where the scheme signs them; digests the
// server has made of it. The spool is to be removed when the signature is made.
func (b backend) readBody(u *unit, r *ipc.SignRequest, into *sign.Request) (spool *spool, err error) {
	if r.Body == nil || !slices.Contains(u.needs, ipc.NeedsBody) {
		return nil, nil
	}
	into.Body, err = io.ReadAll(io.LimitReader(r.Body, heldInMemory))
	if err != nil || len(into.Body) < heldInMemory {
		return nil, err
	}
	spool, err = newSpool(b.base.StateDir, into.Body, r.Body)
	if err != nil {
		return nil, err
	}
	into.Body, into.Large = nil, spool.file
	return spool, nil
}

// spool is a body on the disk.
type spool struct{ file *os.File }

// newSpool writes a body whose beginning has been read. The file loses its
// name at once where the system allows that, so that a crash leaves nothing.
func newSpool(dir string, begin []byte, rest io.Reader) (*spool, error) {
	file, err := os.CreateTemp(dir, ".body-") // 0600
	if err != nil {
		return nil, err
	}
	s := &spool{file}
	_ = os.Remove(file.Name())
	if _, err := file.Write(begin); err != nil {
		s.remove()
		return nil, err
	}
	if _, err := io.Copy(file, rest); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// remove is nothing for a nil spool.
func (s *spool) remove() {
	if s == nil {
		return
	}
	_ = s.file.Close()
	_ = os.Remove(s.file.Name()) // Windows keeps the name of an open file
}
