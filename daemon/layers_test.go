package daemon_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers is the house: a package imports only from layers below its own. A
// package that is not here has no place yet; give it one.
var layers = [][]string{
	0: {
		"refresher/credential", "refresher/template", "refresher/document", "refresher/accesslist", "refresher/atomicfile", "refresher/child", "ipc/pipe", "ipc",
		"daemon/sandbox",
		"daemon/demo/issuers", // judges the rest, and so knows none of it
	},
	1: {"daemon/monitor", "ipc/server", "refresher/scope", "refresher/store", "refresher/output"},
	2: {"refresher"},
	3: {"refresher/login", "refresher/oauth2", "refresher/sign", "refresher/command"},
	4: {"refresher/recipe", "refresher/record", "daemon/config"},
	5: {"daemon", "daemon/add", "daemon/demo", "install"},
	6: {"cmd/authd", "cmd/authctl", "bench"},
}

// neighbours are the imports within one layer, each with its reason.
var neighbours = map[[2]string]string{
	{"ipc", "ipc/pipe"}:                              "a client's end of Windows' transport",
	{"ipc", "refresher/accesslist"}:                  "the account in the name of a person's pipe",
	{"ipc/pipe", "refresher/accesslist"}:             "whose a pipe is decides whether it is talked to",
	{"refresher/atomicfile", "refresher/accesslist"}: "who may change a folder, on Windows",
	{"refresher/record", "refresher/recipe"}:         "a draft is loaded, and its vectors run, before it is shown",
}

// thirdParty says which modules from elsewhere a package may import.
var thirdParty = map[string][]string{
	"cmd/authd":            {"github.com/spf13/cobra", "golang.org/x/term"},
	"daemon":               {"github.com/coreos/go-systemd/v22", "github.com/fsnotify/fsnotify", "golang.org/x/sys", "rsc.io/qr/coding"},
	"daemon/config":        {"github.com/zalando/go-keyring", "golang.org/x/sync", "golang.org/x/sys"},
	"daemon/monitor":       {"golang.org/x/sys"},
	"daemon/sandbox":       {"github.com/landlock-lsm/go-landlock", "golang.org/x/sys"},
	"daemon/demo":          {"golang.org/x/term"},
	"refresher/child":      {"golang.org/x/sys"},
	"daemon/demo/issuers":  {"github.com/golang-jwt/jwt/v5"},
	"install":              {"github.com/kardianos/service", "golang.org/x/sys"},
	"ipc/pipe":             {"golang.org/x/sys"},
	"ipc/server":           {"golang.org/x/sys"},
	"refresher":            {"golang.org/x/sys", "golang.org/x/time"},
	"refresher/accesslist": {"golang.org/x/sys"},
	"refresher/atomicfile": {"golang.org/x/sys"},
	"refresher/document":   {"github.com/BurntSushi/toml"},
	"refresher/output":     {"golang.org/x/sys"},
	"refresher/store":      {"filippo.io/age", "golang.org/x/sys"},
}

// systems are all that the program is built for; a package may import
// something on one of them alone.
var systems = []string{"linux", "darwin", "windows"}

const module = "authd"

// pkg is what `go list` tells about one package.
type pkg struct {
	ImportPath string
	Imports    []string
}

func TestLayers(t *testing.T) {
	place := map[string]int{}
	for n, names := range layers {
		for _, name := range names {
			place[name] = n
		}
	}
	found := map[string]bool{}
	for _, system := range systems {
		for _, p := range list(t, system, module+"/...") {
			name := strings.TrimPrefix(p.ImportPath, module+"/")
			found[name] = true
			layer, ok := place[name]
			if !ok {
				t.Errorf("%s stands in no layer; give it one", name)
				continue
			}
			for _, imported := range p.Imports {
				judge(t, place, name, layer, imported)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(place)) {
		if !found[name] {
			t.Errorf("%s stands in a layer and does not exist", name)
		}
	}
}

// judge looks at one import of one package.
func judge(t *testing.T, place map[string]int, name string, layer int, imported string) {
	t.Helper()
	below, isOurs := strings.CutPrefix(imported, module+"/")
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case isOurs && place[below] < layer:
	case isOurs && place[below] == layer && neighbours[[2]string{name, below}] != "":
	case isOurs:
		t.Errorf("%s (layer %d) imports %s (layer %d)", name, layer, below, place[below])
	case strings.Contains(first, ".") && !slices.ContainsFunc(thirdParty[name], func(m string) bool {
		return imported == m || strings.HasPrefix(imported, m+"/")
	}):
		t.Errorf("%s imports %s, which is not among what it may import from elsewhere", name, imported)
	}
}

// authctl starts for every line of somebody's script: what it links is what
// it costs.
func TestAuthctlLinksNoHTTP(t *testing.T) {
	for _, system := range systems {
		for _, p := range list(t, system, "-deps", module+"/cmd/authctl") {
			if p.ImportPath == "net/http" || p.ImportPath == "crypto/tls" {
				t.Errorf("%s: authctl links %s; see `go mod why` or `go list -deps -json`", system, p.ImportPath)
			}
		}
	}
}

// list runs `go list -json` as for another system.
func list(t *testing.T, system string, args ...string) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
