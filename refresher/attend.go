package refresher

import (
	"context"
	"time"

	"authd/refresher/credential"
)

// attended is a login that a person attends, shared by all who asked for it.
// It is guarded by the engine's mutex.
type attended struct {
	prompts []credential.Prompt
	callers int
	cancel  context.CancelFunc
	changed chan struct{} // closed, and replaced, when something below or above has changed
	done    bool
	err     error
}

func (f *attended) tell() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// maxAttended bounds a login that nobody ends.
const maxAttended = time.Hour

// Attend logs in with a person's help and shows what they must see; it is for a
// credential whose Source is Interactive. Whoever asks while such a login is
// under way is shown the same; it is given up when all who asked have gone.
func (e *Engine) Attend(ctx context.Context, name string, show func(credential.Prompt) error) (*Snapshot, error) {
	en := (*e.entries.Load())[name]
	if en == nil {
		return nil, ErrUnknown
	}
	f := e.join(en)
	defer e.part(en, f)
	for shown := 0; ; {
		e.mu.Lock()
		prompts, changed, done, err := f.prompts[shown:], f.changed, f.done, f.err
		e.mu.Unlock()
		for _, p := range prompts {
			if err := show(p); err != nil {
				return nil, err
			}
		}
		shown += len(prompts)
		switch {
		case done && err != nil:
			return nil, err
		case done:
			return en.snap.Load(), nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// join takes part in the entry's login, and begins one if there is none.
func (e *Engine) join(en *entry) *attended {
	e.mu.Lock()
	defer e.mu.Unlock()
	if f := en.attended; f != nil {
		f.callers++
		return f
	}
	ctx, cancel := context.WithTimeout(e.live(), maxAttended)
	f := &attended{callers: 1, cancel: cancel, changed: make(chan struct{})}
	en.attended = f
	j := job{entry: en, def: en.def, step: Step{Do: Fetch, Why: WhyPerson}, began: e.now(), attempt: e.attempt(en), spends: true, asked: true}
	revoked := en.state.Stop == Revoked
	e.work.Go(func() {
		defer cancel()
		err := e.attend(ctx, f, j, revoked)
		e.mu.Lock()
		defer e.mu.Unlock()
		f.done, f.err = true, err
		if en.attended == f {
			en.attended = nil
		}
		if en.gone && !en.running {
			delete(e.leaving, en.name)
		}
		f.tell()
	})
	return f
}

// part leaves a login; the last one out ends it.
func (e *Engine) part(en *entry, f *attended) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if f.callers--; f.callers > 0 {
		return
	}
	f.cancel()
	if en.attended == f {
		en.attended = nil
	}
}

// attend has the source make the login. What it gives is stored and published
// like any other exchange's answer.
func (e *Engine) attend(ctx context.Context, f *attended, j job, revoked bool) error {
	c, err := j.def.Source.(credential.Interactive).Attend(ctx, j.attempt, func(p credential.Prompt) {
		e.mu.Lock()
		defer e.mu.Unlock()
		f.prompts = append(f.prompts, p)
		f.tell()
	})
	if err != nil {
		return err
	}
	e.takeTurn(&j, revoked)
	failure := e.accept(&j, c)
	e.finish(j, e.issuers.get(j.def.Source.Issuer()), failure)
	switch {
	case failure != nil:
		return failure
	case !j.taken:
		return credential.Errorf(credential.Person, "it was revoked or changed meanwhile, and what the login gave was given back")
	}
	return nil
}

// takeTurn waits until no exchange is under way, and begins one. A login that
// was begun to lift a revocation lifts it now; one that was revoked meanwhile
// stays so.
func (e *Engine) takeTurn(j *job, revoked bool) {
	en := j.entry
	e.mu.Lock()
	for en.running {
		changed := en.snap.Load().changed
		e.mu.Unlock()
		<-changed
		e.mu.Lock()
	}
	defer e.mu.Unlock()
	en.running = true
	e.running++
	en.tried++
	if en.state.Stop != Revoked || revoked {
		en.state.Stop, en.state.NotBefore = NoStop, 0
	}
	e.show(en, e.now(), EventRenewing)
	e.plan(en, e.now())
}
