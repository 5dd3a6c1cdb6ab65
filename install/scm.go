package install

import "path/filepath"

// windowsAccount is made by Windows for the service of that name.
const windowsAccount = `NT SERVICE\authd`

// windows is the plan for Windows: what others may do is taken from the folder
// as a whole, and what lies in it inherits that.
func (p *places) windows() ([]step, error) {
	s, err := control(p)
	if err != nil {
		return nil, err
	}
	steps := p.folders(0o700, "")
	return append(
		[]step{steps[0], callStep{"install the service authd", func() error { return installOnce(s) }}, run(
			"icacls", p.conf, "/inheritance:r", "/grant:r",
			"*S-1-5-18:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F", windowsAccount+":(OI)(CI)M",
		)},
		append(steps[1:], folder{p.state, 0o700, ""}, folder{filepath.Join(p.cache, "tokens"), 0o700, ""})...,
	), nil
}

func (p *places) withoutWindows() []step {
	return []step{callStep{"remove the service authd", func() error {
		s, err := control(p)
		if err != nil {
			return err
		}
		_ = s.Stop() // it may not run
		return s.Uninstall()
	}}}
}
