package issuers

// Reason says why a request was refused; the empty Reason means that it was
// granted. No reason holds a secret.
type Reason string

// The reasons of all issuers.
const (
	Granted Reason = ""

	Faulted  Reason = "met a fault" // was not judged at all
	Starting Reason = "still starting"

	BadRequest    Reason = "request not understood"
	WrongPassword Reason = "wrong user name or password"
	NeedsMFA      Reason = "needs a second factor"

	NoCredential Reason = "no credential"
	WrongScheme  Reason = "wrong scheme"
	Malformed    Reason = "credential not understood"
	BadSignature Reason = "wrong signature"
	WrongType    Reason = "wrong kind of token"
	WrongClaims  Reason = "wrong claims"
	WrongKey     Reason = "unknown key"
	Expired      Reason = "expired"
	Unknown      Reason = "unknown session"
	Replaced     Reason = "ended by another login"
	Killed       Reason = "ended by a person"
	Spent        Reason = "refresh token spent before"
	WrongClock   Reason = "clock too far off"
	ReusedNonce  Reason = "nonce used before"
	BadNonce     Reason = "nonce empty or too long"
	NoAccount    Reason = "no or wrong account"
)
