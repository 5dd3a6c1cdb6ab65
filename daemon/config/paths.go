package config

import (
	"cmp"
	"path/filepath"
	"time"

	"authd/refresher/credential"
	"authd/refresher/document"
)

// places are the folders that differ between systems and users.
type places struct {
	config  string // authd.toml, conf.d, recipes
	runtime string // tokens; does not outlive a boot
	socket  string // "": below runtime
	state   string
}

func standardPlaces(perUser bool, lookupEnv func(string) (string, bool)) (places, error) {
	if !perUser {
		return systemPlaces(lookupEnv), nil
	}
	return userPlaces(lookupEnv)
}

func builtinDaemon(p places) Daemon {
	return Daemon{
		Socket:       cmp.Or(p.socket, filepath.Join(p.runtime, "authd.sock")),
		CacheDir:     filepath.Join(p.runtime, "tokens"),
		StateDir:     p.state,
		RecipeDirs:   []string{filepath.Join(p.config, "recipes")},
		ReadyTimeout: time.Minute,
		MaxBody:      32 << 20,
		Landlock:     true,
	}
}

func builtinCredential() Credential {
	return Credential{
		Margin:    time.Minute,
		RefreshAt: 0.75,
		Timeout:   Limit{Value: 30 * time.Second},
		Required:  true,
		Network:   Network{Proxy: credential.NewSecret("env")},
	}
}

// folder is a variable that names a folder, else one below another.
func folder(lookupEnv func(string) (string, bool), name, below, path string) (string, error) {
	if dir, ok := lookupEnv(name); ok && filepath.IsAbs(dir) {
		return dir, nil
	}
	home, ok := lookupEnv(below)
	if !ok || !filepath.IsAbs(home) {
		return "", &document.Error{Problem: "there is no $" + name + " and no $" + below, Remedy: "set one of them to an absolute path"}
	}
	return filepath.Join(home, path), nil
}
