package record

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rule is a [[login.fail]] of the login.
type rule struct {
	status   string // as TOML
	of, like string // templates; without like, of must be empty
	say      string
}

// outcome is what tells a good login from a wrong password.
type outcome struct {
	ok    string // as TOML; "" for any 2xx
	rules []rule
	wrong field // a wrong password in a vector: the status, and what it leads on to
}

// findOutcome looks at how the login was answered, and if one failed before
// it, at that.
func (b *builder) findOutcome(u use) (o outcome) {
	l := b.login
	missing := ""
	if u.token.call == l.call {
		missing = u.token.expr
	}
	switch {
	case l.status >= 300 && l.status < 400:
		o.ok = "[302, 303]"
		if l.status != 302 && l.status != 303 {
			o.ok = "[" + strconv.Itoa(l.status) + "]"
		}
	case l.status < 200 || l.status >= 400:
		o.ok = "[" + strconv.Itoa(l.status) + "]"
	}
	if failed := b.failedLogin(u); failed != nil {
		b.note("an earlier login was answered with %d: taken for a wrong password", failed.status)
		o.known(failed, missing)
		return o
	}
	switch {
	case len(u.cookies) == 0:
		b.note("no wrong password was recorded: 401 and 403 are taken for one; try one by hand")
		o.wrong.name = "401"
	case o.ok != "":
		b.note("no wrong password was recorded: an answer that shows a page again, or leads back, is taken for one; try one by hand")
		o.backToLogin(b, missing)
	default:
		b.note("no wrong password was recorded: an answer without the session cookie is taken for one; try one by hand")
		o.wrong.name = "200"
		o.lacks(`["2xx"]`, missing)
	}
	return o
}

// failedLogin is an earlier try of the same login that did not work.
func (b *builder) failedLogin(u use) *call {
	for i := b.login.n - 1; i >= 0; i-- {
		c := b.calls[i]
		same := c.method == b.login.method && c.url.Host == b.login.url.Host && c.url.Path == b.login.url.Path && len(c.logins()) > 0
		if same && c.status >= 200 && c.status < 500 && c.status != 429 && c.status != 408 && b.failed(c, u) {
			return c
		}
	}
	return nil
}

// failed reports whether a try of the login was answered without what the
// login is for, or differently where that is no part of the answer.
func (b *builder) failed(c *call, u use) bool {
	if u.token.call != b.login.call {
		return c.status != b.login.status || find(c.answer.headers, "Location") != find(b.login.answer.headers, "Location")
	}
	if len(u.cookies) > 0 {
		return c.sets(u.token.name).value == ""
	}
	for _, l := range c.answer.json.leaves() {
		if l.kind == str && jsonSource(l.pointer, l.name).expr == u.token.expr {
			return false
		}
	}
	return c.status != b.login.status || b.login.answer.json != nil
}

// known makes rules of a login that failed.
func (o *outcome) known(failed *call, missing string) {
	o.wrong.name = strconv.Itoa(failed.status)
	switch {
	case failed.status == 401 || failed.status == 403:
	case failed.status >= 400, o.ok != "" && failed.status < 300:
		o.rules = append(o.rules, rule{status: "[" + o.wrong.name + "]", say: "wrong user name or password"})
	default:
		o.lacks(`["2xx", 302, 303]`, missing)
		o.leads(failed)
	}
}

// lacks refuses an answer that does not have what the login is for.
func (o *outcome) lacks(status, missing string) {
	if missing == "" {
		return
	}
	o.rules = append(o.rules, rule{status: status, of: missing, say: "the server answered without a session: wrong user name or password"})
}

// leads refuses an answer that leads where a failed login led.
func (o *outcome) leads(failed *call) {
	u, err := url.Parse(find(failed.answer.headers, "Location"))
	if err != nil || !isPathText(strings.ReplaceAll(u.Path, "/", "")) || isRandom(u.Path) || u.Path == "" {
		return
	}
	o.wrong.value = u.Path
	o.rules = append(o.rules, backTo(u.Path))
}

func backTo(path string) rule {
	return rule{
		status: "[302, 303]", of: "${answer.headers|header:Location}", like: `^(https?://[^/]+)?` + regexp.QuoteMeta(path) + `([?#]|$)`,
		say: "the server asks for the login again: wrong user name or password",
	}
}

// backToLogin is for a login that leads on to another page.
func (o *outcome) backToLogin(b *builder, missing string) {
	o.wrong.name = "200"
	o.rules = append(o.rules, rule{status: `["2xx"]`, say: "the form was shown again: wrong user name or password"})
	o.lacks(o.ok, missing)
	to, err := url.Parse(find(b.login.answer.headers, "Location"))
	if page := b.login.url.Path; err == nil && to.Path != page && b.hasFixedPath(b.login.call) && page != "/" && page != "" {
		o.rules = append(o.rules, backTo(page))
	}
}

// rejected are the statuses that tell of a dead session: 401, and what the
// recorded API said to a request that it later granted.
func (b *builder) rejected(u use) []int {
	list := []int{401}
	if len(u.cookies) > 0 {
		list = append(list, 403)
	}
	for _, c := range b.calls {
		if !slices.Contains([]int{403, 419, 422, 440, 498}, c.status) || slices.Contains(list, c.status) {
			continue
		}
		granted := func(o *call) bool {
			return o.n > c.n && o.status < 300 && o.method == c.method && o.url.Host == c.url.Host && o.url.Path == c.url.Path
		}
		if b.steps[c] == nil && c.url.Path != b.login.url.Path && slices.ContainsFunc(b.calls, granted) {
			list = append(list, c.status)
		}
	}
	return list
}
