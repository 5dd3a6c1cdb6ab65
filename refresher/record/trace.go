package record

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// minTrace is the shortest value that is looked for in earlier answers: a
// shorter one is found by chance.
const minTrace = 6

// found is where an answer has a value: how a recipe gets it, and how a vector
// says it.
type found struct {
	call  *call
	value string // what was recorded there
	name  string // what the place is called there
	expr  string // the template
	how   string // for the notes
	fake  func(s *step, value string)

	decode bool // what is sent is what stands there with its %XX undone

	// again gives what stands at the same place in another answer; nil where
	// that is not known.
	again func(*call) string
}

// trace finds the latest answer before c, from number first on, that gave a
// value.
func (b *builder) trace(c *call, first int, value string) (found, bool) {
	if len(value) < minTrace {
		return found{}, false
	}
	for i := c.n - 1; i >= max(first, 0); i-- {
		y := b.calls[i]
		if !b.canAsk(y) && len(y.logins()) == 0 {
			continue
		}
		f, ok := y.source(value)
		if ok && !b.canAsk(y) {
			f, ok = b.sameBefore(f)
		}
		if ok {
			return f, true
		}
	}
	return found{}, false
}

// sameBefore is for what the answer to a failed login had, which shows the
// form again: the same place in the page before it.
func (b *builder) sameBefore(f found) (found, bool) {
	for i := f.call.n - 1; i >= 0 && f.again != nil; i-- {
		y := b.calls[i]
		if value := f.again(y); value != "" && y.method == "GET" {
			if same, ok := y.source(value); ok && same.expr == f.expr {
				return same, true
			}
		}
	}
	return found{}, false
}

// canAsk reports whether a recipe could send a request again: it only reads,
// or it belongs to the login.
func (b *builder) canAsk(c *call) bool {
	return c.method == "GET" || c.n >= b.login.n || b.steps[c] != nil
}

// source finds a value in an answer.
func (c *call) source(value string) (found, bool) {
	for _, find := range []func(string) (found, bool){c.inJSON, c.inTag, c.inCookie, c.inHeader, c.inLocation, c.inScript} {
		if f, ok := find(value); ok {
			f.call, f.value = c, value
			return f, true
		}
	}
	return found{}, false
}

func (c *call) inCookie(value string) (found, bool) {
	for _, s := range c.answer.cookies {
		if !isArgument(s.name) {
			continue
		}
		decoded, err := url.PathUnescape(s.value)
		if f := cookieSource(s.name); s.value == value {
			return f, true
		} else if err == nil && decoded == value {
			f.decode = true
			return f, true
		}
	}
	return found{}, false
}

func cookieSource(name string) found {
	return found{
		name: name, expr: "${answer.cookies|cookie:" + name + "}", how: "the cookie " + name,
		fake:  func(s *step, v string) { s.cookie(name, v) },
		again: func(c *call) string { return c.sets(name).value },
	}
}

// isArgument reports whether a name can stand as an argument in a template.
func isArgument(name string) bool {
	return isToken(name) && !strings.ContainsAny(name, "|`$}")
}

func (c *call) inJSON(value string) (found, bool) {
	for _, l := range c.answer.json.leaves() {
		if l.kind == str && l.text == value && isPointer(l.pointer) {
			return jsonSource(l.pointer, l.name), true
		}
	}
	return found{}, false
}

func jsonSource(pointer, name string) found {
	return found{
		name: name, expr: "${answer.body|json:" + pointer + "}", how: pointer + " of the answer",
		fake: func(s *step, v string) { s.values[pointer] = quoteJSON(v) },
	}
}

// isPointer reports whether a pointer can stand in a draft.
func isPointer(p string) bool {
	for _, part := range strings.Split(p, "/")[1:] {
		if !isName(part) || strings.ContainsAny(part, "|}$") {
			return false
		}
	}
	return p != ""
}

func (c *call) inHeader(value string) (found, bool) {
	for _, h := range c.answer.headers {
		name := h.name
		if strings.EqualFold(name, "Set-Cookie") || strings.EqualFold(name, "Location") || !isArgument(name) || isRandom(name) {
			continue
		}
		if h.value == value {
			return found{
				name: name, expr: "${answer.headers|header:" + name + "}", how: "the header " + name,
				fake: func(s *step, v string) { s.header(name, v) },
			}, true
		}
		if scheme, rest, ok := strings.Cut(h.value, " "); ok && rest == value && isPlain(scheme) {
			return found{
				name: name, expr: "${answer.headers|header:" + name + "|after:` `}", how: "the header " + name,
				fake: func(s *step, v string) { s.header(name, scheme+" "+v) },
			}, true
		}
	}
	return found{}, false
}

func (c *call) inLocation(value string) (found, bool) {
	u, err := url.Parse(find(c.answer.headers, "Location"))
	if err != nil {
		return found{}, false
	}
	for _, f := range pairs(u.RawQuery) {
		if f.value == value && isName(f.name) && isArgument(f.name) {
			return found{
				name: f.name, expr: "${answer.headers|header:Location|after:?|before:#|field:" + f.name + "}", how: f.name + " in the address it leads on to",
				fake: func(s *step, v string) { s.header("Location", "/next?"+f.name+"="+v) },
			}, true
		}
	}
	return found{}, false
}

