package document

import "strings"

// maxDepth is how deep lists and tables may stand in each other. The decoder
// has no limit of its own, and takes minutes over a page of brackets.
const maxDepth = 32

// scanner finds where each key and item of a file stands. It looks for no
// mistakes but nesting: on what the decoder would not accept it comes to an
// end with some tree.
type scanner struct {
	src     string
	pos     int
	line    int
	depth   int
	tooDeep int              // the line at which the scan gave up for nesting, else 0
	members map[member]*Node // every key seen: a search through big tables would cost their square
}

type member struct {
	table *Node
	key   string
}

// scan gives the tree with keys, lines and order. Scalars are left as empty
// Strings, and paths empty. Where the file is nested too deep it gives the
// line instead.
func scan(src string) (root *Node, tooDeep int) {
	s := &scanner{src: strings.TrimPrefix(src, "\ufeff"), line: 1, members: map[member]*Node{}}
	root = &Node{Kind: Table, Line: 1}
	table := root
	for s.skip(" \t\r\n"); s.pos < len(s.src); s.skip(" \t\r\n") {
		if s.peek() == '[' {
			table = s.header(root)
		} else {
			s.pair(table)
		}
	}
	return root, s.tooDeep
}

// header reads [a.b] or [[a.b]] and gives the table that the next pairs
// belong to.
func (s *scanner) header(root *Node) *Node {
	s.pos++
	double := s.take('[')
	line := s.line
	keys := s.keys(']')
	s.take(']')
	if double {
		s.take(']')
	}
	last := len(keys) - 1
	parent := s.descend(root, keys[:last], line)
	n := s.member(parent, keys[last], line)
	if !double {
		if !n.header { // it may have been implied by a longer header before
			n.header, n.Line = true, line
		}
		return n
	}
	n.Kind, n.Brackets = Array, true
	item := &Node{Kind: Table, Line: line}
	n.Nodes = append(n.Nodes, item)
	return item
}

// pair reads one `a.b = value` into table.
func (s *scanner) pair(table *Node) {
	line := s.line
	keys := s.keys('=')
	s.take('=')
	s.skip(" \t")
	last := len(keys) - 1
	n := s.member(s.descend(table, keys[:last], line), keys[last], line)
	s.value(n)
}

// descend goes down dotted keys; in an array of tables, to its last item.
func (s *scanner) descend(n *Node, keys []string, line int) *Node {
	for _, key := range keys {
		n = s.member(n, key, line)
		if n.Kind == Array && len(n.Nodes) > 0 {
			n = n.Nodes[len(n.Nodes)-1]
		}
	}
	return n
}

// member finds or makes a member; a new one is a table until more is known.
func (s *scanner) member(table *Node, key string, line int) *Node {
	at := member{table, key}
	n := s.members[at]
	if n == nil {
		n = &Node{Key: key, Line: line, Kind: Table}
		s.members[at] = n
		table.Nodes = append(table.Nodes, n)
	}
	return n
}

// value reads one value into n.
func (s *scanner) value(n *Node) {
	s.depth++
	defer func() { s.depth-- }()
	s.limit(s.depth)
	switch s.peek() {
	case '[':
		n.Kind = Array
		s.list(']', func() {
			item := &Node{Kind: Table, Line: s.line}
			n.Nodes = append(n.Nodes, item)
			s.value(item)
		})
	case '{':
		n.Kind = Table
		s.list('}', func() { s.pair(n) })
	case '"', '\'':
		n.Kind = String
		s.text()
	default:
		n.Kind = String
		s.until(",]}#\n")
	}
}

// limit ends the scan where something is nested too deep.
func (s *scanner) limit(depth int) {
	if depth > maxDepth {
		s.tooDeep, s.pos = s.line, len(s.src)
	}
}

// list reads what stands between brackets or braces, commas and comments
// between its items.
func (s *scanner) list(end byte, item func()) {
	s.pos++
	for {
		s.skip(" \t\r\n,")
		if s.pos >= len(s.src) || s.take(end) {
			return
		}
		before := s.pos
		item()
		if s.pos == before { // no item: the decoder would not have let it pass
			s.next()
		}
	}
}

// keys reads the parts of a dotted key up to end.
func (s *scanner) keys(end byte) []string {
	var keys []string
	for {
		s.skip(" \t")
		from := s.pos
		if c := s.peek(); c == '"' || c == '\'' {
			s.text()
			keys = append(keys, unquote(s.src[from:s.pos]))
		} else {
			s.until(" \t.\n" + string(end))
			keys = append(keys, s.src[from:s.pos])
		}
		s.skip(" \t")
		if !s.take('.') {
			break
		}
	}
	s.limit(len(keys))
	if s.peek() != end { // not a key: leave the line, so that the scan ends
		s.until("\n")
	}
	return keys
}

// unquote is the text of a quoted key. The decoder knows the escapes.
func unquote(quoted string) string {
	if !strings.Contains(quoted, `\`) || quoted[0] == '\'' {
		return strings.Trim(quoted, quoted[:1])
	}
	values, err := decode("k = " + quoted)
	if err != nil {
		return quoted
	}
	key, _ := values["k"].(string)
	return key
}

// text passes over a string of any of the four forms.
func (s *scanner) text() {
	quote := s.src[s.pos : s.pos+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.src[s.pos:], triple) {
		s.pos += 3
		s.passTo(triple)
		for range 2 { // up to two quotes may stand before the closing three
			s.take(quote[0])
		}
		return
	}
	s.pos++
	s.passTo(quote)
}

// passTo passes over end, minding escapes where end is of double quotes.
func (s *scanner) passTo(end string) {
	for s.pos < len(s.src) {
		switch {
		case strings.HasPrefix(s.src[s.pos:], end):
			s.pos += len(end)
			return
		case s.src[s.pos] == '\\' && end[0] == '"':
			s.pos++
		}
		s.next()
	}
}

// skip passes over these bytes and over comments.
func (s *scanner) skip(bytes string) {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '#':
			s.until("\n")
		case strings.IndexByte(bytes, c) >= 0:
			s.next()
		default:
			return
		}
	}
}

// until goes to the first of these bytes, or to the end.
func (s *scanner) until(bytes string) {
	if i := strings.IndexAny(s.src[s.pos:], bytes); i >= 0 {
		s.pos += i
	} else {
		s.pos = len(s.src)
	}
}

// next passes over one byte, counting lines.
func (s *scanner) next() {
	if s.pos < len(s.src) {
		if s.src[s.pos] == '\n' {
			s.line++
		}
		s.pos++
	}
}

func (s *scanner) peek() byte {
	if s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.pos >= len(s.src) {
		return false
	}
	s.pos++
	return true
}
