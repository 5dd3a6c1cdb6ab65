package record

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// login is the request that carries a password, and where.
type login struct {
	*call
	password, username string // names of members; username is "" where there is none
	secret, user       string // what they were
	basic              bool   // both in an Authorization header
}

// findLogin picks the request that is most likely the login. Of equals it is
// the last: people try again until it works.
func findLogin(calls []*call) (*login, error) {
	var best *login
	most, several := 0, false
	for _, c := range calls {
		several = several || c.mime == "multipart/form-data" && c.body
		for _, l := range c.logins() {
			if score := l.score(calls); best == nil || score >= most {
				best, most = l, score
			}
		}
	}
	switch {
	case best != nil && most > 0:
		return best, nil
	case several:
		return nil, errors.New("no request carries a password that could be read; one is sent as multipart/form-data, which a recipe cannot send")
	}
	return nil, fmt.Errorf("no request of the %d in the recording carries a password; record from the login page on, and export with sensitive data", len(calls))
}

// logins are the ways in which a request may be a login.
func (c *call) logins() (list []*login) {
	if c.method != "GET" && c.method != "HEAD" && c.method != "OPTIONS" {
		members := c.members()
		for i, m := range members {
			if isPassword(m.name) && m.value != "" {
				name, user := usernameOf(members, i)
				list = append(list, &login{call: c, password: m.name, secret: m.value, username: name, user: user})
				break
			}
		}
	}
	scheme, value, _ := strings.Cut(c.header("Authorization"), " ")
	if pair, err := base64.StdEncoding.DecodeString(value); err == nil && strings.EqualFold(scheme, "basic") && len(list) == 0 {
		if user, secret, ok := strings.Cut(string(pair), ":"); ok && secret != "" {
			list = append(list, &login{call: c, password: "password", secret: secret, username: "username", user: user, basic: true})
		}
	}
	return list
}

// members are all texts of the body.
func (c *call) members() (list []field) {
	list = append(list, c.form...)
	for _, l := range c.json.leaves() {
		if l.kind == str || l.kind == num {
			list = append(list, field{l.name, l.text})
		}
	}
	return list
}

// usernameOf finds who logs in: the member that is called so, else the one
// before the password.
func usernameOf(members []field, password int) (name, value string) {
	for _, m := range members {
		if has(m.name, usernameWords) && !isSecretName(m.name) && !has(m.name, fixedWords) && m.value != "" && !isTrivial(m.value) {
			return m.name, m.value
		}
	}
	if password > 0 && !isSecretName(members[password-1].name) {
		return members[password-1].name, members[password-1].value
	}
	return "", ""
}

// score says how much speaks for a login.
func (l *login) score(calls []*call) (score int) {
	if l.status >= 200 && l.status < 400 {
		score += 10
	}
	if l.username != "" {
		score += 3
	}
	for _, m := range l.answer.json.leaves() {
		if m.kind == str && has(m.name, tokenWords) {
			score += 5
			break
		}
	}
	for _, c := range l.answer.cookies {
		if !c.isDeletion(l.at) {
			score += 5
			break
		}
	}
	for _, m := range l.members() {
		if has(m.name, otherWords) && isPassword(m.name) {
			score -= 8
		}
	}
	if l.basic {
		score -= 6 // unless what it gave is used
	}
	if l.isFollowed(calls) {
		score += 10
	}
	return score
}

// isFollowed reports whether a later request carries what the answer gave.
func (l *login) isFollowed(calls []*call) bool {
	for _, c := range calls[l.n+1:] {
		for _, s := range l.answer.cookies {
			if len(s.value) >= minTrace && find(c.cookies, s.name) == s.value {
				return true
			}
		}
		_, token, ok := strings.Cut(c.header("Authorization"), " ")
		if ok && len(token) >= minTrace && strings.Contains(l.answer.text, token) {
			return true
		}
	}
	return false
}
