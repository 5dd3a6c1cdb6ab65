package atomicfile

import (
	"fmt"
	"io/fs"
	"os"

	"authd/refresher/accesslist"
)

// Links are not followed on Windows: it has none of its own in the places that
// are written to.
func ownedByRoot(fs.FileInfo) bool { return false }

func onlyRootChanges(fs.FileInfo) bool { return false }

// rights are a folder's access list, its path, and the account of this process.
type rights struct {
	accesslist.List
	path, self string
}

func rightsOf(path string, _ fs.FileInfo) (r rights, err error) {
	d, err := os.Open(path)
	if err != nil {
		return r, err
	}
	defer d.Close()
	if r.List, err = accesslist.OfFile(d); err != nil {
		return r, err
	}
	r.path = path
	r.self, err = accesslist.Self()
	return r, err
}

// changeable says who else can put something in the place of what is in a
// folder, or in the last one add something; trust has numbers, which are not
// for Windows.
func changeable(r rights, last bool, _ []int) string {
	what := accesslist.Replace
	if last {
		what = accesslist.Change
	}
	if other := r.Other(what, r.self); other != "" {
		return fmt.Sprintf("%s may change it; %s, or choose another", accesslist.Name(other), r.without(other))
	}
	return ""
}

func readable(r rights) string {
	if other := r.Other(accesslist.Read, r.self); other != "" {
		return fmt.Sprintf("%s may read it; %s", accesslist.Name(other), r.without(other))
	}
	return ""
}

// without is what takes an account's rights away, whose folder it is included.
func (r rights) without(sid string) string {
	if sid == r.Owner {
		return `type: icacls "` + r.path + `" /setowner *` + accesslist.Administrators
	}
	return `type: icacls "` + r.path + `" /inheritance:d /remove:g *` + sid
}

// syncFolder does nothing: a folder's handle cannot be flushed, and a rename
// is journalled by NTFS.
func syncFolder(*os.File) error { return nil }
