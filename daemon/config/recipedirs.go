package config

// RecipeDirs are the folders of the user's recipes, as far as a configuration
// says so: for commands about recipes, which work without one and beside a
// broken one.
func RecipeDirs(file string, perUser bool) ([]string, error) {
	l, err := begin(Options{File: file, User: perUser})
	if err != nil {
		return nil, err
	}
	l.readFiles()
	l.readDaemon()
	return l.config.Daemon.RecipeDirs, nil
}
