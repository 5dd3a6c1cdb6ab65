package config

import (
	"fmt"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"authd/refresher/document"
)

// Allow says which local users may do something. Names were resolved when the
// config was loaded. The zero value is nobody.
type Allow struct {
	all  bool
	uids []uint32
	gids []uint32
}

// Matches reports whether a caller is one of them, by the kernel's word: gids
// are the groups it gives, the primary one among them. Root and the daemon's
// own user are not treated apart here.
func (a Allow) Matches(uid uint32, gids []uint32) bool {
	if a.all || slices.Contains(a.uids, uid) {
		return true
	}
	return slices.ContainsFunc(gids, func(gid uint32) bool { return slices.Contains(a.gids, gid) })
}

// plus is a or b; neither is changed.
func (a Allow) plus(b Allow) Allow {
	return Allow{
		all:  a.all || b.all,
		uids: slices.Concat(a.uids, b.uids),
		gids: slices.Concat(a.gids, b.gids),
	}
}

func (r *reader) allow(n *document.Node, into *Allow) bool {
	var list []string
	if !r.texts(n, &list) {
		return false
	}
	var a Allow
	good := true
	for i, entry := range list {
		good = r.allowEntry(n.Nodes[i], entry, &a) && good
	}
	*into = a
	return good
}

// allowEntry adds one entry to a. A name that nobody has is a warning: it
// matches nobody.
func (r *reader) allowEntry(n *document.Node, entry string, a *Allow) bool {
	kind, name, isPair := strings.Cut(entry, ":")
	switch {
	case entry == "*":
		a.all = true
	case strings.Contains(entry, "+exe:"):
		r.fail(n, "this version cannot judge a caller's program yet", fmt.Sprintf("write %q", entry[:strings.Index(entry, "+exe:")]))
		return false
	case kind == "unit" && isPair:
		r.fail(n, "this version cannot judge a caller's unit yet", `write the user it runs as, "user:NAME"`)
		return false
	case kind == "user" && name != "":
		r.resolve(n, entry, r.ids.uid, name, &a.uids)
	case kind == "group" && name != "":
		r.resolve(n, entry, r.ids.gid, name, &a.gids)
	case kind == "uid":
		return r.number(n, entry, name, &a.uids)
	case kind == "gid":
		return r.number(n, entry, name, &a.gids)
	case !isPair && entry != "":
		r.fail(n, fmt.Sprintf("%q does not say whether it is a user or a group", entry), fmt.Sprintf(`write "user:%[1]s" or "group:%[1]s"`, entry))
		return false
	default:
		r.fail(n, fmt.Sprintf("%q is no caller", entry), didYouMeanOr(kind, []string{"user", "uid", "group", "gid"}, "write user:NAME, uid:N, group:NAME, gid:N or *"))
		return false
	}
	return true
}

func (r *reader) resolve(n *document.Node, entry string, id func(string) (uint32, bool), name string, into *[]uint32) {
	i, ok := id(name)
	if !ok {
		r.warnings.Add(r.file.name, n, fmt.Sprintf("there is no %q here, so it matches nobody", entry), "make it and reload, or take it out")
		return
	}
	*into = append(*into, i)
}

func (r *reader) number(n *document.Node, entry, digits string, into *[]uint32) bool {
	// The highest number is the kernel's "none" and never a caller.
	i, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || i == 1<<32-1 {
		kind, _, _ := strings.Cut(entry, ":")
		r.fail(n, fmt.Sprintf("%q has no number that can be a caller's", entry), fmt.Sprintf("write %q or such", kind+":1000"))
		return false
	}
	*into = append(*into, uint32(i))
	return true
}

// ids resolves names of users and groups, each once.
type ids struct {
	users, groups map[string]string // "" where there is none
}

func (i *ids) uid(name string) (uint32, bool) {
	return cached(i.users, name, func() (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
}

func (i *ids) gid(name string) (uint32, bool) {
	return cached(i.groups, name, func() (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
}

// cached gives a number only where the system's identifiers are numbers; on
// Windows they are not, and no name resolves.
func cached(known map[string]string, name string, look func() (string, error)) (uint32, bool) {
	id, ok := known[name]
	if !ok {
		id, _ = look()
		known[name] = id
	}
	n, err := strconv.ParseUint(id, 10, 32)
	return uint32(n), err == nil
}
