package output

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"authd/refresher/child"
)

// commandsMax is how many commands run at a time, of all outputs.
const commandsMax = 8

// commands runs the on_change commands of all outputs, away from publishing.
type commands struct {
	exec   child.Runner
	report func(Event)
	ctx    context.Context
	stop   context.CancelFunc
	slots  chan struct{}

	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

func newCommands(exec child.Runner, report func(Event)) *commands {
	if exec == nil {
		exec = child.Run
	}
	ctx, stop := context.WithCancel(context.Background())
	return &commands{exec: exec, report: report, ctx: ctx, stop: stop, slots: make(chan struct{}, commandsMax)}
}

// spawn runs do unless the daemon is about to end.
func (c *commands) spawn(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.wg.Go(do)
	}
}

func (c *commands) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop()
	c.wg.Wait()
}

// runner is the command of one output. One runs at a time; of the generations
// that come meanwhile only the newest is told afterwards.
type runner struct {
	*commands
	argv             []string
	credential, file string

	state   sync.Mutex
	running bool
	waiting bool
	next    uint64
}

func (r *runner) run(generation uint64) {
	r.state.Lock()
	defer r.state.Unlock()
	r.next, r.waiting = generation, true
	if !r.running {
		r.running = true
		r.spawn(r.loop)
	}
}

func (r *runner) loop() {
	for {
		r.state.Lock()
		generation := r.next
		if !r.waiting || r.ctx.Err() != nil {
			r.running = false
			r.state.Unlock()
			return
		}
		r.waiting = false
		r.state.Unlock()
		r.slots <- struct{}{}
		err := r.once(generation)
		<-r.slots
		if err != nil && r.ctx.Err() == nil {
			r.report(Event{r.credential, r.file, CommandFailed, fmt.Errorf("on_change of %s: %w", r.file, err)})
		}
	}
}

// once runs the command. The value is not among its arguments nor in its
// environment: it reads the file.
func (r *runner) once(generation uint64) error {
	_, err := r.exec(r.ctx, child.Command{Args: r.argv, Env: []string{
		"AUTHD_NAME=" + r.credential,
		"AUTHD_FILE=" + r.file,
		"AUTHD_GENERATION=" + strconv.FormatUint(generation, 10),
	}})
	return err
}
