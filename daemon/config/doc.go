// Package config reads authd.toml and its drop-ins into a Config: values that
// are checked, with every secret fetched, every name of a user resolved and
// every mistake told at once as FILE:LINE: KEY: PROBLEM; REMEDY.
//
// It does not know any recipe: what a parameter must be is asked through the
// interface Recipes. It starts nothing and keeps nothing: the daemon calls
// Load again when one of Config.Watch changes, and compares.
//
// The values that answer questions later (Allow, Hosts, Rules) carry their
// answers as methods, as the words of the config define them.
//
// # Decisions
//
//   - Keys stand in tables (daemonKeys, credentialKeys, outputKeys), each with
//     an example of its value: the same table finds unknown keys, gives the
//     remedy of a wrong type and tests the example file. The cost is a function
//     value a key instead of struct tags.
//   - [defaults] are read with the credential's own table into a Credential
//     that every other begins as a copy of. What a recipe may say too is kept
//     as a Limit, which remembers who said it.
//   - Loading has three steps: shapes, then secrets (several commands at once),
//     then the recipes' own checks. Mistakes of all are told together, by line.
//   - A file is judged as it was opened, its folders by their path: who may
//     change a folder may put another file in its place. Group-writable counts
//     as writable by others, as a group's members are not known for good.
//   - A relative path is taken from the folder of the file in which it stands;
//     ~ is refused, because who "home" is depends on how the daemon is started.
//   - Config keeps no node and no piece of a file's text: texts are cloned, so
//     that a literal secret does not stay in memory with the file around it.
package config
