package store

import (
	"io"
	"os"

	"authd/refresher/atomicfile"
)

// folder is what a Store does to its folder: few enough operations that a test
// can fail each of them, and lose what was not synced.
type folder interface {
	New(name string) (file, error)    // an empty file, whatever was there before
	Update(name string) (file, error) // one that is there, to be written over
	Read(name string) ([]byte, error)
	Rename(from, to string) error
	Remove(name string) error
	Names() ([]string, error)
	Sync() error // makes names durable
	Close() error
}

type file interface {
	io.WriterAt
	io.Closer
	Reserve(size int64) error // so that writing that many bytes needs no more room
	Truncate(size int64) error
	Sync() error
}

// maxRecord is far above the largest record: an answer is at most 1 MiB, and
// what was taken from it cannot be much more.
const maxRecord = 64 << 20

type diskFolder struct{ *atomicfile.Folder }

type diskFile struct{ *os.File }

func (d diskFolder) New(name string) (file, error) {
	f, err := d.Folder.New(name)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (d diskFolder) Update(name string) (file, error) {
	f, err := d.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (d diskFolder) Read(name string) ([]byte, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxRecord))
}

func (d diskFolder) Names() ([]string, error) {
	f, err := d.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func (f diskFile) Reserve(size int64) error { return reserve(f.File, size) }

// fillWithZeros reserves room where the system has no call for it.
func fillWithZeros(f *os.File, size int64) error {
	zeros := make([]byte, 4096)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}
