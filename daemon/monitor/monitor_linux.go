package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"authd/refresher/child"
)

// Options are what a monitor is made from.
type Options struct {
	Args    []string                 // of the daemon proper, its name first
	Sockets []*os.File               // that the service manager gave, for the daemon
	Tell    func(state string) error // the service manager
	Exec    child.Runner             // how commands are run
	Log     *slog.Logger
}

// Ended is how the daemon proper ended, as the monitor is to end.
type Ended struct {
	Code   int            // of exit(3), unless Signal
	Signal syscall.Signal // 0: none
}

// monitor is a running one. What it knows belongs to one goroutine, that of
// Run.
type monitor struct {
	Options
	nursery nursery
	events  chan event
	life    context.Context // of Run
	tasks   sync.WaitGroup  // what is run for daemons
	tells   chan string     // to the service manager, in order

	base     json.RawMessage // that the first daemon sealed itself with, for all that follow
	active   *process
	standby  *process
	renewal  uint64   // the question of active that standby is the answer to
	answered bool     // it was
	waiting  *message // a question that came before the standby of one answered was buried
	agreed   bool     // with: standby can take over
	stopping bool     // somebody asked for the end
	held     []os.Signal
	sockets  []kept
}

type kept struct {
	file *os.File
	own  bool
}

// event is a message of a daemon, or with ended set its end.
type event struct {
	from *process
	message
	file  *os.File
	ended *os.ProcessState
}

const (
	killTime = 5 * time.Second // how long a daemon that is asked for its stacks may take
	maxTells = 64              // that wait for a service manager
	endTime  = 2 * time.Second // how long commands that are ended at our own end may take
)

// Run starts a daemon proper and does for it what it may not, until one ends
// that nobody takes over from. An error is one that kept it from starting. A ctx
// that has ended by then counts as SIGTERM; afterwards signals count.
func Run(ctx context.Context, o Options) (Ended, error) {
	signals, hangups := make(chan os.Signal, 16), make(chan os.Signal, 1) // apart, or many of these would have an end be dropped
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGABRT)
	signal.Notify(hangups, syscall.SIGHUP)
	life, end := context.WithCancel(context.Background())
	m := &monitor{Options: o, nursery: newNursery(life), events: make(chan event), life: life, tells: make(chan string, maxTells)}
	m.tasks.Go(m.speak)
	defer m.endTasks(end)
	for _, f := range o.Sockets {
		m.sockets = append(m.sockets, kept{file: f})
	}
	var err error
	if m.active, err = m.launch(""); err != nil {
		return Ended{}, fmt.Errorf("the daemon proper cannot be started: %w; [daemon] landlock = false does without it", err)
	}
	m.handOver()
	if ctx.Err() != nil {
		m.signalled(syscall.SIGTERM)
	}
	for {
		select {
		case s := <-signals:
			m.signalled(s)
		case s := <-hangups:
			m.signalled(s)
		case e := <-m.events:
			if e.ended == nil {
				m.handle(e)
			} else if state, over := m.buried(e.from, e.ended); over {
				return state, nil
			}
		}
	}
}

// endTasks ends what is run for daemons: no command outlives this process, be
// the daemon's end as sudden as it may.
func (m *monitor) endTasks(end func()) {
	end()
	done := make(chan struct{})
	go func() {
		m.tasks.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(endTime):
	}
}

// happen has Run, while it runs, see to e.
func (m *monitor) happen(e event) {
	select {
	case m.events <- e:
	case <-m.life.Done():
	}
}

// launch starts a daemon and has what it says come as events.
func (m *monitor) launch(handed string) (*process, error) {
	p, err := m.nursery.launch(m.life, m.Args, handed)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			msg, file, err := p.wire.receive()
			if err != nil {
				if !errors.Is(err, io.EOF) { // what it says cannot be understood any more
					_ = p.cmd.Process.Kill()
				}
				break
			}
			m.happen(event{from: p, message: msg, file: file})
		}
		_ = p.cmd.Wait() // its state says how
		_ = p.wire.conn.Close()
		m.happen(event{from: p, ended: p.cmd.ProcessState})
	}()
	return p, nil
}

// handOver gives the sockets to the daemon that is active now.
func (m *monitor) handOver() {
	for _, k := range m.sockets {
		m.send(m.active, message{Kind: socket, Own: k.own}, k.file)
	}
	m.send(m.active, message{Kind: begin}, nil)
}

// send ends a daemon that does not take what it is sent.
func (m *monitor) send(p *process, msg message, file *os.File) {
	if err := p.wire.send(msg, file); err != nil {
		_ = p.cmd.Process.Kill()
	}
}

// signalled forwards a signal, as soon as the daemon catches such.
func (m *monitor) signalled(s os.Signal) {
	switch s {
	case syscall.SIGTERM, syscall.SIGINT:
		m.stopping = true
		m.dropStandby()
	case syscall.SIGQUIT, syscall.SIGABRT: // it says where it stands, and ends
		p := m.active.cmd.Process
		time.AfterFunc(killTime, func() { _ = p.Kill() })
	}
	if !m.active.greeted {
		m.held = append(m.held, s)
		return
	}
	_ = m.active.cmd.Process.Signal(s) // one that has ended is buried soon
}

func (m *monitor) dropStandby() {
	if m.standby != nil {
		_ = m.standby.cmd.Process.Kill()
	}
}

