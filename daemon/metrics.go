package daemon

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"authd/ipc/server"
	"authd/refresher/credential"
)

// Metrics tells the numbers of all that the caller may see, in Prometheus'
// text format. Each family is gathered whole, as the format wants it.
func (b backend) Metrics(_ context.Context, c *server.Caller) ([]byte, error) {
	set := b.units.Load()
	var names []string
	for name, u := range set.byName {
		if set.access.judge(c, u.conf.Allow, name, look) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	expiry := family("authd_token_expiry_timestamp_seconds", "gauge", "when the value expires; absent: until rejected")
	tried := family("authd_refresh_total", "counter", "exchanges with the issuer, by outcome")
	took := family("authd_refresh_duration_seconds", "summary", "what exchanges took, from the request to the published answer")
	generation := family("authd_generation", "gauge", "the number of the value that is held")
	failures := family("authd_failures", "gauge", "exchanges that failed in a row")
	state := family("authd_state", "gauge", "1 for the state that the credential is in")
	now := b.now()
	for _, name := range names {
		s := b.engine.Snapshot(name)
		if s == nil {
			continue
		}
		label := fmt.Sprintf("credential=%q", name)
		if left := s.Remaining(now); s.Cred != nil && left < credential.Forever {
			expiry.add(label, float64(now.Wall.Add(left).UnixMilli())/1000)
		}
		if s.Cred != nil {
			generation.add(label, float64(s.Cred.Serial))
		}
		tried.add(label+`,outcome="success"`, float64(s.Exchanges-min(s.Failed, s.Exchanges)))
		tried.add(label+`,outcome="failure"`, float64(s.Failed))
		took.addPart("sum", label, s.Took.Seconds())
		took.addPart("count", label, float64(s.Exchanges))
		failures.add(label, float64(s.State.Failures))
		state.add(fmt.Sprintf("%s,state=%q", label, s.Name(now)), 1)
	}
	build := family("authd_build_info", "gauge", "always 1; its labels say which build this is")
	build.add(fmt.Sprintf("version=%q,go=%q", b.options.Version, runtime.Version()), 1)
	beats := family("authd_scheduler_beats_total", "counter", "how often the scheduler looked at its timeline; grows every 30 s at least")
	beats.add("", float64(b.engine.Beats()))
	var out strings.Builder
	for _, f := range []*metric{expiry, tried, took, generation, failures, state, build, beats} {
		out.WriteString(f.text.String())
	}
	return []byte(out.String()), nil
}

// metric is one family of the text format.
type metric struct {
	name string
	text strings.Builder
}

func family(name, kind, help string) *metric {
	m := &metric{name: name}
	fmt.Fprintf(&m.text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	return m
}

// add appends a sample. Names of credentials and states hold nothing that a
// label would have to escape.
func (m *metric) add(labels string, value float64) { m.sample(m.name, labels, value) }

// addPart appends a sample of a summary, which has a sum and a count.
func (m *metric) addPart(part, labels string, value float64) {
	m.sample(m.name+"_"+part, labels, value)
}

func (m *metric) sample(name, labels string, value float64) {
	if labels != "" {
		labels = "{" + labels + "}"
	}
	fmt.Fprintf(&m.text, "%s%s %g\n", name, labels, value)
}
