package main

import (
	"os"
	"path/filepath"
)

// add hands over to `authd add`, which knows recipes and configurations. The
// authd beside this program is the one of its version.
func add(_ *app, o *options) error {
	path := ""
	if self, err := os.Executable(); err == nil {
		path = filepath.Join(filepath.Dir(self), "authd"+filepath.Ext(self))
	}
	if _, err := os.Stat(path); err != nil {
		if path, err = look("authd"); err != nil {
			return err
		}
	}
	return become(path, append([]string{"authd", "add"}, o.operands...), os.Environ())
}
