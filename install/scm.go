package install

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"authd/refresher/accesslist"
)

// windowsAccount is made by Windows for the service of that name; files know it
// by accesslist.Service.
const windowsAccount = `NT SERVICE\authd`

// errNoPersons is for what Windows does not have.
var errNoPersons = errors.New(`a person has no services of his own on Windows; have it started at logon, from a console of an administrator: ` +
	`schtasks /Create /TN authd /SC ONLOGON /RU NAME /TR "authd.exe run --user"`)

// windows is the plan for Windows.
func (p *places) windows() ([]step, error) {
	if p.user {
		return nil, errNoPersons
	}
	command := `"` + p.program + `" run`
	steps := []step{
		ownFolder{folder{p.conf, 0o700, ""}},
		callStep{"install the service authd: " + command + ", as " + windowsAccount + ", with the event source authd", func() error { return installOnce(p) }},
		run("sc.exe", "config", account, "binPath=", command, "start=", "auto"),
		run("sc.exe", "failure", account, "reset=", "60", "actions=", "restart/1000"),
		run("sc.exe", "failureflag", account, "1"),
		run("icacls", p.conf, "/setowner", "*"+accesslist.Administrators),
		closed(p.conf, "RX"),
	}
	for _, path := range []string{p.state, p.cache} {
		steps = append(steps, folder{path, 0o700, ""}, closed(path, "M"))
	}
	steps = append(steps, folder{filepath.Join(p.cache, "tokens"), 0o700, ""})
	return append(steps, p.folders(0o700, "")[1:]...), nil
}

// closed has a folder's list say: everything for the system and administrators,
// and what the service needs. What is made in the folder inherits it. Accounts go
// by number, as names are translated.
func closed(path, service string) command {
	const inherited = ":(OI)(CI)"
	return run("icacls", path, "/inheritance:r", "/grant:r",
		"*"+accesslist.System+inherited+"F", "*"+accesslist.Administrators+inherited+"F", "*"+accesslist.Service+inherited+service)
}

func (p *places) withoutWindows() []step {
	return []step{callStep{"stop and remove the service authd, and its event source", func() error {
		s, err := control(p)
		if err != nil {
			return err
		}
		_ = s.Stop() // it may not run
		return s.Uninstall()
	}}}
}

// ownFolder is a folder in ProgramData, where everybody may make one before: one
// that is there must be an administrator's.
type ownFolder struct{ folder }

func (f ownFolder) do(h *host) error {
	if owner := foreignOwner(h.root + f.path); owner != "" {
		return fmt.Errorf("%s is there and belongs to %s, who may have put anything into it; look at it, and remove it", f.path, owner)
	}
	return f.folder.do(h)
}

// errNotElevated is returned to who may not change the services.
var errNotElevated = errors.New("the service needs an administrator; start the console with \"Run as administrator\"")

// mayInstall asks for the right to change the host, by its group; an error that
// it is missing comes before anything is done.
func mayInstall(goos string) error {
	switch {
	case goos == "windows" && !isElevated():
		return errNotElevated
	case goos != "windows" && os.Geteuid() != 0:
		return ErrNotRoot
	}
	return nil
}
