package config

import "path/filepath"

func systemPlaces(func(string) (string, bool)) places {
	return places{config: "/etc/authd", runtime: "/var/run/authd", state: "/var/db/authd"}
}

// userPlaces takes the XDG variables where they are set, and Apple's folders
// where not; $TMPDIR is a person's own folder there.
func userPlaces(lookupEnv func(string) (string, bool)) (places, error) {
	config, err := folder(lookupEnv, "XDG_CONFIG_HOME", "HOME", "Library/Application Support")
	if err != nil {
		return places{}, err
	}
	state, err := folder(lookupEnv, "XDG_STATE_HOME", "HOME", "Library/Application Support")
	if err != nil {
		return places{}, err
	}
	runtime, err := folder(lookupEnv, "XDG_RUNTIME_DIR", "TMPDIR", ".")
	if err != nil {
		return places{}, err
	}
	return places{
		config:  filepath.Join(config, "authd"),
		runtime: filepath.Join(runtime, "authd"),
		state:   filepath.Join(state, "authd", "state"),
	}, nil
}
