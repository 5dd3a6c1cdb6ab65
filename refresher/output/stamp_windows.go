package output

import "io/fs"

const dontWait = 0

func stampOf(info fs.FileInfo) stamp {
	return stamp{modified: info.ModTime().UnixNano(), size: info.Size(), mode: info.Mode()}
}

// sameMode knows only one bit, whether the owner may write.
func sameMode(have, want fs.FileMode) bool { return have&0o200 == want&0o200 }
