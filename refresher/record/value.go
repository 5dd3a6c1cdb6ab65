package record

import (
	"regexp"
	"strconv"
)

// value is what a member is sent with: a word, what was typed, what an earlier
// answer gave, or a parameter.
func (b *builder) value(c *call, f field) piece {
	return b.invent(c, f, "invented-"+dashed(f.name))
}

// invent is value, with what a vector has in the place of a parameter.
func (b *builder) invent(c *call, f field, vector string) piece {
	switch l := b.login; {
	case f.value == l.secret && (f.name == l.password || isPassword(f.name)):
		return b.password
	case f.value == l.user && f.name == l.username:
		return b.username
	}
	if p, ok := b.known[f.value]; ok && len(f.value) >= 4 && !commonWords[f.value] {
		return p
	}
	if b.isFixed(f) {
		return literal(f.value)
	}
	from, ok := b.trace(c, 0, f.value)
	switch {
	case isPlain(f.value) && !isSecretName(f.name) && !b.isTyped(f.value) && b.onPage(c, f):
		return literal(f.value)
	case ok:
		return b.take(from, f.name)
	case isCSRF(f.name):
		b.note("%s sends %s, which looks made by the server each time, and no answer in the recording has it as it was sent: record from the login page on, in a private window", b.where(c), f.name)
	}
	p := b.newParam(c, f.name, vector)
	return piece{"${" + p.name + "}", p.vector}
}

// isFixed reports whether a value is the same for everybody.
func (b *builder) isFixed(f field) bool {
	switch {
	case f.value == "":
		return true
	case isSecretName(f.name) || b.isTyped(f.value):
		return false
	}
	return isTrivial(f.value) || has(f.name, fixedWords) && isPlain(f.value) ||
		f.name == "query" && graphQL.MatchString(f.value) && !isRandom(f.value)
}

// graphQL is a document of that language without values in it.
var graphQL = regexp.MustCompile(`^\s*(mutation|query)\b[^"]*$`)

// take gets a value in the step of the answer that has it.
func (b *builder) take(f found, name string) piece {
	id := strconv.Itoa(f.call.n) + f.expr
	if p, ok := b.taken[id]; ok {
		return p
	}
	s := b.step(f.call)
	g := got{name: b.freeGet(nameOfGot(name, f)), expr: f.expr}
	g.vector = "invented-" + dashed(g.name)
	if isJWT(f.value) {
		g.vector = inventJWT(f.value, f.call)
	}
	p := b.keep(s, g, f)
	if f.decode {
		p = b.decoded(p, g.name)
	}
	b.taken[id] = p
	if f.call.n < b.login.n {
		b.note("%s is read from %s of %s", g.name, f.how, b.where(f.call))
	}
	return p
}

// decoded is a got value with its %XX undone, which the language does to
// fields.
func (b *builder) decoded(p piece, name string) piece {
	let := b.freeName(name + "_field")
	b.lets = append(b.lets, item{let, piece{recipe: "v=" + p.recipe}})
	return piece{"${" + let + "|field:v}", p.vector}
}

// keep adds what a step gets, and what its answer has to be for it.
func (b *builder) keep(s *step, g got, f found) piece {
	f.fake(s, g.vector)
	s.get = append(s.get, g)
	return piece{"${cred." + g.name + "}", g.vector}
}

func nameOfGot(name string, f found) string {
	if isCSRF(name) || isCSRF(f.name) {
		return "csrf"
	}
	return word(name)
}

// newParam makes a parameter for what cannot be known.
func (b *builder) newParam(c *call, name, vector string) param {
	p := param{name: b.freeName(word(name)), help: "the " + name + " that the login sends", kind: "secret", vector: vector}
	b.params = append(b.params, p)
	b.note("the parameter %s stands for what %s sends as %s; where that is the same for everybody, write it into the recipe", p.name, c.method, name)
	return p
}
