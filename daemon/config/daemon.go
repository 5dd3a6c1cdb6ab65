package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"authd/refresher/document"
)

const day = 24 * time.Hour

var daemonKeys = []key[*Daemon]{
	{"socket", `"/run/authd/authd.sock"`, func(r *reader, n *document.Node, d *Daemon) { r.socket(n, &d.Socket) }},
	{"cache_dir", `"/run/authd/tokens"`, func(r *reader, n *document.Node, d *Daemon) { r.path(n, &d.CacheDir) }},
	{"state_dir", `"/var/lib/authd"`, func(r *reader, n *document.Node, d *Daemon) { r.path(n, &d.StateDir) }},
	{"recipe_dirs", `["/etc/authd/recipes"]`, func(r *reader, n *document.Node, d *Daemon) { r.paths(n, &d.RecipeDirs) }},
	{"admin", `["group:admins"]`, func(r *reader, n *document.Node, d *Daemon) { r.allow(n, &d.Admin) }},
	{"user", `"authd"`, func(r *reader, n *document.Node, d *Daemon) { r.user(n, &d.User) }},
	{"state_key", `{ systemd = "state-key" }`, func(r *reader, n *document.Node, d *Daemon) { r.readStateKey(n, &d.StateKey) }},
	{"ready_timeout", `"60s"`, func(r *reader, n *document.Node, d *Daemon) { r.duration(n, 0, day, &d.ReadyTimeout) }},
	{"max_body", `"32MiB"`, func(r *reader, n *document.Node, d *Daemon) { r.size(n, &d.MaxBody) }},
	{"allow_pid_rules", `true`, func(r *reader, n *document.Node, d *Daemon) { r.truth(n, &d.AllowPIDRules) }},
	{"landlock", `false`, func(r *reader, n *document.Node, d *Daemon) { r.truth(n, &d.Landlock) }},
	{"lock_memory", `true`, func(r *reader, n *document.Node, d *Daemon) { r.truth(n, &d.LockMemory) }},
	{"allow_namespaces", `true`, func(r *reader, n *document.Node, d *Daemon) { r.truth(n, &d.AllowNamespaces) }},
}

func (r *reader) user(n *document.Node, into *string) {
	var name string
	if !r.text(n, &name) {
		return
	}
	if !becomes {
		r.fail(n, "a process cannot become another user on Windows", "leave it out, and let the service run as whom it should: sc config authd obj= …")
		return
	}
	if !r.ids.find(false, name).found {
		r.fail(n, fmt.Sprintf("there is no user %q here", name), "make it, or leave the key out")
		return
	}
	*into = name
}

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}

// size reads a number of bytes, or a text such as "32MiB".
func (r *reader) size(n *document.Node, into *int64) {
	size, ok := n.Int()
	if s, isText := n.Str(); isText {
		size, ok = parseSize(s)
	}
	switch {
	case !ok:
		r.wrongType(n, "a size")
	case size < 1<<10 || size > 1<<40:
		r.fail(n, "must be 1KiB to 1024GiB", "write "+n.Key+" = "+r.example)
	default:
		*into = size
	}
}

func parseSize(s string) (int64, bool) {
	for _, u := range sizeUnits {
		if number, ok := strings.CutSuffix(s, u.suffix); ok {
			i, err := strconv.ParseInt(number, 10, 32)
			return i * u.bytes, err == nil
		}
	}
	return 0, false
}
