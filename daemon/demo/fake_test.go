package demo

import (
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"authd/ipc"
)

// fakeDaemon answers on the socket as the daemon would, with what a test
// wants.
type fakeDaemon struct {
	mu         sync.Mutex
	generation uint64
	headers    map[string]string // of a signature
	rejected   []uint64
	events     []string // lines of the watch stream
}

func (f *fakeDaemon) set(generation uint64, headers map[string]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.generation, f.headers = generation, headers
}

func (f *fakeDaemon) rejections() []uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]uint64(nil), f.rejected...)
}

// listen serves until the test ends or stop is called.
func (f *fakeDaemon) listen(t *testing.T, socket string) (stop func()) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/version", func(w http.ResponseWriter, _ *http.Request) { reply(t, w, ipc.Version{API: 1}) })
	mux.HandleFunc("GET /v1/watch", func(w http.ResponseWriter, r *http.Request) {
		for _, line := range f.events {
			_, _ = w.Write([]byte(line + "\n"))
		}
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("GET /v1/credentials/{name}", func(w http.ResponseWriter, r *http.Request) {
		reply(t, w, ipc.Status{Name: r.PathValue("name"), Generation: 1, RenewAt: ipc.At(noon.Add(5 * time.Second))})
	})
	mux.HandleFunc("POST /v1/credentials/{name}/sign", func(w http.ResponseWriter, r *http.Request) {
		var question struct{ URL string }
		if err := json.NewDecoder(r.Body).Decode(&question); err != nil {
			t.Error(err)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		reply(t, w, map[string]any{"url": question.URL, "headers": f.headers, "generation": f.generation})
	})
	mux.HandleFunc("POST /v1/credentials/{name}/reject", func(w http.ResponseWriter, r *http.Request) {
		var got struct{ Generation uint64 }
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.rejected = append(f.rejected, got.Generation)
		reply(t, w, ipc.Status{})
	})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Authd-Api", "1")
		mux.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(l) }()
	stop = func() { _ = server.Close() }
	t.Cleanup(stop)
	return stop
}

func reply(t *testing.T, w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	_, _ = w.Write(body)
}

var noon = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
