package daemon

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"os"
	"path/filepath"

	"authd/daemon/config"
)

// stamp says how everything stands that a configuration was read from, or
// could be: its files, and what else of that kind lies in their folders. What
// the daemon itself writes is not among them, so that outputs which stand
// beside the configuration do not make it reload.
func stamp(conf *config.Config) string {
	h := sha256.New()
	for _, path := range conf.Inputs {
		stampFile(h, path)
	}
	for _, folder := range conf.Listed {
		recipes, _ := filepath.Glob(filepath.Join(folder, "*.toml")) // the pattern is right
		for _, path := range recipes {
			stampFile(h, path)
		}
	}
	return string(h.Sum(nil))
}

// stampFile looks through links: a secret that is swapped by one is another,
// also where both have the same size and time, as keys from one archive or
// from a store that sets all times to the same have.
func stampFile(h hash.Hash, path string) {
	info, err := os.Stat(path)
	if err != nil {
		fmt.Fprintln(h, path, "unreadable")
		return
	}
	fmt.Fprintln(h, path, info.Mode(), info.Size(), info.ModTime().UnixNano(), numberOf(info))
}
