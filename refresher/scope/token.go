package scope

import (
	"encoding/base64"
	"fmt"

	"authd/refresher/template"
)

// Token is a [jwt.NAME]: a JSON Web Token (RFC 7519) that is minted anew for
// each step and each signature. Its members keep the order written.
type Token struct {
	Name   string // NAME
	Alg    string // one of Algorithms; "key": the key's own
	Key    *template.Value
	Header []template.Field // after alg and typ
	Claims []template.Field
}

// signers are the algorithms (RFC 7518, RFC 8037) and the functions that sign.
var signers = map[string]string{
	"HS256": "hmac-sha256", "HS384": "hmac-sha384", "HS512": "hmac-sha512",
	"RS256": "rsa-sha256", "ES256": "ecdsa-sha256", "EdDSA": "ed25519",
}

// Algorithms lists the values of alg.
func Algorithms() []string {
	return []string{"HS256", "HS384", "HS512", "RS256", "ES256", "EdDSA", byKey}
}

// byKey is the alg of a token whose private key decides how it is signed.
const byKey = "key"

// Append mints the token in compact form.
func (t *Token) Append(dst []byte, env template.Env) ([]byte, error) {
	key, err := t.Key.Append(nil, env, template.Raw)
	if err != nil {
		return dst, err
	}
	alg := t.Alg
	if alg == byKey {
		if alg, err = template.KeyAlgorithm(key); err != nil {
			return dst, err
		}
	}
	header, err := t.header(alg, env)
	if err != nil {
		return dst, err
	}
	claims, err := template.AppendObject(nil, t.Claims, env)
	if err != nil {
		return dst, err
	}
	out := base64.RawURLEncoding.AppendEncode(dst, header)
	out = base64.RawURLEncoding.AppendEncode(append(out, '.'), claims)
	sig, err := template.Sign(nil, signers[alg], out[len(dst):], key)
	if err != nil {
		return dst, fmt.Errorf("signing with %s: %w", alg, err)
	}
	return base64.RawURLEncoding.AppendEncode(append(out, '.'), sig), nil
}

func (t *Token) header(alg string, env template.Env) ([]byte, error) {
	own := append(append([]byte(`{"alg":"`), alg...), `","typ":"JWT"`...)
	more, err := template.AppendFields(nil, t.Header, env)
	if err != nil {
		return nil, err
	}
	if len(more) > 0 {
		own = append(append(own, ','), more...)
	}
	return append(own, '}'), nil
}
