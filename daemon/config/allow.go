package config

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"authd/refresher/document"
)

// Allow says which local users may do something. Names were resolved when the
// config was loaded. The zero value is nobody.
type Allow struct {
	all   bool
	uids  []uint32
	gids  []uint32
	units []string
	exes  []exe
}

// exe is a user while it runs one program.
type exe struct {
	uid  uint32
	path string
}

// Process is what is asked of a caller only where an entry needs it.
type Process interface {
	Unit() string          // the systemd unit it is in, or ""
	Runs(path string) bool // whether its program is the file at path
}

// Matches reports whether a caller is one of them, by the kernel's word: gids
// are the groups it gives, the primary one among them. Root and the daemon's
// own user are not treated apart here.
func (a Allow) Matches(uid uint32, gids []uint32, p Process) bool {
	if a.all || slices.Contains(a.uids, uid) {
		return true
	}
	if slices.ContainsFunc(gids, func(gid uint32) bool { return slices.Contains(a.gids, gid) }) {
		return true
	}
	if slices.ContainsFunc(a.exes, func(e exe) bool { return e.uid == uid && p.Runs(e.path) }) {
		return true
	}
	return len(a.units) > 0 && slices.Contains(a.units, p.Unit())
}

// plus is a or b; neither is changed.
func (a Allow) plus(b Allow) Allow {
	return Allow{
		all:   a.all || b.all,
		uids:  slices.Concat(a.uids, b.uids),
		gids:  slices.Concat(a.gids, b.gids),
		units: slices.Concat(a.units, b.units),
		exes:  slices.Concat(a.exes, b.exes),
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
	case strings.Contains(entry, exeMark):
		return r.exe(n, entry, &a.exes)
	case kind == "unit" && isPair:
		return r.unit(n, entry, name, &a.units)
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
		r.fail(n, fmt.Sprintf("%q is no caller", entry), didYouMeanOr(kind, []string{"user", "uid", "group", "gid", "unit"}, "write user:NAME, uid:N, group:NAME, gid:N, unit:NAME or *"))
		return false
	}
	return true
}

// exeMark stands between a user and the program that it must run.
const exeMark = "+exe:"

// exe reads user:NAME+exe:PATH. The program must be there and the daemon able
// to see what others run, or the entry would match nobody without a word.
func (r *reader) exe(n *document.Node, entry string, into *[]exe) bool {
	who, path, _ := strings.Cut(entry, exeMark)
	kind, name, _ := strings.Cut(who, ":")
	var uids []uint32
	switch {
	case kind == "user" && name != "":
		r.resolve(n, who, r.ids.uid, name, &uids)
	case kind == "uid":
		if !r.number(n, who, name, &uids) {
			return false
		}
	default:
		r.fail(n, "a program narrows a user or a uid only", fmt.Sprintf(`write "user:NAME%s%s"`, exeMark, path))
		return false
	}
	if info, err := os.Stat(path); !filepath.IsAbs(path) || err != nil || !info.Mode().IsRegular() {
		r.fail(n, fmt.Sprintf("there is no program %q that the daemon's user can see", path), "write its full path")
		return false
	}
	for _, uid := range uids {
		if problem, remedy := seesProgramsOf(uid); problem != "" {
			r.fail(n, problem, remedy+fmt.Sprintf("; or write %q", who))
			return false
		}
		*into = append(*into, exe{uid, path})
	}
	return true
}

// unit reads unit:NAME; a service's name may go without its suffix.
func (r *reader) unit(n *document.Node, entry, name string, into *[]string) bool {
	switch {
	case !seesUnits:
		r.fail(n, "only Linux tells a caller's unit", `write the user it runs as, "user:NAME"`)
		return false
	case name == "" || strings.ContainsAny(name, "/ \t"):
		r.fail(n, fmt.Sprintf("%q names no unit", entry), `write "unit:cron.service" or such`)
		return false
	case !strings.Contains(name, "."):
		name += ".service"
	}
	*into = append(*into, name)
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
