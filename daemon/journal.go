package daemon

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"
)

// NewLog is the service's log: to the journal with its own fields where
// standard error goes there, as a service of Windows to its event log, else lines
// of text to standard error. It is written
// behind whoever logs; flush, before the process ends, waits for the last lines.
func NewLog() (log *slog.Logger, flush func()) {
	var h slog.Handler = slog.NewTextHandler(os.Stderr, nil)
	if isJournal, err := journal.StderrIsJournalStream(); err == nil && isJournal {
		h = &journalHandler{send: journal.Send}
	} else if send := eventLog(); send != nil {
		h = &journalHandler{send: send}
	}
	h, flush = newBehind(h)
	return slog.New(h), flush
}

// journalHandler writes records to the journal: the text for people as the
// message, and each attribute once more as a field, AUTHD_CREDENTIAL=… and
// such, for `journalctl AUTHD_CREDENTIAL=NAME`. AUTHD_EVENT is the bare
// message.
type journalHandler struct {
	send  func(message string, p journal.Priority, fields map[string]string) error
	attrs []slog.Attr
}

func (h *journalHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

func (h *journalHandler) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(h.attrs...)
	fields := map[string]string{"SYSLOG_IDENTIFIER": "authd", "AUTHD_EVENT": r.Message}
	var text bytes.Buffer
	text.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fields["AUTHD_"+fieldName(a.Key)] = a.Value.String()
		return true
	})
	if err := textAttrs(&text, r); err != nil {
		return err
	}
	if err := h.send(text.String(), priority(r.Level), fields); err != nil {
		_, err = io.WriteString(os.Stderr, text.String()+"\n") // the stream goes to the same journal
		return err
	}
	return nil
}

func (h *journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &journalHandler{send: h.send, attrs: append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup is not used by anything here; names stay flat.
func (h *journalHandler) WithGroup(string) slog.Handler { return h }

// textAttrs appends a record's attributes as text, quoted where need be.
func textAttrs(w *bytes.Buffer, r slog.Record) error {
	var line bytes.Buffer
	err := slog.NewTextHandler(&line, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey, slog.LevelKey, slog.MessageKey: // the journal has them
			return slog.Attr{}
		}
		return a
	}}).Handle(context.Background(), r)
	if text := strings.TrimSuffix(line.String(), "\n"); text != "" {
		w.WriteString(" " + text)
	}
	return err
}

// fieldName is a name as the journal takes it: capitals, digits and _.
func fieldName(key string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			return c
		}
		return '_'
	}, key)
}

func priority(l slog.Level) journal.Priority {
	switch {
	case l >= slog.LevelError:
		return journal.PriErr
	case l >= slog.LevelWarn:
		return journal.PriWarning
	}
	return journal.PriInfo
}