// tags are what a page has between angle brackets; attributes of one.
var (
	tags       = regexp.MustCompile(`<[a-zA-Z][^<>]*>`)
	attributes = regexp.MustCompile(`([a-zA-Z-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)`)
)

// inTag finds a value in a page: the value of a field, the content of a meta.
func (c *call) inTag(value string) (found, bool) {
	if c.answer.json != nil || !strings.Contains(c.answer.text, value) {
		return found{}, false
	}
	for _, tag := range tags.FindAllString(c.answer.text, -1) {
		if !strings.Contains(tag, value) {
			continue
		}
		var called, holds attribute
		nameFirst := false
		for _, a := range attributesOf(tag) {
			switch {
			case a.text == value:
				holds = a
			case a.key == "name" || a.key == "id" && called.key == "":
				if isName(html.UnescapeString(a.text)) && !strings.ContainsAny(a.text, "|`<>") {
					called, nameFirst = a, holds.key == ""
				}
			}
		}
		if holds.key != "" && called.key != "" {
			return tagSource(called, holds, nameFirst), true
		}
	}
	return found{}, false
}

// attribute is one of a tag, as it is written there.
type attribute struct{ key, text, quote string }

func attributesOf(tag string) (list []attribute) {
	for _, a := range attributes.FindAllStringSubmatch(tag, -1) {
		text := strings.Trim(a[2], `"'`)
		list = append(list, attribute{strings.ToLower(a[1]), text, a[2][:(len(a[2])-len(text))/2]})
	}
	return list
}

// write is the attribute as it is written, with another text.
func (a attribute) write(text string) string { return a.key + "=" + a.quote + text + a.quote }

// pattern finds the attribute's text.
func (a attribute) pattern() string {
	if a.quote == "" {
		return a.key + `=([^\s>]+)`
	}
	return a.write(`([^` + a.quote + `]+)`)
}

// tagSource is the text of an attribute in a tag that is known by another, its
// name or id, before or behind it.
func tagSource(called, holds attribute, nameFirst bool) found {
	known := called.write(regexp.QuoteMeta(called.text))
	if called.quote == "" {
		known += `\b`
	}
	name := called.write(called.text)
	f := found{name: called.text, how: "the page's field " + called.text, again: func(c *call) string { return c.tagged(called, holds.key) }}
	if nameFirst {
		f.expr = "${answer.body|find:`" + known + "[^>]*" + holds.pattern() + "`}"
		f.fake = func(s *step, v string) { s.html("<input " + name + " " + holds.write(v) + ">") }
	} else {
		f.expr = "${answer.body|find:`" + holds.pattern() + "[^>]*" + known + "`}"
		f.fake = func(s *step, v string) { s.html("<input " + holds.write(v) + " " + name + ">") }
	}
	return f
}

// tagged is the text of an attribute in the tag that has another one.
func (c *call) tagged(called attribute, key string) string {
	for _, tag := range tags.FindAllString(c.answer.text, -1) {
		list := attributesOf(tag)
		if !slices.Contains(list, called) {
			continue
		}
		if at := slices.IndexFunc(list, func(a attribute) bool { return a.key == key }); at >= 0 {
			return list[at].text
		}
	}
	return ""
}

var before = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_.-]{2,40})["']?\s*[:=]\s*["']$`)

// inScript finds a value that a page's script gives a name.
func (c *call) inScript(value string) (found, bool) {
	if c.answer.json != nil {
		return found{}, false
	}
	at := strings.Index(c.answer.text, value)
	if at < 0 {
		return found{}, false
	}
	m := before.FindStringSubmatch(c.answer.text[max(0, at-80):at])
	if m == nil || !isName(m[1]) {
		return found{}, false
	}
	name := m[1]
	return found{
		name: name, how: name + " in the page's script",
		expr: "${answer.body|find:`\\b" + regexp.QuoteMeta(name) + `["']?\s*[:=]\s*["']([^"']+)` + "`}",
		fake: func(s *step, v string) { s.html("<script>" + name + ` = "` + v + `"</script>`) },
	}, true
}

// onPage reports whether an earlier page offers a value for a member: what
// everybody is sent.
func (b *builder) onPage(c *call, f field) bool {
	for i := c.n - 1; i >= 0; i-- {
		for _, tag := range tags.FindAllString(b.calls[i].pageText(f.value), -1) {
			hasName, hasValue := false, false
			for _, a := range attributesOf(tag) {
				text := html.UnescapeString(a.text)
				hasName = hasName || a.key == "name" && text == f.name
				hasValue = hasValue || a.key == "value" && text == f.value
			}
			if hasName && hasValue {
				return true
			}
		}
	}
	return false
}

// pageText is a page that may have a value; "" for what does not.
func (c *call) pageText(value string) string {
	if c.answer.json != nil || !strings.Contains(c.answer.text, html.EscapeString(value)) {
		return ""
	}
	return c.answer.text
}
