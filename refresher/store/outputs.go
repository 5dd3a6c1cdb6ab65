package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// outputsName is a file beside the records, which a daemon reads whole before
// it knows which of them it will need. No credential's file has such a name.
const outputsName = "outputs"

// Output is a file that was written for a credential, or may have been: to be
// removed should the credential, or the file, leave the configuration while no
// daemon runs.
type Output struct {
	Credential string `json:"credential"`
	Path       string `json:"path"`            // absolute: of the file, with Dir of the folder
	Dir        bool   `json:"dir,omitempty"`   // layout = "dir"
	Owner      string `json:"owner,omitempty"` // as it was configured
}

type savedOutputs struct {
	Version int      `json:"version"`
	Outputs []Output `json:"outputs"`
}

// Outputs are those that were saved. What cannot be read, because it is damaged
// or a newer authd's, counts as none: then files stay that should go.
func (s *Store) Outputs() ([]Output, error) {
	data, err := s.folder.Read(outputsName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	return readOutputs(data), nil
}

// PeekOutputs are those that were saved in the state folder at dir, which
// another process may have open; none where they cannot be read.
func PeekOutputs(dir string) []Output {
	data, err := os.ReadFile(filepath.Join(dir, outputsName))
	if err != nil {
		return nil
	}
	return readOutputs(data)
}

func readOutputs(data []byte) []Output {
	var saved savedOutputs
	if json.Unmarshal(data, &saved) != nil || saved.Version != plainVersion {
		return nil
	}
	return saved.Outputs
}

// SaveOutputs stores all, unless that is what is stored.
func (s *Store) SaveOutputs(all []Output) error {
	defer s.hold(outputsName)() // a credential may be called so, and then its new file is, too
	if have, err := s.Outputs(); err == nil && slices.Equal(have, all) {
		return nil
	}
	data, err := json.Marshal(savedOutputs{Version: plainVersion, Outputs: all})
	if err == nil {
		err = s.put(outputsName, outputsName, data)
	}
	if err == nil {
		err = s.folder.Sync()
	}
	if err != nil {
		return fmt.Errorf("state: the list of output files: %w", err)
	}
	return nil
}
