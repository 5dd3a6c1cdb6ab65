package demo

import (
	"fmt"
	"net/http"
	"os"
	"sync"
)

// portal is where a person meddles with the issuers.
type portal struct {
	home    home
	systems []*system
	table   func() string // the counts, for GET /

	mu     sync.Mutex
	guests map[string]bool // the systems that were meddled with
}

func (p *portal) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, p.table()) })
	for _, s := range p.systems {
		for name, do := range s.acts {
			mux.HandleFunc("POST /"+s.name+"/"+name, func(w http.ResponseWriter, _ *http.Request) {
				say, err := p.act(s, do)
				if err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
					return
				}
				_, _ = fmt.Fprintf(w, "%s: %s\n", s.name, say)
			})
		}
	}
	return mux
}

func (p *portal) act(s *system, do act) (say string, err error) {
	p.mu.Lock()
	p.guests[s.name] = true
	p.mu.Unlock()
	say, secret := do()
	if secret == "" {
		return say, nil
	}
	for _, param := range s.params {
		if param.isSecret {
			err = os.WriteFile(p.home.secret(s, param.key), []byte(secret+"\n"), 0o600)
		}
	}
	return say, err
}

// isQuiet reports whether nobody meddled with a system, so that no call of
// its API has a reason to be refused.
func (p *portal) isQuiet(s *system) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.guests[s.name]
}
