// Package recipe reads recipes, which say in TOML how one vendor's credential
// is obtained, renewed and used, and settles them with a user's parameters.
//
//	Load, Open, Set   file → Recipe: everything wrong with it is told, its vectors are run
//	Recipe.Bind       Recipe + parameters → Bound: a Source, a Signer, hosts, an identity
//	Set.TestVectors   vectors of others, as JSON
//	Show, Lint, New   what `authd recipe` prints
//
// A file is read into the types of file.go (shapes), its names are checked
// (check.go), its conditions are settled (plan.go), and from then on only
// packages login and sign are at work. It is not the place for what steps and
// signatures do.
//
// # Decisions
//
//   - Everything that can be known without a parameter is checked at load, and
//     the vectors are part of it: a recipe that does not do what it says is
//     refused. The cost is some milliseconds a recipe; only those that are used
//     are read.
//   - `when` is settled at Bind, not asked at run time. What remains is a plan
//     without parameters, so that ten thousand credentials of one recipe share
//     a few plans and each holds only its values.
//   - All mistakes are told, shapes before names. A part with a mistake of shape
//     is left out of the rest of the checks, so that one slip is one message.
//   - What OAuth needs beside steps (addresses that are discovered, a person's
//     part in a login) is a few keys of the language, so that grants, client
//     authentication and classes of answers are data in builtin/oauth2.toml and
//     not Go. The cost is that the language is larger; package oauth2 is small.
//   - What a recipe extends is taken by copying its parts as read; there is one
//     level, so there are no cycles and no order of overriding to learn.
package recipe
