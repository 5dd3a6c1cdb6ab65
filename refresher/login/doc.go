// Package login obtains and renews a credential by running the steps of a
// recipe: HTTP requests in order, each judged by its answer (the recipe
// language, sections 5 to 7).
//
// New makes a credential.Source of a Program, which is a recipe with every
// `when` settled, and a Config, which is what one credential adds to it. The
// Source knows how; when and how often is the business of package refresher,
// and what templates may mention was checked by package recipe. It keeps no
// state and reads no clock but the one each attempt brings.
//
// # Decisions
//
//   - A run is all or nothing. Values are gathered in the run and become a
//     credential after the last step; a failure leaves no trace. The cost: what
//     an earlier step of a failed run got is lost, and asked for again.
//   - A request that carries something that may be replaced is sent exactly
//     once. net/http sends a request again by itself when a kept connection
//     breaks, unless it cannot know the body; we see to that it cannot.
//   - "Sent, but no answer" is told from "never sent" by whether the headers
//     were written. In doubt it counts as sent.
//   - A refusal is tried again for a newly learned clock only if the request
//     depends on the time: a wrong password must not be sent twice.
//   - The cookie jar is our own. net/http/cookiejar rewrites nothing either,
//     but honours Domain and needs a list of public suffixes to do so safely;
//     host-only is safe without one. The cost is a hundred lines.
//   - A Set-Cookie's value is kept to the byte. Servers compare bytes.
//   - Messages name the step's address as the recipe writes it, and no byte of
//     an answer but its status and an OAuth error code.
//   - The issuer's own members are the last answer with what is private cut
//     out of its bytes. Where that cannot be known to be all, nothing is
//     published: no name is guessed.
package login
