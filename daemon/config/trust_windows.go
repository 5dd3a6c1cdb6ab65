package config

import (
	"os"
	"slices"

	"authd/refresher/accesslist"
)

// trust is the account that the process runs as, and those that accesslist
// trusts anyway.
type trust struct {
	sids []string
}

// newTrust is for the process's account; there is no other to become.
func newTrust(string) trust {
	self, _ := accesslist.Self() // unknown: what belongs to it is refused
	return trust{[]string{self}}
}

// rights are an access list, or why there is none.
type rights struct {
	accesslist.List
	folder bool
}

func rightsOf(f *os.File) (rights, error) {
	list, err := accesslist.OfFile(f)
	return rights{list, false}, err
}

func rightsAt(folder string) (rights, error) {
	list, err := accesslist.OfPath(folder)
	return rights{list, true}, err
}

// The commands name accounts by number: names are translated on Windows of other
// languages.
const takeBack = `icacls "PATH" /setowner *` + accesslist.Administrators

// without takes from an account what it was granted here, or inherits.
func without(sid string) string { return `icacls "PATH" /inheritance:d /remove:g *` + sid }

func keepToYourself(remedy string) string { return remedy }

// with also trusts whom a file belongs to.
func (t trust) with(r rights) trust { return trust{append(slices.Clone(t.sids), r.Owner)} }

// changeable says who else can change a file, or replace what is in a folder.
func (t trust) changeable(r rights) (problem, remedy string) {
	if other := (accesslist.List{Owner: r.Owner}).Other(0, t.sids...); other != "" {
		return "belongs to " + accesslist.Name(other) + ", who may change it", takeBack
	}
	what := accesslist.Change
	if r.folder {
		what = accesslist.Replace
	}
	if other := r.Other(what, t.sids...); other != "" {
		return "may be changed by " + accesslist.Name(other), without(other)
	}
	return "", ""
}

// readable says who else can read a file.
func (t trust) readable(r rights) (who, remedy string) {
	if other := r.Other(accesslist.Read, t.sids...); other != "" {
		return accesslist.Name(other), without(other)
	}
	return "", ""
}