// handle does what a daemon asks for.
func (m *monitor) handle(e event) {
	p := e.from
	switch e.Kind {
	case hello:
		m.greeted(p)
	case allow:
		if !p.sealed && e.Command != nil {
			p.allowed[key(e.Command.Args)] = true
		}
	case seal:
		p.sealed = true
		if m.base == nil {
			m.base = e.Base
		}
	case run:
		m.run(p, e.message)
	case cancel:
		m.cancel(p, e.ID)
	case program:
		m.send(p, m.programOf(e.message), nil)
	case tell:
		m.tell(p, e.Text)
	case socket:
		m.keep(p, e)
	case renew:
		m.renew(p, e.message)
	case stand:
		m.judged(p, e.Verdict)
	}
}

func (m *monitor) greeted(p *process) {
	p.greeted = true
	if p == m.active {
		for _, s := range m.held {
			_ = p.cmd.Process.Signal(s)
		}
		m.held = nil
	}
}

// keep holds the socket of the daemon that serves.
func (m *monitor) keep(p *process, e event) {
	if p != m.active || e.file == nil {
		return
	}
	for _, k := range m.sockets {
		_ = k.file.Close()
	}
	m.sockets = []kept{{e.file, e.Own}}
}

// key tells commands apart.
func key(args []string) string { return strings.Join(args, "\x00") }

// run runs a command for a daemon, if it may have that one run.
func (m *monitor) run(p *process, msg message) {
	reply := message{Kind: answer, ID: msg.ID}
	if reply.Problem = refusal(p, msg.Command); reply.Problem != "" {
		m.send(p, reply, nil)
		return
	}
	ctx, stop := context.WithCancel(p.ctx)
	p.cancels[msg.ID] = stop
	m.tasks.Go(func() {
		defer stop()
		out, err := m.Exec(ctx, *msg.Command)
		if reply.Output = out; err != nil {
			reply.Problem = err.Error()
		}
		m.send(p, reply, nil)
		m.happen(event{from: p, message: message{Kind: cancel, ID: msg.ID}}) // done with
	})
}

// refusal says why a daemon may not have a command run, if so.
func refusal(p *process, c *child.Command) string {
	switch {
	case c == nil || len(c.Args) == 0:
		return "no command"
	case p.sealed && !p.allowed[key(c.Args)]:
		return fmt.Sprintf("the command %s came to the configuration after the sandbox was closed; restart authd", c.Args[0])
	case c.Home != "" && c.Home != os.Getenv("HOME"),
		slices.ContainsFunc(c.Env, func(entry string) bool { return !strings.HasPrefix(entry, "AUTHD_") }):
		return fmt.Sprintf("the command %s is given an environment that is not its own", c.Args[0])
	}
	return ""
}

// cancel ends what was asked for under that number.
func (m *monitor) cancel(p *process, id uint64) {
	if stop := p.cancels[id]; stop != nil {
		stop()
		delete(p.cancels, id)
	}
	if p != m.active { // each has numbers of its own
		return
	}
	if m.waiting != nil && id == m.waiting.ID {
		m.waiting = nil
	}
	if m.standby != nil && id == m.renewal {
		m.answered, m.agreed = true, false // also where the answer and this have crossed
		m.dropStandby()
	}
}

func (m *monitor) programOf(msg message) message {
	reply := message{Kind: answer, ID: msg.ID}
	var st unix.Stat_t
	if err := unix.Stat(fmt.Sprintf("/proc/%d/exe", msg.PID), &st); err != nil {
		reply.Problem = err.Error()
	} else {
		reply.Program = &Program{st.Dev, st.Ino}
	}
	return reply
}

// renew starts the next daemon in standby.
func (m *monitor) renew(p *process, msg message) {
	if p == m.active && m.standby != nil && m.answered && !m.agreed { // that one is about to end
		m.waiting = &msg
		return
	}
	err := errors.New("another is under way; try again")
	if p == m.active && m.standby == nil && !m.stopping {
		m.standby, err = m.launch(Handed{m.base, msg.Ready}.text())
		m.renewal, m.answered, m.agreed = msg.ID, false, false
	}
	if err != nil {
		m.send(p, message{Kind: answer, ID: msg.ID, Problem: "the next daemon cannot be started: " + err.Error()}, nil)
	}
}

// judged passes on what the next daemon says of the configuration.
func (m *monitor) judged(p *process, v *Verdict) {
	if p != m.standby || m.answered || v == nil {
		return
	}
	m.answered, m.agreed = true, v.Problem == ""
	m.send(m.active, message{Kind: answer, ID: m.renewal, Verdict: v}, nil)
}

// buried is what comes of a daemon's end; over says that it is ours too. The
// commands of one that another takes over from go on.
func (m *monitor) buried(p *process, state *os.ProcessState) (end Ended, over bool) {
	if p == m.standby {
		p.stop()
		if m.standby = nil; !m.answered {
			m.answered = true
			m.send(m.active, message{Kind: answer, ID: m.renewal, Problem: "the next daemon ended with " + state.String()}, nil)
		}
		if waiting := m.waiting; waiting != nil {
			m.waiting = nil
			m.renew(m.active, *waiting)
		}
		return Ended{}, false
	}
	if state.Success() && m.agreed && !m.stopping {
		if m.standby != nil {
			m.active, m.standby, m.agreed = m.standby, nil, false
			m.handOver()
			return Ended{}, false
		}
		m.Log.Error("the daemon that was to take over has ended; the service manager is to start authd again")
		return Ended{Code: 1}, true
	}
	p.stop()
	m.dropStandby()
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return Ended{Signal: status.Signal()}, true
	}
	return Ended{Code: state.ExitCode()}, true
}
