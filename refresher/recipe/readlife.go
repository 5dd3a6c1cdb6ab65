package recipe

import (
	"slices"
	"strconv"

	"authd/refresher/document"
)

func (r *reader) life(n *document.Node, inner bool) *life {
	keys := []string{"in", "unit", "at", "jwt", "cookie", "ttl"}
	if !inner {
		keys = append(keys, "idle", "hint", "refresh")
	}
	r.keys(n, keys...)
	l := &life{
		at: n, in: r.value(n.Get("in")), instant: r.value(n.Get("at")), jwt: r.value(n.Get("jwt")),
		cookie: r.value(n.Get("cookie")), ttl: r.value(n.Get("ttl")), unit: r.str(n.Get("unit")),
	}
	if l.unit != "" && !slices.Contains([]string{"s", "ms", "m"}, l.unit) {
		r.fault(n.Get("unit"), strconv.Quote(l.unit)+" is not one of s, ms, m", "")
	}
	if inner {
		return l
	}
	l.idle, l.hint = r.value(n.Get("idle")), r.value(n.Get("hint"))
	if t := n.Get("refresh"); r.table(t) {
		l.refresh = r.life(t, true)
	}
	return l
}

func (r *reader) limits(n *document.Node) {
	r.keys(n, "single_session", "min_interval", "contention", "timeout", "reuse")
	l := &r.out.limits
	l.SingleSession = r.boolean(n.Get("single_session"))
	l.MinInterval = r.duration(n.Get("min_interval"))
	l.Timeout = r.duration(n.Get("timeout"))
	switch reuse := r.str(n.Get("reuse")); reuse {
	case "", "grace":
	case "strict":
		l.Strict = true
	default:
		r.fault(n.Get("reuse"), strconv.Quote(reuse)+" is not one of grace, strict", "")
	}
	if c := n.Get("contention"); r.table(c) {
		r.keys(c, "deaths", "within")
		deaths, ok := c.Get("deaths").Int()
		if l.Deaths, l.Within = int(deaths), r.duration(c.Get("within")); !ok || deaths < 1 || deaths > 1000 || l.Within == 0 {
			r.fault(c, "needs deaths and within", `write { deaths = 5, within = "1h" }`)
		}
	}
}
