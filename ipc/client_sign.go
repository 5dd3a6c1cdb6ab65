package ipc

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// Sign has a request authorised. A body is streamed.
func (c *Client) Sign(name string, r *SignRequest) (*SignReply, error) {
	members := appendMembers(nil, r)
	var h reply
	var err error
	if r.Body == nil {
		c.begin("POST", Path(name, "sign"))
		h, err = c.send(append(members, '}'), patience(r.Wait))
	} else {
		h, err = c.sendStream(Path(name, "sign"), members, r)
	}
	if err != nil {
		return nil, err
	}
	text, err := c.rest(&h)
	if err != nil {
		return nil, err
	}
	var got struct {
		URL        string
		Headers    headerList
		Body       *[]byte
		Generation uint64
		Rejected   []int
	}
	if err := json.Unmarshal(text, &got); err != nil {
		return nil, errors.Join(errReply, err)
	}
	reply := &SignReply{URL: got.URL, Headers: got.Headers, Generation: got.Generation, Rejected: got.Rejected}
	if got.Body != nil {
		reply.Body, reply.HasBody = *got.Body, true
	}
	return reply, nil
}

// sendStream sends members and then the body, in chunks on a connection of
// its own.
func (c *Client) sendStream(path string, members []byte, r *SignRequest) (reply, error) {
	c.Close()
	if err := c.connect(patience(r.Wait)); err != nil {
		return reply{}, err
	}
	c.begin("POST", path)
	c.text = append(c.text, "Transfer-Encoding: chunked\r\n\r\n"...)
	if _, err := c.wire.t.Write(c.text); err != nil {
		return reply{}, c.broken(err)
	}
	chunks := &chunkWriter{to: c.wire.t}
	source := &readError{r: r.Body}
	err := func() error {
		if _, err := chunks.Write(append(members, `,"body":"`...)); err != nil {
			return err
		}
		encoder := base64.NewEncoder(base64.StdEncoding, chunks)
		if _, err := io.CopyBuffer(encoder, source, make([]byte, 48<<10)); err != nil {
			return err
		}
		if err := encoder.Close(); err != nil {
			return err
		}
		if _, err := chunks.Write([]byte(`"}`)); err != nil {
			return err
		}
		return chunks.end()
	}()
	switch {
	case source.err != nil:
		c.Close()
		return reply{}, source.err
	case err != nil && c.wire.fill() != nil: // a refusal comes before the end
		return reply{}, c.broken(err)
	}
	return c.receive()
}

// readError remembers that it was the reading that failed.
type readError struct {
	r   io.Reader
	err error
}

func (e *readError) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	if err != nil && err != io.EOF {
		e.err = err
	}
	return n, err
}

// chunkWriter gathers what is written into chunks.
type chunkWriter struct {
	to io.Writer
	b  []byte
}

const chunkSize = 32 << 10

func (w *chunkWriter) Write(b []byte) (int, error) {
	w.b = append(w.b, b...)
	if len(w.b) < chunkSize {
		return len(b), nil
	}
	return len(b), w.flush()
}

func (w *chunkWriter) flush() error {
	if len(w.b) == 0 {
		return nil
	}
	text := append(strconv.AppendInt(nil, int64(len(w.b)), 16), "\r\n"...)
	text = append(append(text, w.b...), "\r\n"...)
	w.b = w.b[:0]
	_, err := w.to.Write(text)
	return err
}

func (w *chunkWriter) end() error {
	if err := w.flush(); err != nil {
		return err
	}
	_, err := w.to.Write([]byte("0\r\n\r\n"))
	return err
}
