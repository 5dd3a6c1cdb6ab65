// Package document reads a TOML file into a tree whose every node knows its
// line, and holds what messages about such a file are made of: Error, Errors,
// Nearest and ParseDuration. Configuration and recipes are both read with it,
// so that both say what is wrong as FILE:LINE: KEY: PROBLEM; REMEDY.
//
// It knows nothing of what a file means: which keys there are, and what their
// values must be, is the business of packages config and recipe.
//
// # Decisions
//
//   - The values come from BurntSushi/toml, the lines and the order from a
//     scanner of our own. The library gives no line for an unknown key and no
//     order inside inline tables; a parser of our own for everything would have
//     to get strings, dates and the rules about redefinition right. The scanner
//     reads only what the library has accepted and is fuzzed against it. The
//     cost is that a file is read twice.
//   - A syntax error is told in our words, from a table, and never quotes the
//     file: the library's messages quote values, and a value may be a secret.
//   - A tree is for the time of loading. It holds every text of the file, so
//     nobody keeps nodes; Line and Path are copied out where they are needed.
package document
