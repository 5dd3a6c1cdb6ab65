// Package scope gives the names of a recipe their values: parameters, lets and
// minted tokens, put over the names of a run (time, nonce, cred, request and
// so on), which whoever runs a step or a signature provides.
//
// A recipe makes its Names once for each way its `when` can settle; a
// credential adds its parameters to make Vars; each step and each signature
// puts those over its own Env with Vars.Over or Vars.Get.
//
// It is not the place for the syntax and the functions of templates (package
// template), nor for what is done with the results (packages login and sign).
//
// # Decisions
//
//   - Logging in and signing see the same parameters, lets and tokens, so they
//     share this package below both; the cost is one package more.
//   - Lets are worked out when first asked for and kept, failures too, so that
//     work grows with their number and not with the paths between them. A let
//     that asks for itself is an error, and all lets together make at most
//     64 MiB: whatever a recipe says, working it out ends.
//   - Each name has a slot that keeps its buffer from one signature to the next
//     (Vars.Get, Scope.Free). Buffers are wiped when they are given back. The
//     cost is that results of Lookup must not be kept.
//   - Tokens are signed by the functions that templates have, not by a JWT
//     library: those sign maps, whose members have no order, and the order
//     shows in the bytes. A library judges the result in the tests.
package scope
