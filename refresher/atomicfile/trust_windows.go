package atomicfile

import (
	"io/fs"
	"os"
)

func ownedByRoot(fs.FileInfo) bool { return false }

func onlyRootChanges(fs.FileInfo) bool { return false }

func changeable(fs.FileInfo, bool, []int) string { return "" }

func readable(fs.FileInfo) bool { return false }

// syncFolder does nothing: a folder's handle cannot be flushed, and a rename
// is journalled by NTFS.
func syncFolder(*os.File) error { return nil }
