package issuers

import (
	"net/http"
	"time"
)

// startPage is what the gateway serves while it starts up.
const startPage = "<!DOCTYPE html><html><body><h1>Yombo Gateway is starting</h1></body></html>"

// Yombo is a gateway whose API wants a key. Keys do not expire; a rotated one
// is dead at once.
//
// Everything under /api/ wants the key; other pages send strangers to the
// login page.
type Yombo struct {
	Front
	key      string
	starting bool
}

// NewYombo makes a gateway that knows one key.
func NewYombo(key string, o Options) *Yombo { return &Yombo{Front: newFront(o), key: key} }

// Handler answers the gateway's requests.
func (y *Yombo) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", y.serve(API, y.call))
	mux.Handle("/", http.RedirectHandler("/user/login", http.StatusFound))
	return mux
}

// SetSecret rotates the key; the old one is dead at once.
func (y *Yombo) SetSecret(key string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.key = key
}

// SetStarting makes the gateway serve its start-up page, with status 200, to
// every request, or ends that.
func (y *Yombo) SetStarting(starting bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.starting = starting
}

func (y *Yombo) call(_ time.Time, r *http.Request, _ []byte) answer {
	if y.starting {
		return answer{reason: Starting, status: http.StatusOK, body: startPage}
	}
	switch key, isPresent := gatewayKey(r); {
	case !isPresent:
		return refused(http.StatusUnauthorized, NoCredential)
	case key != y.key:
		return refused(http.StatusUnauthorized, WrongKey)
	}
	return service(r)
}

// gatewayKey takes the first place that is present, be it empty: a header
// without a value hides a good key in the query.
func gatewayKey(r *http.Request) (key string, isPresent bool) {
	for _, name := range []string{"X-Auth-Key", "X-Api-Auth"} {
		if values, ok := r.Header[name]; ok {
			return values[0], true
		}
	}
	query := r.URL.Query()
	for _, name := range []string{"_auth_key", "_api_auth"} {
		if values, ok := query[name]; ok {
			return values[0], true
		}
	}
	return "", false
}
