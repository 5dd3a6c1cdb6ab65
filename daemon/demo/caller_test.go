package demo

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"

	"authd/ipc"
)

// newCaller is a caller of an API that takes only the key "good".
func newCaller(t *testing.T) (*caller, *fakeDaemon) {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "good" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(api.Close)
	h := home(t.TempDir())
	if err := os.Mkdir(h.path("tokens"), 0o700); err != nil {
		t.Fatal(err)
	}
	f := &fakeDaemon{}
	f.listen(t, h.socket())
	c := &caller{daemon: &ipc.Client{Socket: h.socket()}, client: api.Client(), home: h, system: &system{name: "thing", origin: api.URL, path: "/x", outputs: []output{{"thing.header", "header"}}}}
	t.Cleanup(c.daemon.Close)
	return c, f
}

func TestCallsOverTheSocket(t *testing.T) {
	c, f := newCaller(t)
	f.set(1, map[string]string{"X-Key": "good"})
	c.call(t.Context(), c.signed)
	f.set(2, map[string]string{"X-Key": "dead"})
	c.call(t.Context(), c.signed)
	if got, want := c.tally.read(), (counts{accepted: 1, refused: 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	if got := f.rejections(); !slices.Equal(got, []uint64{2}) {
		t.Errorf("rejected the generations %v, want 2", got)
	}
}

func TestACallThatWasOvertakenIsNotTheDaemonsFault(t *testing.T) {
	c, f := newCaller(t)
	f.set(1, map[string]string{"X-Key": "dead"})
	p, err := c.signed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.set(2, map[string]string{"X-Key": "good"})
	c.refused(t.Context(), c.signed, p)
	if got, want := c.tally.read(), (counts{overtaken: 1}); got != want || len(f.rejections()) != 0 {
		t.Errorf("counted %+v, rejected %v; want %+v and none", got, f.rejections(), want)
	}
}

func TestASignatureIsRejectedByItsAddress(t *testing.T) {
	c, _ := newCaller(t)
	c.system.outputs = nil
	r, err := http.NewRequest(http.MethodGet, c.target(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.rejection(pass{request: r, generation: 1}); got != (ipc.Rejection{URL: c.target()}) {
		t.Errorf("rejects %+v", got)
	}
}

func TestCallsFromAFile(t *testing.T) {
	c, f := newCaller(t)
	way := c.fromFile("thing.header")
	c.call(t.Context(), way) // no file yet
	for _, text := range []string{"X-Key: good\n", "X-Key: dead\n"} {
		if err := os.WriteFile(c.home.token("thing.header"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.call(t.Context(), way)
	}
	if got, want := c.tally.read(), (counts{accepted: 1, refused: 1, unserved: 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	if got := f.rejections(); len(got) != 0 {
		t.Errorf("rejected %v, and a file has no generation", got)
	}
}
