package record

import (
	"slices"
	"strconv"
	"strings"
)

// piece is a value of the draft: as the recipe writes it, and as the vectors
// have it.
type piece struct{ recipe, vector string }

func literal(s string) piece { return piece{strings.ReplaceAll(s, "${", "$${"), s} }

// and joins two.
func (p piece) and(o piece) piece { return piece{p.recipe + o.recipe, p.vector + o.vector} }

// item is a named value of the draft.
type item struct {
	name string
	piece
}

// param is a parameter of the draft.
type param struct {
	name, help, kind string
	fallback         string // its default; "" for none
	vector           string // its value in vectors
}

// step is a request of the draft.
type step struct {
	*call
	url     piece
	query   []item
	headers []item
	form    []item
	json    piece // a whole object: TOML's, and JSON's
	get     []got

	// The answer in vectors: JSON values by pointer, else a page.
	values  map[string]string
	answers []field // headers
	page    []string
}

// got is a value that a step gets.
type got struct {
	name, expr string
	optional   bool
	vector     string
}

func (s *step) header(name, value string) {
	if f := (field{name, value}); !slices.Contains(s.answers, f) {
		s.answers = append(s.answers, f)
	}
}

// cookie sets a cookie in the answer, in the place of one of its name.
func (s *step) cookie(name, value string) {
	s.answers = slices.DeleteFunc(s.answers, func(f field) bool { return f.name == "Set-Cookie" && strings.HasPrefix(f.value, name+"=") })
	s.header("Set-Cookie", name+"="+value+s.attributes(name))
}

// anyCookie sets a cookie whose value does not matter.
func (s *step) anyCookie(name string) {
	if !slices.ContainsFunc(s.answers, func(f field) bool { return f.name == "Set-Cookie" && strings.HasPrefix(f.value, name+"=") }) {
		s.cookie(name, "invented-"+dashed(name))
	}
}

func (s *step) html(tag string) { s.page = append(s.page, tag) }

// attributes are those of a recorded cookie that say how long it lives.
func (s *step) attributes(name string) string {
	for _, c := range s.answer.cookies {
		if c.name != name {
			continue
		}
		if life := c.life(s.at); life > 0 {
			return "; Path=/; Max-Age=" + strconv.FormatInt(int64(life.Seconds()), 10)
		}
	}
	return "; Path=/"
}
