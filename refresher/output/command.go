package output

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

const (
	commandTime = 30 * time.Second // how long an on_change command may take
	commandsMax = 8                // how many run at a time, of all outputs
)

// commands runs the on_change commands of all outputs, away from publishing.
type commands struct {
	report func(Event)
	ctx    context.Context
	stop   context.CancelFunc
	slots  chan struct{}

	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

func newCommands(report func(Event)) *commands {
	ctx, stop := context.WithCancel(context.Background())
	return &commands{report: report, ctx: ctx, stop: stop, slots: make(chan struct{}, commandsMax)}
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
			r.report(Event{r.credential, r.file, CommandFailed, fmt.Errorf("on_change of %s: %s: %w", r.file, r.argv[0], err)})
		}
	}
}

// once runs the command with nothing of ours but three variables: no other
// environment, no value among the arguments, no descriptor, and what it prints
// is dropped, as it may print what it read.
func (r *runner) once(generation uint64) error {
	ctx, cancel := context.WithTimeout(r.ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.argv[0], r.argv[1:]...)
	cmd.Env = []string{
		"AUTHD_NAME=" + r.credential,
		"AUTHD_FILE=" + r.file,
		"AUTHD_GENERATION=" + strconv.FormatUint(generation, 10),
	}
	cmd.WaitDelay = time.Second
	alone(cmd)
	keepDescriptors()
	err := cmd.Run()
	if ctx.Err() == context.DeadlineExceeded {
		return fmt.Errorf("was ended after %s", commandTime)
	}
	return err
}
