package daemon

import (
	"bytes"
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// undumpable also keeps other processes of the same user from reading this
// one's memory (ptrace(2)).
func undumpable() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

// nameProcess gives a process that was started as /proc/self/exe its name in ps
// and pgrep back. It must come before undumpable, after which /proc is root's.
func nameProcess() {
	const file = "/proc/self/comm"
	if name, err := os.ReadFile(file); err == nil && string(name) == "exe\n" {
		_ = os.WriteFile(file, []byte("authd"), 0)
	}
}

// hideEnvironment overwrites the environment that the process was started
// with, where /proc/PID/environ shows it; secrets may stand there. The Go
// runtime has its own copy. It must come before undumpable, after which a
// process may not open its own memory.
func hideEnvironment() error {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return err
	}
	begin, end, err := environmentAt(stat)
	if err != nil {
		return err
	}
	mem, err := os.OpenFile("/proc/self/mem", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer mem.Close()
	_, err = mem.WriteAt(make([]byte, end-begin), begin)
	return err
}

// environmentAt reads env_start and env_end, the fields 50 and 51 of
// /proc/PID/stat (proc_pid_stat(5)). The second field is a name in brackets
// that may hold anything.
func environmentAt(stat []byte) (begin, end int64, err error) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const first = 3 // the number of fields[0]
	if len(fields) <= 51-first {
		return 0, 0, errors.New("/proc/self/stat is too short")
	}
	if begin, err = strconv.ParseInt(string(fields[50-first]), 10, 64); err != nil {
		return 0, 0, err
	}
	end, err = strconv.ParseInt(string(fields[51-first]), 10, 64)
	if err == nil && (begin <= 0 || end < begin || end-begin > 16<<20) {
		err = errors.New("/proc/self/stat does not tell where the environment is")
	}
	return begin, end, err
}
