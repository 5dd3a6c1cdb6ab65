// Package oauth2 is what of OAuth 2.0 the steps of a recipe cannot say: where
// an issuer's addresses are (OpenID Connect Discovery 1.0, RFC 8414), and a
// login that a person attends, by device code (RFC 8628) or in a browser that
// comes back to this host (RFC 8252, with PKCE, RFC 7636).
//
// It makes a credential.Source around the source of a recipe's steps, which
// sends all that goes to the token endpoint: grants, client authentication,
// classes of answers and lifetimes are data, in the recipe oauth2. It is not
// the place for those, nor for when anything happens.
//
// # Decisions
//
//   - What is discovered must be at the issuer's own origin. A description that
//     was tampered with could otherwise have secrets sent to anyone; an issuer
//     whose endpoints are elsewhere (Google's are) has them written out in the
//     configuration or in a recipe. The cost: a line more for those.
//   - An alias for connections with a client's certificate (RFC 8705, 5) may be
//     at another port, or at a host below the issuer's; the RFC's own example, a
//     sibling of the issuer's host, has to be written out. To tell siblings from
//     strangers takes the list of public suffixes, and what is sent may be a
//     refresh token or a password.
//   - Addresses are discovered at the first exchange, not when the configuration
//     is read: a daemon must start without a network. They are kept until the
//     endpoint seems gone, and then asked for anew.
//   - The daemon opens no browser and asks nobody: it shows an address to who
//     asked for the login, and waits at a loopback address that exists only
//     meanwhile. Its answer counts only with the state that was drawn for it.
//   - What an issuer has shown to a person must be printable, and an address a
//     web page's: it goes to somebody's terminal.
//   - A login under way does not stop renewals: what it uses up is its own.
package oauth2
