package document

import (
	"errors"
	"strings"

	"github.com/BurntSushi/toml"
)

// syntax says in our words what the library finds. The library quotes what it
// could not read, which may be a secret, so nothing of its text is passed on
// but the name of a key. The first row whose part occurs in its message fits.
var syntax = []struct{ part, problem, remedy string }{
	{"has already been defined", "is written twice", "keep one"},
	{"was already created as a hash", "is written both as a value and as a table", "keep one"},
	{"cannot be used as an array", "is written both with single and with double brackets", "keep one"},
	{"is not a table", "is written both as a value and as a table", "keep one"},
	{"strings cannot contain newlines", "the text is not closed on its line", `end it with a quote, or put it in """ if it has several lines`},
	{"unexpected EOF; expected value", "the value is missing or not closed", `write KEY = "value"`},
	{"unexpected EOF; expected key separator", "the = is missing", `write KEY = "value"`},
	{"unexpected EOF", "the file ends inside a text, a list or a table", "close it"},
	{"scape", `a backslash in "…" must begin an escape that TOML knows`, `write \\, or put the text in single quotes`},
	{"hexadecimal digits after", `a backslash in "…" must begin an escape that TOML knows`, `write \\, or put the text in single quotes`},
	{"control characters", "there is a control character in the file", `in a text write it as an escape, such as "\u001b"`},
	{"invalid UTF-8", "the file is not UTF-8", "save it as UTF-8"},
	{"NULL bytes", "the file is not UTF-8", "save it as UTF-8"},
	{"expected a top-level item to end", "something follows the value", `put texts and durations in quotes, such as "60s", and each key on a line of its own`},
	{"expected value but found", "this is no value", `put texts in quotes, such as "60s"`},
	{"underscores", "this is no number", "put texts in quotes"},
	{"leading zeroes", "a number cannot begin with 0", `put it in quotes, such as "0640"`},
	{"out of range", "the number is too large", "put it in quotes if it is a text"},
	{"invalid datetime", "this is no date", "put texts in quotes"},
	{"nvalid float", "this is no number", "put texts in quotes"},
	{"expected a digit", "this is no number", "put texts in quotes"},
	{"number: ", "this is no number", "put texts in quotes"},
	{"numbers: ", "this is no number", "put texts in quotes"},
	{"floats must start", "this is no number", "put a 0 before the point"},
	{"table name", "the name in brackets is not closed or empty", "write [name] or [[name]] on a line of its own"},
	{"table array name", "the double brackets are not closed", "write [[name]]"},
	{"expected '.' or '='", "the = after the key is missing", `write KEY = "value"; quote keys that have other characters than a-z A-Z 0-9 _ -`},
	{"unexpected '='", "the key before = is missing", `write KEY = "value"`},
	{"unexpected '.'", "a key cannot begin or end with a dot", `write KEY = "value"`},
	{"comma", "the commas of a list or a table are not right", "put one comma between two items"},
}

func syntaxError(file string, err error) *Error {
	e := &Error{File: file, Line: 1, Problem: "this is not TOML", Remedy: `write KEY = "value" and [section] lines`}
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return e
	}
	e.Line, e.Key = pe.Position.Line, pe.LastKey
	if strings.Contains(pe.Message, `'\n' instead`) { // the library counts the line end it stumbled over
		e.Line--
	}
	e.Line = max(e.Line, 1)
	if _, rest, ok := strings.Cut(pe.Message, "Key '"); ok {
		e.Key, _, _ = strings.Cut(rest, "' ")
	}
	for _, row := range syntax {
		if strings.Contains(pe.Message, row.part) {
			e.Problem, e.Remedy = row.problem, row.remedy
			break
		}
	}
	return e
}
