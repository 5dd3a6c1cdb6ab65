package server

import "io"

// buffer holds what was read from a connection and not yet used.
type buffer struct {
	b    []byte
	r, w int
}

func (b *buffer) buffered() int  { return b.w - b.r }
func (b *buffer) unread() []byte { return b.b[b.r:b.w] }

// take uses up to n bytes of what is held. They stay good until the next read.
func (b *buffer) take(n int64) []byte {
	n = min(n, int64(b.buffered()))
	part := b.b[b.r : b.r+int(n)]
	b.r += int(n)
	return part
}

// read reads once, behind what is held; the caller has made sure that there
// is room, or that nothing is held.
func (b *buffer) read(from io.Reader) error {
	b.room()
	n, err := from.Read(b.b[b.w:])
	b.w += n
	if n > 0 {
		return nil
	}
	return err
}

// room makes room for a read: at the front if nothing is held, else behind,
// moving or growing what is held up to a head's length.
func (b *buffer) room() {
	switch {
	case b.b == nil:
		b.b = make([]byte, 2<<10)
	case b.r == b.w:
		b.r, b.w = 0, 0
	case b.w < len(b.b):
	case b.r > 0:
		b.w = copy(b.b, b.b[b.r:b.w])
		b.r = 0
	default:
		bigger := make([]byte, min(2*len(b.b), maxHead+1))
		b.w = copy(bigger, b.b[:b.w])
		b.b = bigger
	}
}

// window is the room for reads of a long body.
const window = 64 << 10

// widen makes the room for a long body; nothing is held.
func (b *buffer) widen() { b.b, b.r, b.w = make([]byte, window), 0, 0 }

// trim gives that room back once nothing is held.
func (b *buffer) trim() {
	if len(b.b) == window && b.r == b.w {
		*b = buffer{}
	}
}
