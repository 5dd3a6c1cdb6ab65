package output

import (
	"bytes"
	"io"
	"io/fs"
	"os"
)

// stamp is what changes whenever anybody does anything to a file: as long as it
// is the same the file need not be read. The zero stamp is that of no file.
type stamp struct {
	device, inode uint64
	changed       int64 // ctime, nanoseconds; 0 where there is none
	modified      int64 // mtime, nanoseconds
	size          int64
	mode          fs.FileMode
	uid, gid      uint32
}

// stampAt is the stamp of what stands at path; a link is not followed there.
func stampAt(path string) stamp {
	info, err := os.Lstat(path)
	if err != nil {
		return stamp{}
	}
	return stampOf(info)
}

// draft is a file as it should be.
type draft struct {
	data     []byte
	mode     fs.FileMode
	uid, gid int
	modified int64 // mtime, nanoseconds since 1970
	written  stamp // of the file under its first name, once prepared
}

// installed is the stamp of the prepared file at path. A rename changes the
// ctime alone; whatever else is new was done by somebody who was quicker than
// this look, and then the stamp is one that no file has, so that the next look
// puts the file back.
func (d *draft) installed(path string) stamp {
	now, was := stampAt(path), d.written
	was.changed = now.changed
	if now != was {
		was.changed = -1
		return was
	}
	return now
}

// intact compares the file at path with what it should be. It gives the file's
// stamp if nothing is amiss.
func (d *draft) intact(path string) (stamp, bool) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(d.data)) || !d.fits(info) {
		return stamp{}, false
	}
	f, err := os.OpenFile(path, os.O_RDONLY|dontWait, 0)
	if err != nil {
		return stamp{}, false
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil || !os.SameFile(info, opened) {
		return stamp{}, false
	}
	have, err := io.ReadAll(io.LimitReader(f, int64(len(d.data))+1))
	if err != nil || !bytes.Equal(have, d.data) {
		return stamp{}, false
	}
	return stampOf(info), true
}

// fits compares everything but the content.
func (d *draft) fits(info fs.FileInfo) bool {
	const bits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
	return info.ModTime().UnixNano() == d.modified && sameMode(info.Mode()&bits, d.mode) && owned(info, d.uid, d.gid)
}
