package document

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lines writes a tree as one "LINE PATH KIND VALUE" a node.
func lines(n *Node) []string {
	var out []string
	for _, m := range n.Nodes {
		s := fmt.Sprintf("%d %s %s", m.Line, m.Path, m.Kind)
		if m.Value != nil {
			s += fmt.Sprintf(" %v", m.Value)
		}
		if m.header {
			s += " [x]"
		}
		if m.Brackets {
			s += " [[x]]"
		}
		out = append(append(out, s), lines(m)...)
	}
	return out
}

func TestParse(t *testing.T) {
	tests := map[string]struct {
		data string
		want []string
	}{
		"keys keep their order and lines": {
			"# first\nz = 1\n\na = true\n",
			[]string{"2 z a whole number 1", "4 a true or false true"},
		},
		"a dotted key makes tables where it stands": {
			"a.b.c = 1.5\na.b.d = \"x\"\n",
			[]string{"1 a a table", "1 a.b a table", "1 a.b.c a number 1.5", "2 a.b.d a text x"},
		},
		"a header implied by a longer one is where it is written": {
			"[a.b]\nc = 1\n[a]\nd = 2\n",
			[]string{"3 a a table [x]", "1 a.b a table [x]", "2 a.b.c a whole number 1", "4 a.d a whole number 2"},
		},
		"items of double brackets": {
			"[[x]]\na = 1\n[[x]]\n[x.y]\nb = 2\n[[x.z]]\n",
			[]string{
				"1 x a list [[x]]", "1 x[0] a table", "2 x[0].a a whole number 1",
				"3 x[1] a table", "4 x[1].y a table [x]", "5 x[1].y.b a whole number 2",
				"6 x[1].z a list [[x]]", "6 x[1].z[0] a table",
			},
		},
		"lists and inline tables over several lines": {
			"a = [ # one\n  \"1\",\n  { b = [ ] , c.d = '}' },\n]\ne = 3",
			[]string{
				"1 a a list", "2 a[0] a text 1", "3 a[1] a table", "3 a[1].b a list",
				"3 a[1].c a table", "3 a[1].c.d a text }", "5 e a whole number 3",
			},
		},
		"an inline table over several lines": {
			"a = {\n  b = 1, # one\n  c = 2,\n}\n",
			[]string{"1 a a table", "2 a.b a whole number 1", "3 a.c a whole number 2"},
		},
		"texts with quotes, brackets and lines in them": {
			"a = \"\"\"\nx = 1 \\\"\"\" ]\n\"\"\"\"\"\nb = '''\n'''''\nc = \"\\\\\"\nd = '\\'\n",
			[]string{"1 a a text x = 1 \"\"\" ]\n\"\"", "4 b a text ''", "6 c a text \\", "7 d a text \\"},
		},
		"quoted keys": {
			"\"a.b\" = 1\n'c d'.\"e\\u0041\\\"\" = 2\n\"\" = 3\n",
			[]string{`1 "a.b" a whole number 1`, `2 "c d" a table`, `2 "c d"."eA\"" a whole number 2`, `3 "" a whole number 3`},
		},
		"Windows line ends and a byte order mark": {
			"\ufeffa = 1\r\n[b]\r\nc = 2\r\n",
			[]string{"1 a a whole number 1", "2 b a table [x]", "3 b.c a whole number 2"},
		},
		"a date with a space in it": {
			"a = 2026-01-02 03:04:05Z # then\nb = 1",
			[]string{"1 a a date 2026-01-02 03:04:05 +0000 UTC", "2 b a whole number 1"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			root, err := Parse("f.toml", []byte(tt.data))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, lines(root)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	tests := map[string]struct{ data, want string }{
		"a duration without quotes": {"[a]\nmargin = 60s", `f.toml:2: a: something follows the value; put texts and durations in quotes, such as "60s", and each key on a line of its own`},
		"a text without quotes":     {"a = hunter2", `f.toml:1: a: this is no value; put texts in quotes, such as "60s"`},
		"a mode without quotes":     {"a = 0640", `f.toml:1: a: a number cannot begin with 0; put it in quotes, such as "0640"`},
		"a number and a text":       {"a = 12hunter2", `f.toml:1: something follows the value; put texts and durations in quotes, such as "60s", and each key on a line of its own`},
		"a broken float":            {"a = 1.hunter2", `f.toml:1: a: this is no number; put texts in quotes`},
		"a broken date":             {"a = 2026-13-01", `f.toml:1: a: this is no date; put texts in quotes`},
		"a key twice":               {"[a]\nb = 1\n[c]\n[a]\n", `f.toml:4: a: is written twice; keep one`},
		"a value as a table":        {"a = 1\n[a.b]\n", `f.toml:2: a: is written both as a value and as a table; keep one`},
		"single and double":         {"[a]\n[[a]]\n", `f.toml:2: a: is written both with single and with double brackets; keep one`},
		"an open text":              {"a = \"x\nb = 1\n", `f.toml:1: a: the text is not closed on its line; end it with a quote, or put it in """ if it has several lines`},
		"an open list":              {"a = [1,\n", `f.toml:1: a: the value is missing or not closed; write KEY = "value"`},
		"an unknown escape":         {`a = "C:\dir"`, `f.toml:1: a: a backslash in "…" must begin an escape that TOML knows; write \\, or put the text in single quotes`},
		"no equals sign":            {"version 1\n", `f.toml:1: the = after the key is missing; write KEY = "value"; quote keys that have other characters than a-z A-Z 0-9 _ -`},
		"no key":                    {"= 1\n", `f.toml:1: the key before = is missing; write KEY = "value"`},
		"UTF-16":                    {"\xff\xfea\x00", `f.toml:1: the file is not UTF-8; save it as UTF-8`},
		"an open text of lines":     {"a = \"\"\"\n\n", `f.toml:2: a: the file ends inside a text, a list or a table; close it`},
		"a page of brackets":        {"\na = " + strings.Repeat("[", 1e6), `f.toml:2: lists and tables stand too deep in each other; write fewer than 32 levels`},
		"a key of many parts":       {strings.Repeat("a.", 1e5) + "a = 1", `f.toml:1: lists and tables stand too deep in each other; write fewer than 32 levels`},
		"a comma too many":          {"a = [1,,2]", `f.toml:1: a: the commas of a list or a table are not right; put one comma between two items`},
		"an open header":            {"[a\nb = 1\n", `f.toml:1: the name in brackets is not closed or empty; write [name] or [[name]] on a line of its own`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("f.toml", []byte(tt.data))
			if err == nil {
				t.Fatal("it was accepted")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the message quotes the file")
			}
		})
	}
}

func TestNodeIsSafeWhereThereIsNone(t *testing.T) {
	var none *Node
	if _, ok := none.Get("a").Get("b").Str(); ok {
		t.Error("a text out of nothing")
	}
	root, err := Parse("f", []byte("a = 1\nb = true\nc = 1.5\nd = 2026-01-02T03:04:05Z\ne = 'x'\n"))
	if err != nil {
		t.Fatal(err)
	}
	if i, ok := root.Get("a").Int(); !ok || i != 1 {
		t.Error("a")
	}
	if f, ok := root.Get("a").Float(); !ok || f != 1 {
		t.Error("a as a float")
	}
	if b, ok := root.Get("b").Bool(); !ok || !b {
		t.Error("b")
	}
	if f, ok := root.Get("c").Float(); !ok || f != 1.5 {
		t.Error("c")
	}
	if d, ok := root.Get("d").Time(); !ok || !d.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Error("d")
	}
	if s, ok := root.Get("e").Str(); !ok || s != "x" {
		t.Error("e")
	}
	if root.Get("e").Get("f") != nil {
		t.Error("a member of a text")
	}
}

// FuzzParse holds the scanner to the decoder: the same tree, or a refusal.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a = 1\n[b.c]\nd = [1, {e = 'x'}]\n[[f]]\n[[f.g]]\n",
		"a.\"b c\".'d' = \"\"\"x\\\"\"\"\"\"\"\nb = '''\n''''\n",
		"a = {\nb = 1, # c\n}\n[a2]\nx = 2026-01-02 03:04:05\n",
		"\ufeffa = [\n[1,2],\n]\r\n\"\\u0041\" = inf\n",
		"[a]\nb.c = 1\n[a.d]\n[[a.e]]\nf = \"]\"\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		if _, tooDeep := scan(data); tooDeep > 0 {
			return // and whatever else it is given, the scan comes to an end
		}
		want, decodeErr := decode(data)
		root, err := Parse("f", []byte(data))
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("%T", err)
			}
			if decodeErr == nil && !strings.Contains(err.Error(), "more than once") {
				t.Fatalf("decoder accepts, Parse says %v", err)
			}
			return
		}
		if decodeErr != nil {
			t.Fatalf("decoder says %v, Parse accepts", decodeErr)
		}
		if diff := cmp.Diff(lists(want), plain(root), cmp.Comparer(sameFloat)); diff != "" {
			t.Fatal(diff)
		}
		inOrder(t, root, 1+strings.Count(data, "\n"))
	})
}

func plain(n *Node) any {
	switch n.Kind {
	case Table:
		m := map[string]any{}
		for _, c := range n.Nodes {
			m[c.Key] = plain(c)
		}
		return m
	case Array:
		a := []any{}
		for _, c := range n.Nodes {
			a = append(a, plain(c))
		}
		return a
	default:
		return n.Value
	}
}

// lists writes the decoder's two kinds of lists as one.
func lists(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for k, m := range v {
			v[k] = lists(m)
		}
	case []any:
		for i, m := range v {
			v[i] = lists(m)
		}
	case []map[string]any:
		a := make([]any, len(v))
		for i, m := range v {
			a[i] = lists(m)
		}
		return a
	}
	return value
}

func sameFloat(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func inOrder(t *testing.T, n *Node, last int) {
	if n.Line < 1 || n.Line > last {
		t.Fatalf("%s is on line %d of %d", n.Path, n.Line, last)
	}
	for _, m := range n.Nodes {
		inOrder(t, m, last)
	}
}
