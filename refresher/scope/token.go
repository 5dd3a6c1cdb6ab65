package scope

import (
	"encoding/base64"
	"fmt"

	"authd/refresher/template"
)

// Token is a [jwt.NAME]: a JSON Web Token (RFC 7519) that is minted anew for
// each step and each signature. Its members keep the order written.
type Token struct {
	Name   string          // NAME
	Alg    *template.Value // one of Algorithms; "key": the key's own
	Key    *template.Value
	Header []template.Field // after alg and typ
	Claims []template.Field
}

// Algorithms lists the values of alg.
func Algorithms() []string { return append(template.JWSAlgorithms(), byKey) }

// byKey is the alg of a token whose private key decides how it is signed.
const byKey = "key"

// Append mints the token in compact form.
func (t *Token) Append(dst []byte, env template.Env) ([]byte, error) {
	key, err := t.Key.Append(nil, env, template.Raw)
	if err != nil {
		return dst, err
	}
	alg, err := t.algorithm(key, env)
	if err != nil {
		return dst, err
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
	sig, err := template.SignJWS(nil, alg, out[len(dst):], key)
	if err != nil {
		return dst, fmt.Errorf("signing with %s: %w", alg, err)
	}
	return base64.RawURLEncoding.AppendEncode(append(out, '.'), sig), nil
}

func (t *Token) algorithm(key []byte, env template.Env) (string, error) {
	alg, err := t.Alg.Append(nil, env, template.Raw)
	if err != nil || string(alg) != byKey {
		return string(alg), err
	}
	return template.KeyAlgorithm(key)
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
