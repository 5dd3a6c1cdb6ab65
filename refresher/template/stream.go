package template

import "io"

// Stream writes the value to w without holding what env streams. env must be
// a Streamer.
func (v *Value) Stream(w io.Writer, env Env) error {
	for i := range v.Alts {
		a := &v.Alts[i]
		if a.If != nil {
			if empty, err := a.If.empty(nil, env); err != nil {
				return err
			} else if empty {
				continue
			}
		}
		if !a.NotEmpty {
			return a.Then.stream(w, env)
		}
		out, err := a.Then.appendRaw(nil, env)
		if err != nil && !Blank(err) {
			return err
		}
		if err == nil && len(out) > 0 {
			_, err = w.Write(out)
			return err
		}
	}
	return nil
}

func (t *Template) stream(w io.Writer, env Env) error {
	var buf []byte
	for _, p := range t.parts {
		var err error
		switch h := p.hole; {
		case h == nil:
			_, err = io.WriteString(w, p.text)
		case h.streams(env):
			err = env.(Streamer).Stream(w, h.name)
		default:
			if buf, err = h.append(buf[:0], env); err == nil {
				_, err = w.Write(buf)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// streams reports whether a hole is nothing but a name that env streams.
func (h *hole) streams(env Env) bool {
	s, ok := env.(Streamer)
	return ok && len(h.calls) == 0 && s.Streams(h.name)
}

// Streams reports whether the value has in it what env streams.
func (v *Value) Streams(env Env) bool {
	for _, a := range v.Alts {
		for _, p := range a.Then.parts {
			if p.hole != nil && p.hole.streams(env) {
				return true
			}
		}
	}
	return false
}
