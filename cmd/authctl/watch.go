package main

import (
	"encoding/json"
	"strings"
	"time"

	"authd/ipc"
)

// watch keeps showing: on a terminal the table, elsewhere a line for each
// thing that happens.
func (a *app) watch(name string, raw bool) error {
	switch {
	case raw:
		return a.follow(name, func(line []byte) error { return a.line(append([]byte(nil), line...)) })
	case !terminal(a.out):
		return a.follow(name, func(line []byte) error {
			var e ipc.Event
			if err := json.Unmarshal(line, &e); err != nil || e.Event == ipc.EventPing {
				return err
			}
			return a.line([]byte(eventLine(&e)))
		})
	}
	return a.live(name)
}

// follow reads the watch stream, whose end means that the daemon went away.
func (a *app) follow(name string, each func([]byte) error) error {
	err := a.client.Watch(name, func(line []byte) (bool, error) { return true, each(line) })
	if err == nil {
		err = &failure{ipc.ExitUnreachable, "authd ended the stream; it was stopped, or this program was too slow"}
	}
	return err
}

func eventLine(e *ipc.Event) string {
	line := e.At.Local().Format("2006-01-02 15:04:05") + " " + pad(e.Name, 20) + " " + pad(e.Event, 12) + " " + string(e.State)
	if e.Generation > 0 {
		line += ", generation " + generation(e.Generation)
	}
	if e.Class != "" {
		line += ", " + e.Class
	}
	return strings.TrimRight(line, " ")
}

// live shows the table again whenever something happens, and every second.
func (a *app) live(name string) error {
	ended := make(chan error, 1)
	happened := make(chan struct{}, 1)
	go func() {
		stream := app{client: ipc.Client{Socket: a.client.Socket}, out: a.out}
		ended <- stream.follow(name, func([]byte) error {
			select {
			case happened <- struct{}{}:
			default:
			}
			return nil
		})
	}()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	all, err := a.statuses(name)
	for err == nil {
		a.print("\x1b[H\x1b[2J" + table(all, time.Now(), a.coloured()))
		select {
		case <-happened:
			all, err = a.statuses(name)
		case <-second.C:
		case err = <-ended:
		}
	}
	return err
}
