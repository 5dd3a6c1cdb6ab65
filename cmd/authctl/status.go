package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"authd/ipc"
)

func status(a *app, o *options) error {
	name := ""
	if len(o.operands) > 0 {
		name = o.operands[0]
	}
	switch {
	case o.has("check"):
		return a.check(name)
	case o.has("watch"):
		return a.watch(name, o.has("json"))
	case o.has("json"):
		return a.pass(ipc.Path(name, ""))
	}
	all, err := a.statuses(name)
	if err != nil {
		return err
	}
	a.warn()
	switch {
	case o.has("names"):
		for i := range all {
			a.print(all[i].Name + "\n")
		}
	case name != "":
		a.print(details(&all[0], time.Now()))
	case len(all) == 0:
		a.note("there is no credential that you may use; allow in the configuration says who may")
	default:
		a.print(table(all, time.Now(), a.coloured()))
	}
	return nil
}

// warn tells that the configuration on the disk is not the one that runs.
// Whoever looks at a status may have just edited it.
func (a *app) warn() {
	if h, err := a.client.Health(); err == nil && h.Config != "" {
		a.note("authctl: " + h.Config)
	}
}

// statuses are those of one credential, or of all.
func (a *app) statuses(name string) ([]ipc.Status, error) {
	if name == "" {
		return a.client.List()
	}
	s, err := a.client.Status(name)
	if err != nil {
		return nil, err
	}
	return []ipc.Status{*s}, nil
}

// pass prints what a GET answers.
func (a *app) pass(path string) error {
	text, err := a.client.Call("GET", strings.TrimSuffix(path, "/"), nil, 0)
	if err != nil {
		return err
	}
	return a.line(text)
}

// terminal reports whether f is one.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (a *app) coloured() bool { return terminal(a.out) && os.Getenv("NO_COLOR") == "" }

var colours = [...]string{"\x1b[32m", "\x1b[33m", "\x1b[31m"}

// table shows statuses in columns.
func table(all []ipc.Status, now time.Time, coloured bool) string {
	rows := [][]string{{"NAME", "STATE", "EXPIRES", "RENEWS", "GEN", "NOTE"}}
	for i := range all {
		s := &all[i]
		rows = append(rows, []string{s.Name, string(s.State), span(s.ExpiresAt, now, never(s)), span(s.RenewAt, now, "-"), generation(s.Generation), remark(s)})
	}
	return columns(rows, func(row, column int, text string) string {
		if !coloured || row == 0 || column != 1 {
			return text
		}
		return colours[weight(&all[row-1], now)] + text + "\x1b[0m"
	})
}

// never is how an expiry that is not known reads: nothing is held, or what is
// held is good until it is rejected.
func never(s *ipc.Status) string {
	if s.Generation == 0 {
		return "-"
	}
	return "never"
}

// columns lines up rows; paint may colour a padded cell.
func columns(rows [][]string, paint func(row, column int, text string) string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for r, row := range rows {
		line := ""
		for i, cell := range row {
			line += paint(r, i, pad(cell, widths[i])) + "  "
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

func generation(n uint64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatUint(n, 10)
}

// remark is the one thing about a status that is worth a column.
func remark(s *ipc.Status) string {
	if s.LastError != nil && s.Failures > 0 && s.State != ipc.NeedsLogin { // of that, Why has the command too
		return s.LastError.Message
	}
	return s.Why
}

// span tells a time from now: "in 5m", "3h ago".
func span(t ipc.Time, now time.Time, none string) string {
	switch d := t.Sub(now); {
	case t.IsZero():
		return none
	case d >= 0:
		return "in " + short(d)
	default:
		return short(-d) + " ago"
	}
}

// short is a duration in its two largest units.
func short(d time.Duration) string {
	d = d.Round(time.Second)
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}
	for i, u := range units {
		if d < u.size {
			continue
		}
		text := strconv.FormatInt(int64(d/u.size), 10) + u.name
		if rest := d % u.size; i+1 < len(units) && rest >= units[i+1].size {
			text += strconv.FormatInt(int64(rest/units[i+1].size), 10) + units[i+1].name
		}
		return text
	}
	return "0s"
}

// moment tells a time both ways.
func moment(t ipc.Time, now time.Time, none string) string {
	if t.IsZero() {
		return none
	}
	return t.Local().Format("2006-01-02 15:04:05") + " (" + span(t, now, none) + ")"
}

// details shows all of one status.
func details(s *ipc.Status, now time.Time) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			b.WriteString("  " + pad(name, 12) + value + "\n")
		}
	}
	fmt.Fprintf(&b, "%s (%s): %s\n", s.Name, s.Recipe, s.State)
	line("about", s.Description)
	line("generation", generation(s.Generation))
	line("issued", moment(s.IssuedAt, now, ""))
	if s.Generation > 0 {
		line("expires", moment(s.ExpiresAt, now, "never, until it is rejected"))
	}
	line("renews", moment(s.RenewAt, now, ""))
	line("why", s.Why)
	if s.Failures > 0 {
		line("failures", strconv.Itoa(s.Failures)+" in a row")
	}
	if e := s.LastError; e != nil {
		line("last error", moment(e.At, now, "")+" "+e.Class+": "+e.Message)
	}
	line("fingerprint", s.Fingerprint)
	line("needs", strings.Join(s.Needs, " "))
	line("hosts", strings.Join(s.Hosts, " "))
	for _, o := range s.Outputs {
		text := o.File + " (" + o.Format + ", " + o.State + ")"
		if o.Problem != "" {
			text += ": " + o.Problem
		}
		line("output", text)
	}
	return b.String()
}
