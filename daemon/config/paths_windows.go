package config

import (
	"path/filepath"

	"authd/ipc"
)

func systemPlaces(lookupEnv func(string) (string, bool)) places {
	data, err := folder(lookupEnv, "ProgramData", "SystemDrive", "ProgramData")
	if err != nil {
		data = `C:\ProgramData`
	}
	return windowsPlaces(filepath.Join(data, "authd"), ipc.SystemSocket())
}

func userPlaces(lookupEnv func(string) (string, bool)) (places, error) {
	data, err := folder(lookupEnv, "LOCALAPPDATA", "USERPROFILE", `AppData\Local`)
	return windowsPlaces(filepath.Join(data, "authd"), ipc.UserSocket()), err
}

func windowsPlaces(root, socket string) places {
	return places{config: root, runtime: filepath.Join(root, "run"), socket: socket, state: filepath.Join(root, "state")}
}
