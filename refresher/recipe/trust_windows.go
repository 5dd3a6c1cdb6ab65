package recipe

import (
	"io/fs"
	"os"

	"authd/refresher/accesslist"
)

// untrusted says who else could change a recipe's file, or "".
func untrusted(f *os.File, _ fs.FileInfo) string {
	list, err := accesslist.OfFile(f)
	if err != nil {
		return err.Error()
	}
	self, err := accesslist.Self()
	if err != nil {
		return err.Error()
	}
	if other := list.Other(accesslist.Change, self); other != "" {
		return accesslist.Name(other) + " may write to it"
	}
	return ""
}
