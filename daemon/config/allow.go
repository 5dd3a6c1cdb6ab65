package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"authd/refresher/document"
)

// Allow says which local users may do something. Names were resolved when the
// config was loaded. The zero value is nobody.
type Allow struct {
	all   bool
	uids  []uint32
	gids  []uint32
	sids  []string // on Windows, where a SID is either a user's or a group's
	units []string
	exes  []exe
}

// exe is a user while it runs one program.
type exe struct {
	uid  uint32
	sid  string // on Windows; else ""
	path string
}

// Process is what is asked of a caller only where an entry needs it.
type Process interface {
	Has(sid string) bool   // whether it runs as this account or is of this group, on Windows
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
	if slices.ContainsFunc(a.sids, p.Has) || slices.ContainsFunc(a.exes, func(e exe) bool { return e.is(uid, p) && p.Runs(e.path) }) {
		return true
	}
	return len(a.units) > 0 && slices.Contains(a.units, p.Unit())
}

func (e exe) is(uid uint32, p Process) bool {
	if e.sid != "" {
		return p.Has(e.sid)
	}
	return e.uid == uid
}

// plus is a or b; neither is changed.
func (a Allow) plus(b Allow) Allow {
	return Allow{
		all:   a.all || b.all,
		uids:  slices.Concat(a.uids, b.uids),
		gids:  slices.Concat(a.gids, b.gids),
		sids:  slices.Concat(a.sids, b.sids),
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
	case isPair && (kind == "user" || kind == "group") && name != "", kind == "uid", kind == "gid":
		who, ok := r.account(n, kind, name)
		a.add(who)
		return ok
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
	if name == "" || kind != "user" && kind != "uid" {
		r.fail(n, "a program narrows a user or a uid only", fmt.Sprintf(`write "user:NAME%s%s"`, exeMark, path))
		return false
	}
	if info, err := os.Stat(path); !filepath.IsAbs(path) || err != nil || !info.Mode().IsRegular() {
		r.fail(n, fmt.Sprintf("there is no program %q that the daemon's user can see", path), "write its full path")
		return false
	}
	user, ok := r.account(n, kind, name)
	if !user.found {
		return ok
	}
	if problem, remedy := seesProgramsOf(user.number, r.config.Daemon.AllowPIDRules); problem != "" {
		r.fail(n, problem, remedy+fmt.Sprintf("; or write %q", who))
		return false
	}
	*into = append(*into, exe{user.number, user.sid, path})
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

// account is one user or group.
type account struct {
	found  bool // else nobody has the name
	group  bool
	number uint32 // on Unix
	sid    string // on Windows
}

func (a *Allow) add(who account) {
	switch {
	case !who.found:
	case who.sid != "":
		a.sids = append(a.sids, who.sid)
	case who.group:
		a.gids = append(a.gids, who.number)
	default:
		a.uids = append(a.uids, who.number)
	}
}

// account finds out whom user:, group:, uid: or gid: means. A name that nobody
// has is a warning, and what is no number of an account an error.
func (r *reader) account(n *document.Node, kind, name string) (who account, ok bool) {
	group := kind == "group" || kind == "gid"
	if kind == "uid" || kind == "gid" {
		who, problem, remedy := numbered(kind, name)
		if problem != "" {
			r.fail(n, problem, remedy)
			return who, false
		}
		who.group = group
		return who, true
	}
	who = r.ids.find(group, name)
	if !who.found {
		r.warnings.Add(r.file.name, n, fmt.Sprintf("there is no %q here, so it matches nobody", kind+":"+name), "make it and reload, or take it out")
	}
	return who, true
}

// ids resolves names of users and groups, each once.
type ids map[idKey]account

type idKey struct {
	group bool
	name  string
}

func (i ids) find(group bool, name string) account {
	key := idKey{group, name}
	who, ok := i[key]
	if !ok {
		who = lookUp(group, name)
		who.group = group
		i[key] = who
	}
	return who
}
