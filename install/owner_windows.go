package install

import (
	"golang.org/x/sys/windows"

	"authd/refresher/accesslist"
)

// foreignOwner is whom a folder belongs to that is not the administrators'; ""
// for one of theirs, or none.
func foreignOwner(path string) string {
	list, err := accesslist.OfPath(path)
	if err != nil {
		return ""
	}
	self, err := accesslist.Self()
	if err != nil {
		return err.Error()
	}
	if other := (accesslist.List{Owner: list.Owner}).Other(0, self); other != "" {
		return accesslist.Name(other)
	}
	return ""
}

func isElevated() bool { return windows.GetCurrentProcessToken().IsElevated() }
