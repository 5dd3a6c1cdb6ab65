// Package template is the ${name|function:argument} of recipes, over byte
// strings: parsed once, worked out as often as wanted. Beside templates it has
// what is made of them (a Value of alternatives, a Member, a JSON Tree), the
// places they go to, which decide what is escaped and what refused, and the
// readers of URLs, JSON, cookies and fields that functions and their callers
// share.
//
// A template asks an Env for names and knows nothing else of the world: its
// functions read no file, clock, environment or network. What names there are
// and where they are known is not its business (packages scope and recipe), nor
// is a mistake's file and line (whoever read the file).
//
// # Decisions
//
//   - Functions are one table, closed, in function.go. A new one is a row with
//     an apply and a line in the recipe language; nothing registers itself.
//   - Everything that can be wrong without knowing values is found by Parse:
//     arguments, patterns, pointers, dates, keys that are not names. What is
//     left for run time is what only a value can show.
//   - A function writes behind its input in one growing buffer, and the result
//     moves to the front. Working a template out allocates nothing but what the
//     buffer lacks and what crypto packages allocate; the cost is a rule that
//     apply may not write into its input.
//   - Errors name the hole and the function, never a value: a value may be a
//     secret, and errors end up in logs.
//   - `before` gives the whole input where the mark is missing, `after` nothing,
//     like strings.Cut: a header's parameters can be cut off whether it has any
//     or not.
//   - A list of alternatives of which none applies is the empty text. Missing
//     is an error only where nothing was said about it.
//   - JSON is read where it stands, not decoded: numbers keep their digits, a
//     body keeps its bytes. Of two members of one name the last counts, as for
//     encoding/json and browsers.
//   - `+` is a space in queries as in forms. A server that reads it as a plus
//     will not agree about a signature over decoded fields; RFC 5849 and AWS do.
//   - Private keys are parsed for each signature. It costs some tens of
//     microseconds beside a signature of as much or more, and no key is kept
//     anywhere but where the recipe's parameters are.
package template
