package demo

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"authd/daemon/demo/issuers"
	"authd/refresher/document"
)

// furnished is a stage whose folder is written, without a daemon.
func furnished(t *testing.T) *stage {
	t.Helper()
	s := newStage(home(t.TempDir()), newSystems(issuers.Options{Life: 12 * time.Second}), newScreen(io.Discard))
	for _, system := range s.systems {
		system.origin = "http://127.0.0.1:1"
	}
	if err := s.home.furnish(s.systems); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheConfigHoldsNoSecret(t *testing.T) {
	s := furnished(t)
	text, err := os.ReadFile(s.home.config())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{demoSecret, demoPassword} {
		if strings.Contains(string(text), secret) {
			t.Error("a secret stands in the config")
		}
	}
	root, err := document.Parse("authd.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	for _, system := range s.systems {
		if got, _ := root.Get("credential").Get(system.name).Get("recipe").Str(); got != system.name {
			t.Errorf("%s has the recipe %q", system.name, got)
		}
	}
}

func TestThePortal(t *testing.T) {
	s := furnished(t)
	server := httptest.NewServer(s.portal.handler())
	defer server.Close()
	rotated, untouched := s.systems[5], s.systems[0]

	post(t, server.URL+"/yombo/rotate", http.StatusOK, "new one")
	secret, err := os.ReadFile(s.home.secret(rotated, "key"))
	if err != nil || string(secret) == demoSecret+"\n" {
		t.Errorf("the secret file was not written: %v", err)
	}
	if s.portal.isQuiet(rotated) || !s.portal.isQuiet(untouched) {
		t.Error("the wrong system counts as meddled with")
	}
	post(t, server.URL+"/packetfabric-session/login", http.StatusOK, "logged in")
	post(t, server.URL+"/armor/kill", http.StatusNotFound, "")

	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); !strings.Contains(string(body), "netography") {
		t.Errorf("the table is %q", body)
	}
}

func post(t *testing.T, url string, status int, want string) {
	t.Helper()
	resp, err := http.Post(url, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != status || !strings.Contains(string(body), want) {
		t.Errorf("%s: %d %q", url, resp.StatusCode, body)
	}
}
