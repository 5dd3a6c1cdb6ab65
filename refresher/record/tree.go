package record

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"authd/refresher/template"
)

// maxDepth bounds how deep a JSON document is looked into.
const maxDepth = 24

// tree is a JSON value with its members in the order written.
type tree struct {
	kind    kind
	text    string // of a string; the digits of a number; true, false, null
	members []member
	items   []*tree
}

type member struct {
	name  string
	value *tree
}

type kind uint8

const (
	object kind = iota
	array
	str
	num
	other // true, false, null
)

// parseJSON reads an object. It is nil for all that is none.
func parseJSON(text string) *tree {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	t := parseTree(d, 0)
	if _, err := d.Token(); err != io.EOF {
		return nil
	}
	return t
}

// parseTree is nil for what is not JSON, or too deep.
func parseTree(d *json.Decoder, depth int) *tree {
	token, err := d.Token()
	if err != nil || depth > maxDepth {
		return nil
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return parseObject(d, depth)
		}
		return parseArray(d, depth)
	case string:
		return &tree{kind: str, text: v}
	case json.Number:
		return &tree{kind: num, text: v.String()}
	case bool:
		return &tree{kind: other, text: strconv.FormatBool(v)}
	}
	return &tree{kind: other, text: "null"}
}

func parseObject(d *json.Decoder, depth int) *tree {
	t := &tree{kind: object}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil
		}
		v := parseTree(d, depth+1)
		if v == nil {
			return nil
		}
		t.members = append(t.members, member{name, v})
	}
	if _, err := d.Token(); err != nil {
		return nil
	}
	return t
}

func parseArray(d *json.Decoder, depth int) *tree {
	t := &tree{kind: array}
	for d.More() {
		v := parseTree(d, depth+1)
		if v == nil {
			return nil
		}
		t.items = append(t.items, v)
	}
	if _, err := d.Token(); err != nil {
		return nil
	}
	return t
}

// leaf is a value that has no parts, and where it stands.
type leaf struct {
	pointer string // RFC 6901
	name    string // of the member; of the nearest one for an item
	*tree
}

// leaves lists all values without parts, in the order written.
func (t *tree) leaves() []leaf { return t.below("", "") }

func (t *tree) below(pointer, name string) (list []leaf) {
	if t == nil {
		return nil
	}
	for _, m := range t.members {
		list = append(list, m.value.below(pointer+"/"+pointerPart(m.name), m.name)...)
	}
	for i, item := range t.items {
		list = append(list, item.below(pointer+"/"+strconv.Itoa(i), name)...)
	}
	if t.kind != object && t.kind != array {
		list = append(list, leaf{pointer, name, t})
	}
	return list
}

func pointerPart(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// skeleton is the document with nothing in it but the values at pointers,
// which are given as JSON: an answer for a vector.
func (t *tree) skeleton(values map[string]string) string {
	body, _ := t.part("", values)
	return string(body)
}

func (t *tree) part(pointer string, values map[string]string) (body []byte, has bool) {
	switch t.kind {
	case object:
		body = append(body, '{')
		for _, m := range t.members {
			if part, ok := m.value.part(pointer+"/"+pointerPart(m.name), values); ok {
				if has {
					body = append(body, ',')
				}
				body = append(template.JSON.Encode(body, []byte(m.name)), ':')
				body, has = append(body, part...), true
			}
		}
		return append(body, '}'), has
	case array:
		body = append(body, '[')
		for i, item := range t.items {
			part, ok := item.part(pointer+"/"+strconv.Itoa(i), values)
			if !ok {
				part = []byte("null")
			}
			if i > 0 {
				body = append(body, ',')
			}
			body, has = append(body, part...), has || ok
		}
		return append(body, ']'), has
	}
	value, ok := values[pointer]
	return []byte(value), ok
}
