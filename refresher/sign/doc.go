// Package sign puts a credential into a request: the `apply` entries of a
// recipe, worked out in their order. A signature is nothing but an entry whose
// templates mention the request, the time or a nonce.
//
// It is not the place for the functions (package template) nor for what names
// mean (package scope). It sends nothing and knows no clock: the time, the
// nonce and what is held come with each call.
//
// # Decisions
//
//   - The URL is taken apart and put together by ourselves, on the bytes as
//     given: a signature covers what goes on the wire, and net/url rewrites it.
//   - What a recipe needs of the body, and what its result depends on, is read
//     off its templates once, when the signer is made, through lets and tokens.
//   - A member that the request has already is an error, never replaced: the
//     request was signed before, or the caller means something else by it.
//   - A large body is read piece by piece where a digest or a MAC takes it, also
//     through lets (Request.Large), so that signing 32 MiB costs no memory; a
//     recipe that looks into the body makes it be held.
//   - Form and JSON members added to a request without a body also set its
//     Content-Type where it has none; the client cannot know what to say.
package sign
