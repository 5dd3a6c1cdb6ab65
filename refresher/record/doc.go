// Package record drafts a recipe from a browser's recording of one login, a
// HAR file (HTTP Archive 1.2, http://www.softwareishard.com/blog/har-12-spec/).
//
//	New     the recording → a Draft: a recipe that loads, and notes on what was guessed
//
// It finds the request that carries a password, and works backwards and
// forwards from it: where each value that was sent came from (a page, a
// cookie, an answer, the person), which makes the steps; and where a later
// request carries what the login's answer gave, which makes the use. It is not
// the place for what a recipe may be (package recipe), and it contacts nobody.
//
// # Decisions
//
//   - Nothing that was recorded goes into a draft unless it is known to be
//     harmless: names of fields, cookies and headers, words on a page,
//     small numbers. Every other value is one that an earlier answer gave, or
//     becomes a parameter. The cost is a parameter too many now and then,
//     which the notes tell.
//   - Vectors are made up from the draft, not cut from the recording: an answer
//     in them holds just what the recipe reads, with invented values. The same
//     recording with other secrets gives the same draft to the byte, which the
//     tests check.
//   - A draft is loaded, and its vectors run, before it is shown; so package
//     recipe is imported, from the same layer.
//   - What cannot be drafted is an error that says what was seen, not half a
//     recipe: a login by a field whose name changes, or in several parts.
package record
