package child

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// environment is all that a child learns from ours; programs do not start on
// Windows without SystemRoot.
func environment(home string) []string {
	env := []string{"SystemRoot=" + os.Getenv("SystemRoot"), "PATH=" + os.Getenv("PATH"), "LANG=C"}
	if home != "" {
		env = append(env, "USERPROFILE="+home)
	}
	return env
}

// group is a child with all that it starts: a job, as Windows calls it.
type group struct {
	cmd *exec.Cmd
	job windows.Handle
}

// alone keeps a Ctrl-C away from a child, and has it wait until it is in its
// job: what it starts is in the same one.
func alone(cmd *exec.Cmd) (group, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return group{}, err
	}
	g := group{cmd, job}
	cmd.Dir = filepath.VolumeName(os.Getenv("SystemRoot")) + `\`
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_SUSPENDED}
	cmd.Cancel = g.end
	return g, nil
}

func (g group) run() error {
	if err := g.cmd.Start(); err != nil {
		return err
	}
	if err := g.begin(uint32(g.cmd.Process.Pid)); err != nil {
		_ = g.cmd.Process.Kill()
		_ = g.cmd.Wait()
		return err
	}
	return g.cmd.Wait()
}

// begin puts the child into its job and lets it run.
func (g group) begin(pid uint32) error {
	p, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, pid)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(p)
	if err := windows.AssignProcessToJobObject(g.job, p); err != nil {
		return err
	}
	return resume(pid)
}

// resume starts the one thread that a new process has, whose handle package
// syscall has closed.
func resume(pid uint32) error {
	all, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(all)
	entry := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	for err = windows.Thread32First(all, &entry); err == nil; err = windows.Thread32Next(all, &entry) {
		if entry.OwnerProcessID != pid {
			continue
		}
		thread, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, entry.ThreadID)
		if err != nil {
			return err
		}
		defer windows.CloseHandle(thread)
		_, err = windows.ResumeThread(thread)
		return err
	}
	return errors.Join(errors.New("its thread is not found"), err)
}

func (g group) end() error {
	const killed = 1 // the exit code
	return windows.TerminateJobObject(g.job, killed)
}

// close lets go of the job, not of what still runs in it: a command may leave
// something running on purpose.
func (g group) close() { _ = windows.CloseHandle(g.job) }
