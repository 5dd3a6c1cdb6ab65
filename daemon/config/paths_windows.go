package config

import "path/filepath"

func systemPlaces(lookupEnv func(string) (string, bool)) places {
	data, err := folder(lookupEnv, "ProgramData", "SystemDrive", "ProgramData")
	if err != nil {
		data = `C:\ProgramData`
	}
	return windowsPlaces(filepath.Join(data, "authd"))
}

func userPlaces(lookupEnv func(string) (string, bool)) (places, error) {
	data, err := folder(lookupEnv, "LOCALAPPDATA", "USERPROFILE", `AppData\Local`)
	return windowsPlaces(filepath.Join(data, "authd")), err
}

func windowsPlaces(root string) places {
	return places{config: root, runtime: filepath.Join(root, "run"), state: filepath.Join(root, "state")}
}
