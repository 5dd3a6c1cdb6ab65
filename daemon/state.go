package daemon

import (
	"errors"
	"fmt"
	"os"

	"authd/daemon/config"
	"authd/refresher/store"
)

// openState opens the state, and encrypts what was stored before there was a
// key. The error is a *ConfigError where state_key is not the right one.
func (d *Daemon) openState(conf *config.Config) (err error) {
	keys := store.Keys{Seal: conf.Daemon.StateKey}
	d.store, err = store.Open(d.base.StateDir, keys, d.now)
	if errors.As(err, new(*store.KeyError)) {
		return &ConfigError{Err: err}
	}
	if err != nil {
		return err
	}
	done, err := d.store.Reseal()
	if done.Changed > 0 {
		d.log.Info("state encrypted", "records", done.Changed, "key", keys.Seal.ID())
	}
	if err != nil { // what is plain still can be read, and is encrypted when it is next stored
		d.log.Error("not all of the state is encrypted; it will be tried again at the next start", "error", err)
	}
	return nil
}

// checkState tells whether state_key is the right one for what is stored,
// without touching it, as far as it may be looked at.
func checkState(conf *config.Config) error {
	var trust []int
	if uid, _, err := ownerOf(conf.Daemon.StateDir); err == nil && os.Geteuid() == 0 {
		trust = append(trust, uid)
	}
	return store.Judge(conf.Daemon.StateDir, store.Keys{Seal: conf.Daemon.StateKey}, trust...)
}

// fixedKey says what becomes of a changed state_key, of which the ids are
// given; "" is none.
func fixedKey(was, is string) []string {
	if was == is {
		return nil
	}
	if was == "" {
		return []string{"daemon.state_key: is not used until authd is restarted, which encrypts the state; restart it"}
	}
	how := "authd rekey --from FILE"
	if is == "" {
		how += " --plain"
	}
	return []string{fmt.Sprintf("daemon.state_key: is the key %s until authd is restarted, which cannot read the state without that key; stop it, type %s with a file that holds that key, and start it",
		was, how)}
}
