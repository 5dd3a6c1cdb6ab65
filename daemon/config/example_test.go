//go:build unix

package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// example is authd.example.toml with the machine it was written for replaced
// by a folder with all it names.
func example(t *testing.T) (text string, o Options) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "authd.example.toml"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"creds/armor-psk": "s", "inventory.tmpl": "${value}", "secrets/client.key": "-----BEGIN PRIVATE KEY-----\n",
	}
	for _, m := range regexp.MustCompile(`"/etc/authd/(secrets/[a-z-]+)"`).FindAllStringSubmatch(string(data), -1) {
		files[m[1]] = "s"
	}
	files["secrets/state-key"] = keyOne
	dir := writeFiles(t, files)
	text = strings.NewReplacer(
		"/etc/authd", dir, "/usr/bin/pass", "/bin/echo",
		`"cron"`, `"daemon"`, `"deploy"`, `"daemon"`, `"authd"`, `"daemon"`,
		`"group:cron"`, `"group:daemon"`, `"group:admins"`, `"group:daemon"`, `"user:deploy"`, `"user:daemon"`,
	).Replace(string(data))
	o = options(dir)
	o.LookupEnv = lookup(map[string]string{"HOME": "/", "NETOSECRET": "s", "CREDENTIALS_DIRECTORY": dir + "/creds"})
	return text, o
}

func loadExample(t *testing.T, text string, o Options) *Config {
	t.Helper()
	if err := os.WriteFile(o.File, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, warnings, err := load(t, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	return c
}

func TestExample(t *testing.T) {
	text, o := example(t)
	c := loadExample(t, text, o)
	recipes, formats := map[string]bool{}, map[string]bool{}
	for _, x := range c.Credentials {
		recipes[x.Recipe] = true
		for _, out := range x.Outputs {
			formats[out.Format] = true
		}
	}
	for _, name := range standard.Names() {
		if name != "nothing" && name != "command" && !recipes[name] {
			t.Errorf("no credential of the recipe %s", name)
		}
	}
	for _, name := range formatNames() {
		if !formats[name] {
			t.Errorf("no output of the format %s", name)
		}
	}
}

// A key that is only shown must be right too.
func TestExampleWithAllKeysShown(t *testing.T) {
	text, o := example(t)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: selfSigned(t)})
	for _, name := range []string{"ca.pem", "client.pem"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(o.File), name), certificate, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text = regexp.MustCompile(`(?m)^template .*\n`).ReplaceAllString(text, "") // template_file stands beside it
	loadExample(t, regexp.MustCompile(`(?m)^#([a-z_]+ *=)`).ReplaceAllString(text, "$1"), o)
}

func TestExampleShowsEveryKey(t *testing.T) {
	text, _ := example(t)
	shown := func(name string) bool {
		return regexp.MustCompile(`(?m)(^|[#{ ])` + name + ` *=|\.` + name + `\]`).MatchString(text)
	}
	for _, list := range [][]string{names(daemonKeys), names(credentialKeys), names(outputKeys), names(ruleKeys), names(secretKinds)} {
		for _, name := range list {
			if !shown(name) {
				t.Errorf("%s is not shown", name)
			}
		}
	}
	if shown("there_is_no_such_key") {
		t.Error("everything counts as shown")
	}
}

func selfSigned(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
