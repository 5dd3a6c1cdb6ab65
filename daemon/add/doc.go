// Package add makes a credential of a recipe: it asks for what the recipe
// needs, writes a drop-in and the secrets' files, has the login tried, and
// only then puts the drop-in where a daemon reads it.
//
//	Addition.Run   the whole of `authd add`
//	Asker          the person, or the script, that answers
//
// It is not the place for a terminal (cmd/authd has it), for logging in
// (package daemon does, through Addition.Try) or for what a parameter must be
// (package recipe says so).
//
// # Decisions
//
//   - The drop-in is tried under a name that begins with a dot, which no daemon
//     reads, and then linked to its own in one step. So what is tried is what
//     will stand there, with the rest of the configuration around it, and a
//     file that is already there is never replaced. The cost is that the whole
//     configuration must be right before something can be added to it.
//   - The secrets' files stand in their place from the start: nothing names
//     them until the drop-in does, and a second copy would have to be wiped.
//   - All that was made is unmade in reverse order when something fails, a
//     folder only if nothing else has come into it.
//   - A secret never stands in the drop-in or in an argument: it is asked for,
//     or the argument says where it is kept.
//   - Only what the recipe cannot do without is asked, and what its [[require]]
//     says is worth a question: the grant first, then what that needs. The rest
//     stands in the drop-in as comments, so that nobody has to look it up.
//   - Where a person has to log in, the trial ends at the configuration: what a
//     login gives is the daemon's to keep, so that it is made through the daemon
//     once the drop-in is in its place, by authctl, which shows pages and codes.
//     The cost is that a login which fails then leaves the credential there.
package add
