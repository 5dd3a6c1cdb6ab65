package output

import (
	"errors"
	"io/fs"
	"os"
)

const keepID = -1

func ids(o *Output) (uid, gid int, err error) {
	if o.Owner != "" || o.Group != "" {
		return 0, 0, errors.New("owner and group are not for Windows; leave them out and set the folder's access list")
	}
	return keepID, keepID, nil
}

func mayGive(int, int) error { return nil }

func mayWrite(string) error { return nil }

func give(*os.File, int, int) error { return nil }

func owned(fs.FileInfo, int, int) bool { return true }
