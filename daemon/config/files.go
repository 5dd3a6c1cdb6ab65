package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"authd/refresher/document"
)

// maxFile bounds one file of the config; ten thousand credentials are 3 MB.
const maxFile = 64 << 20

// opened is a file of the config as it was when it was read.
type opened struct {
	path   string
	rights rights
}

// openFile is why a literal secret may not stand in a file, and what to do.
type openFile struct{ problem, remedy string }

// readFiles reads authd.toml and the drop-ins beside it, in byte order.
func (l *loader) readFiles() {
	main := l.options.File
	dropins := filepath.Join(filepath.Dir(main), "conf.d")
	l.readOne(main)
	l.listed(dropins)
	entries, err := os.ReadDir(dropins)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.failFile(dropins, cannotRead(dropins, err))
	}
	for _, e := range entries { // ReadDir sorts by name
		if strings.HasSuffix(e.Name(), ".toml") && !strings.HasPrefix(e.Name(), ".") {
			l.readOne(filepath.Join(dropins, e.Name()))
		}
	}
	if l.options.DropIn != "" {
		l.readOne(l.options.DropIn)
	}
}

func (l *loader) readOne(path string) {
	l.watchFile(path)
	data, err := readFile(path, maxFile, func(r rights) error {
		l.opened = append(l.opened, opened{path, r}) // judged once [daemon] user is known
		return nil
	})
	if err != nil {
		l.failFile(path, err)
		return
	}
	l.parse(path, data)
}

func (l *loader) parse(path string, data []byte) {
	l.config.Files = append(l.config.Files, path)
	root, err := document.Parse(path, data)
	var e *document.Error
	if errors.As(err, &e) {
		l.errs = append(l.errs, e)
		return
	}
	l.files = append(l.files, &file{name: path, dir: filepath.Dir(path), root: root})
}

// judgeFiles looks at who may write and who may read each file.
func (l *loader) judgeFiles() {
	l.trust = newTrust(l.config.Daemon.User)
	open := map[string]*openFile{}
	for _, o := range l.opened {
		err := l.trust.folders(o.path)
		if err == nil {
			err = l.trust.judge(o.path, o.rights, false)
		}
		if err != nil {
			l.failFile(o.path, err)
		}
		if who, remedy := l.trust.readable(o.rights); who != "" {
			open[o.path] = &openFile{fmt.Sprintf("a secret stands here, and others may read this file (%s)", who), against(keepToYourself(remedy), o.path)}
		}
	}
	for _, f := range l.files {
		f.open = open[f.name]
	}
}

// listed has it noticed that a file comes to a folder.
func (l *loader) listed(folder string) {
	l.config.Listed = append(l.config.Listed, folder)
	l.watchFolder(folder)
}

// watchFile has a change of a file noticed: in its folder, and in that of
// what it is a link to.
func (l *loader) watchFile(path string) {
	l.inputs[path] = true
	l.watchFolder(filepath.Dir(path))
	if real, err := filepath.EvalSymlinks(path); err == nil {
		l.watchFolder(filepath.Dir(real))
	}
}

// watchFolder has a change in a folder noticed, or where there is none, that
// it is made. Nothing further up is watched: it may be a busy place.
func (l *loader) watchFolder(folder string) {
	for _, f := range []string{folder, filepath.Dir(folder)} {
		if info, err := os.Stat(f); err == nil && info.IsDir() {
			l.watch[f] = true
			return
		}
	}
}

// failFile notes what is wrong with a file as a whole.
func (l *loader) failFile(name string, err error) {
	var e *document.Error
	if !errors.As(err, &e) {
		e = &document.Error{Problem: err.Error()}
	}
	l.errs = append(l.errs, &document.Error{File: name, Problem: e.Problem, Remedy: e.Remedy})
}
