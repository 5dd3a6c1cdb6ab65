package sign

import (
	"errors"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// Static works the entries out without a request, for files: the headers,
// cookies and query members (not encoded) that every request gets. Entries
// with methods are taken as if they applied. A dynamic signer has none.
func (s *Signer) Static(c *credential.Credential) (headers, cookies, query []credential.Pair, err error) {
	if s.program.use.dynamic {
		return nil, nil, nil, errors.New("each request is signed for itself; use sign")
	}
	w := s.begin(Context{Cred: c})
	defer s.end(w)
	w.run.static = true
	var all static
	for i := range s.program.entries {
		if err := all.add(w, &s.program.entries[i]); err != nil {
			return nil, nil, nil, err
		}
	}
	return secrets(all.headers), secrets(all.cookies), secrets(all.query), nil
}

// static is what the entries so far give.
type static struct{ headers, cookies, query []Header }

// add takes in one entry; its headers and cookies replace those of a name.
func (all *static) add(w *work, e *Entry) error {
	headers, err := w.pairs(nil, e.Headers, template.Header)
	if err != nil {
		return err
	}
	cookies, err := w.cookies(nil, e)
	if err != nil {
		return err
	}
	query, err := w.pairs(nil, e.Query, template.Raw)
	if err != nil {
		return err
	}
	for _, h := range headers {
		all.headers = put(all.headers, h)
	}
	for _, h := range cookies {
		all.cookies = put(all.cookies, h)
	}
	all.query = append(all.query, query...)
	return nil
}

func secrets(list []Header) []credential.Pair {
	pairs := make([]credential.Pair, len(list))
	for i, p := range list {
		pairs[i] = credential.Pair{Name: p.Name, Secret: credential.NewSecret(p.Value)}
	}
	return pairs
}
