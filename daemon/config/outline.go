package config

import "authd/refresher/document"

// Outline is what a configuration has at a glance, as far as it can be read:
// for commands that work without one and beside a broken one.
type Outline struct {
	File        string           // authd.toml, absolute; it need not exist
	RecipeDirs  []string         // the folders of the user's recipes
	User        string           // whom the daemon is to become; "": nobody else
	Credentials map[string]Place // by name
}

// ReadOutline looks at a configuration and fetches no secret. The error says
// that there is no place for one.
func ReadOutline(file string, perUser bool) (*Outline, error) {
	l, err := begin(Options{File: file, User: perUser})
	if err != nil {
		return nil, err
	}
	l.readFiles()
	l.readDaemon()
	o := &Outline{
		File: l.options.File, RecipeDirs: l.config.Daemon.RecipeDirs, User: l.config.Daemon.User,
		Credentials: map[string]Place{},
	}
	for _, f := range l.files {
		n := f.root.Get("credential")
		if n == nil || n.Kind != document.Table {
			continue
		}
		for _, table := range n.Nodes {
			o.Credentials[table.Key] = Place{File: f.name, Line: table.Line}
		}
	}
	return o, nil
}
