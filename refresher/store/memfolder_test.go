package store

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
)

// memFolder is a folder in memory that knows what a disk would still hold after
// a power cut, has a size, and fails or dies at a chosen step.
type memFolder struct {
	names, durable map[string]*memInode // as the process sees them; as they are on the disk
	size           int                  // room for all files together; 0: without end
	steps          int                  // operations that change something, so far
	failAt         int                  // the step that fails; 0: none
	dies           bool                 // nothing works from failAt on
}

type memInode struct {
	data, durable []byte
	reserved      int
}

var (
	errFault = errors.New("injected fault")
	errFull  = errors.New("no space left")
)

func newMemFolder() *memFolder {
	return &memFolder{names: map[string]*memInode{}, durable: map[string]*memInode{}}
}

// After a crash a new process sees one of these.
const (
	killed      = "killed, the system lived on"
	powerCut    = "power cut, only what was synced is there"
	namesAhead  = "power cut, the journal had the names but not the contents"
	stepsAtMost = 100
)

func (m *memFolder) reopened(how string) *memFolder {
	n := &memFolder{names: m.names, size: m.size}
	if how == powerCut {
		n.names = m.durable
	}
	n.names, n.durable = map[string]*memInode{}, map[string]*memInode{}
	from := m.names
	if how == powerCut {
		from = m.durable
	}
	for name, i := range from {
		data := i.data
		if how != killed {
			data = i.durable
		}
		copied := &memInode{data: slices.Clone(data), durable: slices.Clone(data)}
		n.names[name], n.durable[name] = copied, copied
	}
	return n
}

func (m *memFolder) step() error {
	m.steps++
	if m.failAt != 0 && (m.steps == m.failAt || m.dies && m.steps > m.failAt) {
		return errFault
	}
	return nil
}

func (m *memFolder) used() (n int) {
	for _, i := range m.names {
		n += max(len(i.data), i.reserved)
	}
	return n
}

func (m *memFolder) New(name string) (file, error) {
	if err := m.step(); err != nil {
		return nil, err
	}
	i := &memInode{}
	m.names[name] = i
	return &memFile{m, i}, nil
}

func (m *memFolder) Update(name string) (file, error) {
	i := m.names[name]
	if i == nil {
		return nil, fs.ErrNotExist
	}
	return &memFile{m, i}, nil
}

func (m *memFolder) Read(name string) ([]byte, error) {
	i := m.names[name]
	if i == nil {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(i.data), nil
}

func (m *memFolder) Rename(from, to string) error {
	if err := m.step(); err != nil {
		return err
	}
	if m.names[from] == nil {
		return fs.ErrNotExist
	}
	m.names[to] = m.names[from]
	delete(m.names, from)
	return nil
}

func (m *memFolder) Remove(name string) error {
	if m.names[name] == nil {
		return fs.ErrNotExist
	}
	if err := m.step(); err != nil {
		return err
	}
	delete(m.names, name)
	return nil
}

func (m *memFolder) Names() ([]string, error) { return slices.Collect(maps.Keys(m.names)), nil }

func (m *memFolder) Sync() error {
	if err := m.step(); err != nil {
		return err
	}
	m.durable = maps.Clone(m.names)
	return nil
}

func (m *memFolder) Close() error { return nil }

type memFile struct {
	m *memFolder
	i *memInode
}

// WriteAt writes half of its bytes when it fails.
func (f *memFile) WriteAt(b []byte, at int64) (int, error) {
	err := f.m.step()
	if err != nil {
		b = b[:len(b)/2]
	}
	end := int(at) + len(b)
	if grow := end - max(len(f.i.data), f.i.reserved); f.m.size > 0 && grow > 0 && f.m.used()+grow > f.m.size {
		return 0, errFull
	}
	if end > len(f.i.data) {
		f.i.data = append(f.i.data, make([]byte, end-len(f.i.data))...)
	}
	copy(f.i.data[at:], b)
	return len(b), err
}

func (f *memFile) Reserve(size int64) error {
	if err := f.m.step(); err != nil {
		return err
	}
	if f.m.size > 0 && f.m.used()+int(size) > f.m.size {
		return errFull
	}
	f.i.reserved = int(size)
	f.i.data = make([]byte, size)
	return nil
}

func (f *memFile) Truncate(size int64) error {
	if err := f.m.step(); err != nil {
		return err
	}
	f.i.data = f.i.data[:size]
	f.i.reserved = 0
	return nil
}

func (f *memFile) Sync() error {
	if err := f.m.step(); err != nil {
		return err
	}
	f.i.durable = slices.Clone(f.i.data)
	return nil
}

func (f *memFile) Close() error { return nil }
