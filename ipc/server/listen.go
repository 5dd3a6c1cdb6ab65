//go:build !windows

package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	socketMode = 0o666 // what a caller may do is decided for each credential
	folderMode = 0o755
	maxPath    = 103 // of a socket's path: sun_path has 104 bytes on darwin, 108 on linux
)

// Listen makes a socket at path that any user may connect to, in a folder
// that it makes if need be. A socket that nobody answers on is replaced; one
// that is answered on, or anything else that stands there, is an error. It
// is listened on before it can be seen, and is removed when it is closed.
func Listen(path string) (net.Listener, error) {
	folder := filepath.Dir(path)
	if err := makeFolder(folder); err != nil {
		return nil, err
	}
	if err := probe(path); err != nil {
		return nil, err
	}
	hidden := filepath.Join(folder, "."+strconv.Itoa(os.Getpid()))
	if len(hidden) > maxPath || len(path) > maxPath {
		return nil, fmt.Errorf("%s is too long for a socket; choose a path of at most 90 bytes", path)
	}
	_ = os.Remove(hidden)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: hidden, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("cannot make a socket in %s: %w", folder, err)
	}
	l.SetUnlinkOnClose(false)
	own, err := show(hidden, path)
	if err != nil {
		_ = l.Close()
		_ = os.Remove(hidden)
		return nil, fmt.Errorf("cannot make the socket %s: %w", path, err)
	}
	return &listener{UnixListener: l, path: path, own: own}, nil
}

// Adopt makes l, a socket at path that another process made by Listen, one that
// is removed when it is closed.
func Adopt(l net.Listener, path string) net.Listener {
	u, ok := l.(*net.UnixListener)
	own, err := os.Lstat(path)
	if !ok || err != nil {
		return l
	}
	return &listener{UnixListener: u, path: path, own: own}
}

// Leave has a socket made by Listen or adopted stay when l is closed: another
// process listens on it too.
func Leave(l net.Listener) {
	if own, ok := l.(*listener); ok {
		own.own = nil
	}
}

// show gives the socket its mode and its name.
func show(hidden, path string) (fs.FileInfo, error) {
	if err := os.Chmod(hidden, socketMode); err != nil {
		return nil, err
	}
	own, err := os.Lstat(hidden)
	if err != nil {
		return nil, err
	}
	return own, os.Rename(hidden, path)
}

// makeFolder makes the folder, open for all to enter, whatever the umask. A
// folder that is there must not let others replace the socket.
func makeFolder(folder string) error {
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(folder, folderMode); err != nil {
			return fmt.Errorf("cannot make the socket's folder: %w", err)
		}
		return os.Chmod(folder, folderMode)
	}
	if err != nil {
		return fmt.Errorf("cannot use the socket's folder: %w", err)
	}
	if mode := info.Mode(); mode.Perm()&0o022 != 0 && mode&fs.ModeSticky == 0 {
		return fmt.Errorf("others may change %s (mode %04o); take their right to write away: chmod go-w %s", folder, mode.Perm(), folder)
	}
	return nil
}

// probe finds out what stands at path, by connecting to it.
func probe(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("cannot look at %s: %w", path, err)
	case info.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("%s is there and is no socket; remove it, or choose another path", path)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		_ = c.Close()
		return fmt.Errorf("%w on %s; stop the other authd, or choose another path", ErrAnswered, path)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return nil
	}
	return fmt.Errorf("cannot tell whether something answers on %s: %w", path, err)
}

// listener removes its socket when it is closed, unless another one has
// taken its place.
type listener struct {
	*net.UnixListener
	path string
	own  fs.FileInfo // nil: not to be removed
}

func (l *listener) Close() error {
	if now, err := os.Lstat(l.path); err == nil && l.own != nil && os.SameFile(now, l.own) {
		_ = os.Remove(l.path)
	}
	return l.UnixListener.Close()
}
