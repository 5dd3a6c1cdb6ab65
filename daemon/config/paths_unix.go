//go:build unix && !darwin

package config

import (
	"path/filepath"

	"authd/refresher/document"
)

func systemPlaces(func(string) (string, bool)) places {
	return places{config: "/etc/authd", runtime: "/run/authd", state: "/var/lib/authd"}
}

// userPlaces follows the XDG base directory specification 0.8. It has no
// substitute for XDG_RUNTIME_DIR that is as private, so there is none here.
func userPlaces(lookupEnv func(string) (string, bool)) (places, error) {
	config, err := folder(lookupEnv, "XDG_CONFIG_HOME", "HOME", ".config")
	if err != nil {
		return places{}, err
	}
	state, err := folder(lookupEnv, "XDG_STATE_HOME", "HOME", ".local/state")
	if err != nil {
		return places{}, err
	}
	runtime, ok := lookupEnv("XDG_RUNTIME_DIR")
	if !ok || !filepath.IsAbs(runtime) {
		return places{}, &document.Error{Problem: "there is no $XDG_RUNTIME_DIR", Remedy: "log in by PAM or ssh, or set it to a 0700 folder of yours such as /run/user/UID"}
	}
	return places{
		config:  filepath.Join(config, "authd"),
		runtime: filepath.Join(runtime, "authd"),
		state:   filepath.Join(state, "authd"),
	}, nil
}
