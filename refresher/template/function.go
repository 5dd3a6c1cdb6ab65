package template

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"slices"
)

// function is one row of the table.
type function struct {
	name    string
	takes   takes
	example string // an argument, for messages
	// check reads a literal argument when the template is parsed; what it
	// returns is handed to apply as call.pre.
	check func(arg string) (any, error)
	// apply appends the result for in to dst. arg is the argument's value; in
	// may be the end of dst, so that only what lies behind it is written.
	apply func(dst, in, arg []byte, c *call) ([]byte, error)
	// blank: empty input gives empty output, without asking apply.
	blank bool
	// hash is set for digests and MACs, which can take their input piece by
	// piece; digest for those that a Digester may answer.
	hash   hasher
	digest bool
	// typed: a JSON type, for a whole JSON value.
	typed bool
}

// takes is the kind of argument a function has.
type takes uint8

const (
	nothing takes = iota
	aKey          // a $name
	text          // a literal
	either        // a literal or a $name
)

// Functions lists the names of all functions, sorted.
func Functions() []string {
	names := make([]string, 0, len(functions))
	for name := range functions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// IsDigest reports whether a function is one of md5 sha1 sha256 sha384 sha512,
// which a client can work out in place of handing over its body.
func IsDigest(name string) bool {
	fn, ok := functions[name]
	return ok && fn.digest
}

// functions is the whole list of the recipe language (section 4).
var functions = table(
	hashing("md5", nothing, digest(md5.New)),
	hashing("sha1", nothing, digest(sha1.New)),
	hashing("sha256", nothing, digest(sha256.New)),
	hashing("sha384", nothing, digest(sha512.New384)),
	hashing("sha512", nothing, digest(sha512.New)),
	hashing("hmac-md5", aKey, mac(md5.New)),
	hashing("hmac-sha1", aKey, mac(sha1.New)),
	hashing("hmac-sha256", aKey, mac(sha256.New)),
	hashing("hmac-sha384", aKey, mac(sha512.New384)),
	hashing("hmac-sha512", aKey, mac(sha512.New)),
	&function{name: "ed25519", takes: aKey, apply: applyEd25519},
	&function{name: "rsa-sha256", takes: aKey, apply: applyRSASHA256},
	&function{name: "ecdsa-sha256", takes: aKey, apply: applyECDSASHA256},

	&function{name: "der", apply: applyDER, blank: true},

	&function{name: "hex", apply: applyHex},
	&function{name: "unhex", apply: applyUnhex, blank: true},
	&function{name: "base64", apply: applyBase64},
	&function{name: "base64url", apply: applyBase64URL},
	&function{name: "unbase64", apply: applyUnbase64, blank: true},
	&function{name: "percent", apply: applyPercent},
	&function{name: "percent-path", apply: applyPath},
	&function{name: "form", apply: applyForm},

	&function{name: "lower", apply: applyLower},
	&function{name: "upper", apply: applyUpper},
	&function{name: "trim", apply: applyTrim},
	&function{name: "cut", takes: text, example: "0:8", check: checkCut, apply: applyCut, blank: true},
	&function{name: "before", takes: text, example: ";", check: checkSome, apply: applyBefore, blank: true},
	&function{name: "after", takes: text, example: "=", check: checkSome, apply: applyAfter, blank: true},
	&function{name: "append", takes: text, example: "&", check: checkSome, apply: applyAppend, blank: true},
	&function{name: "prepend", takes: text, example: "?", check: checkSome, apply: applyPrepend, blank: true},
	&function{name: "or", takes: either, example: "none", apply: applyOr},
	&function{name: "length", apply: applyLength},
	&function{name: "plus", takes: text, example: "60", check: checkPlus, apply: applyPlus, blank: true},
	&function{name: "date", takes: text, example: "%Y-%m-%d", check: checkDate, apply: applyDate},
	&function{name: "totp", apply: applyTOTP, blank: true},
	&function{name: "find", takes: text, example: "^[0-9]+", check: checkFind, apply: applyFind, blank: true},

	&function{name: "json", takes: either, example: "/data/token", check: checkPointer, apply: applyJSON, blank: true},
	&function{name: "jwt", takes: either, example: "/exp", check: checkPointer, apply: applyJWT, blank: true},
	&function{name: "header", takes: either, example: "Location", check: checkSome, apply: applyHeader, blank: true},
	&function{name: "cookie", takes: either, example: "session", check: checkSome, apply: applyCookie, blank: true},
	&function{name: "field", takes: either, example: "code", check: checkSome, apply: applyField, blank: true},
	&function{name: "origin", apply: applyOrigin, blank: true},
	&function{name: "host", apply: applyHost, blank: true},
	&function{name: "sort-query", apply: applySortQuery, blank: true},
	&function{name: "sort-concat", apply: applySortConcat, blank: true},
	&function{name: "header-lines", takes: text, example: "x-ms-", apply: applyHeaderLines, blank: true},
	&function{name: "query-lines", apply: applyQueryLines, blank: true},

	&function{name: "int", apply: applyInt, typed: true},
	&function{name: "bool", apply: applyBool, typed: true},
	&function{name: "literal", apply: applyLiteral, typed: true},
)

func hashing(name string, takes takes, begin hasher) *function {
	return &function{name: name, takes: takes, apply: begin.apply, hash: begin, digest: takes == nothing}
}

func table(rows ...*function) map[string]*function {
	m := make(map[string]*function, len(rows))
	for _, row := range rows {
		m[row.name] = row
	}
	return m
}
