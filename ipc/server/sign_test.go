package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"authd/ipc"

	"github.com/google/go-cmp/cmp"
)

func h(name, value string) ipc.Header { return ipc.Header{Name: name, Value: value} }

// post is a whole request with a body, on a connection of its own.
func post(path, body string) string {
	return "POST " + path + " HTTP/1.0\r\nContent-Length: " + itoa(len(body)) + "\r\n\r\n" + body
}

func TestSign(t *testing.T) {
	sum := sha256.Sum256([]byte("hello"))
	digest := hex.EncodeToString(sum[:])
	hello := base64.StdEncoding.EncodeToString([]byte("hello"))
	base := ipc.SignRequest{Method: "POST", URL: "https://h/p", MinValid: ipc.Default, Wait: ipc.DefaultWait}
	with := func(change func(*ipc.SignRequest)) *ipc.SignRequest {
		r := base
		change(&r)
		return &r
	}
	hashed := with(func(r *ipc.SignRequest) { r.HasBody = true; r.Digests = map[string][]byte{"sha256": sum[:]} })
	const start = `{"method":"POST","url":"https://h/p"`
	for name, test := range map[string]struct {
		needs   []string
		request string
		want    *ipc.SignRequest // nil: it is refused
		body    string           // of the bytes that are signed
	}{
		"no body":                              {nil, start + `}`, &base, ""},
		"white space, escapes, order":          {nil, " {\n\"url\" : \"https:\\/\\/h/p\" , \"method\":\"\\u0050OST\"}\r\n", &base, ""},
		"headers, one twice":                   {nil, start + `,"headers":{"A":"1","B":["2","3"]}}`, with(func(r *ipc.SignRequest) { r.Headers = []ipc.Header{h("A", "1"), h("B", "2"), h("B", "3")} }), ""},
		"times":                                {nil, start + `,"min_valid":"5m","wait":"1d"}`, with(func(r *ipc.SignRequest) { r.MinValid, r.Wait = 5*time.Minute, ipc.MaxWait }), ""},
		"nulls":                                {nil, start + `,"body":null,"digests":null,"headers":null}`, &base, ""},
		"a body of which nothing is needed":    {nil, start + `,"body":"` + hello + `"}`, with(func(r *ipc.SignRequest) { r.HasBody = true }), ""},
		"a body that is hashed":                {[]string{"sha256"}, start + `,"body":"` + hello + `"}`, hashed, ""},
		"a body before the rest":               {[]string{"sha256"}, `{"body":"` + hello + `","method":"POST","url":"https://h/p"}`, hashed, ""},
		"a digest":                             {[]string{"sha256"}, start + `,"digests":{"sha256":"` + strings.ToUpper(digest) + `"}}`, hashed, ""},
		"an empty body is none":                {[]string{"sha256"}, start + `,"body":""}`, &base, ""},
		"no digests are no body":               {[]string{"sha256"}, start + `,"digests":{}}`, &base, ""},
		"bytes that are signed":                {[]string{"body"}, start + `,"body":"` + hello + `"}`, with(func(r *ipc.SignRequest) { r.HasBody = true }), "hello"},
		"bytes before the rest":                {[]string{"body"}, `{"body":"` + hello + `","method":"POST","url":"https://h/p"}`, with(func(r *ipc.SignRequest) { r.HasBody = true }), "hello"},
		"an escaped slash in the bytes":        {[]string{"body"}, start + `,"body":"Pz8\/"}`, with(func(r *ipc.SignRequest) { r.HasBody = true }), "???"},
		"an empty body of which all is needed": {[]string{"body"}, start + `,"body":""}`, &base, ""},

		"no URL":                          {nil, `{"method":"GET"}`, nil, ""},
		"no method":                       {nil, `{"url":"https://h/p"}`, nil, ""},
		"a method with a blank":           {nil, `{"method":"G T","url":"https://h/p"}`, nil, ""},
		"an unknown member":               {nil, start + `,"host":"x"}`, nil, ""},
		"a member twice":                  {nil, start + `,"url":"https://h/q"}`, nil, ""},
		"a body and digests":              {[]string{"sha256"}, start + `,"body":"` + hello + `","digests":{"sha256":"` + digest + `"}}`, nil, ""},
		"another digest":                  {[]string{"sha512"}, start + `,"digests":{"sha256":"` + digest + `"}}`, nil, ""},
		"digests where bytes are needed":  {[]string{"body"}, start + `,"digests":{"sha256":"` + digest + `"}}`, nil, ""},
		"an unknown digest":               {nil, start + `,"digests":{"crc32":"00000000"}}`, nil, ""},
		"a short digest":                  {nil, start + `,"digests":{"sha256":"00"}}`, nil, ""},
		"no hex":                          {nil, start + `,"digests":{"sha256":"x"}}`, nil, ""},
		"no base64":                       {nil, start + `,"body":"a"}`, nil, ""},
		"more behind the padding":         {[]string{"sha256"}, start + `,"body":"aGVsbG8=aGVs"}`, nil, ""},
		"a line end in the base64":        {[]string{"sha256"}, start + `,"body":"aGVs\nbG8="}`, nil, ""},
		"the other base64":                {[]string{"body"}, start + `,"body":"Pz8_"}`, nil, ""},
		"no base64 where it is hashed":    {[]string{"sha256"}, start + `,"body":"****"}`, nil, ""},
		"a number as a header":            {nil, start + `,"headers":{"A":1}}`, nil, ""},
		"an empty list as a header":       {nil, start + `,"headers":{"A":[]}}`, nil, ""},
		"a bare number as a time":         {nil, start + `,"wait":"5"}`, nil, ""},
		"not UTF-8":                       {nil, "{\"method\":\"GET\",\"url\":\"https://h/\xff\"}", nil, ""},
		"a control character in a string": {nil, "{\"method\":\"GET\",\"url\":\"https://h/\n\"}", nil, ""},
		"a list":                          {nil, `[]`, nil, ""},
		"nothing":                         {nil, ``, nil, ""},
		"cut off":                         {nil, start, nil, ""},
		"something behind":                {nil, start + `}{}`, nil, ""},
		"a comma too many":                {nil, start + `,}`, nil, ""},
		"a long URL":                      {nil, `{"method":"GET","url":"` + strings.Repeat("x", maxKept) + `"}`, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{needs: test.needs}
			answer := talk(t, serveFor(t, f), post("/v1/credentials/acme/sign", test.request))
			if test.want == nil {
				if s := status(answer); !strings.HasPrefix(s, "400") && !strings.HasPrefix(s, "413") {
					t.Errorf("got %q", answer)
				}
				return
			}
			if status(answer) != "200 OK" {
				t.Fatalf("got %q", answer)
			}
			got := f.signed
			got.Body = nil
			if diff := cmp.Diff(*test.want, got); diff != "" {
				t.Error(diff)
			}
			if string(f.body) != test.body {
				t.Errorf("signed %q, want %q", f.body, test.body)
			}
		})
	}
}

func serveFor(t testing.TB, f *fake) string { return start(t, &Server{Backend: f, MaxBody: 1 << 20}) }

func TestSignReply(t *testing.T) {
	got, err := appendSignReply(nil, &ipc.SignReply{
		URL:     `https://h/?a="\`,
		Headers: []ipc.Header{h("A", "1\t"), h("B", "2"), h("A", "é")},
		Body:    []byte("hello"), HasBody: true, Generation: 9,
	})
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(got, &v); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	want := map[string]any{
		"url": `https://h/?a="\`, "body": "aGVsbG8=", "generation": 9.0,
		"headers": map[string]any{"A": []any{"1\t", "é"}, "B": "2"},
	}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Error(diff)
	}
	if _, err := appendSignReply(nil, &ipc.SignReply{Headers: []ipc.Header{h("A", "\xff")}}); err == nil {
		t.Error("bytes that are not UTF-8 went as JSON")
	}
}

// long writes a sign request with a body of n bytes to a connection, in
// chunks, followed by tail.
func long(w io.Writer, n int, tail string) {
	_, _ = io.WriteString(w, "POST /v1/credentials/acme/sign HTTP/1.1\r\nHost: authd\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
	chunk := func(text string) {
		_, _ = io.WriteString(w, hex16(len(text))+"\r\n"+text+"\r\n")
	}
	chunk(`{"method":"PUT","url":"https://h/p","body":"`)
	const part = 30 << 10
	text := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xa5}, part))
	for ; n >= part; n -= part {
		chunk(text)
	}
	chunk(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xa5}, n)))
	chunk(tail)
	_, _ = io.WriteString(w, "0\r\n\r\n")
}

func hex16(n int) string {
	b := []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	return hex.EncodeToString(b)
}

func TestLongBodies(t *testing.T) {
	for name, test := range map[string]struct {
		needs  []string
		size   int
		tail   string
		status string
	}{
		"is hashed":                          {[]string{"sha256"}, 1 << 20, `"}`, "200"},
		"is hashed, with members behind":     {[]string{"sha256"}, 1 << 20, `","wait":"1s"}`, "200"},
		"is not needed":                      {nil, 1 << 20, `"}`, "200"},
		"is signed":                          {[]string{"body"}, 1 << 20, `"}`, "200"},
		"is signed, with members behind":     {[]string{"body"}, 1 << 20, `","wait":"1s"}`, "400"},
		"is signed, and is cut off":          {[]string{"body"}, 1 << 20, ``, "400"},
		"is signed, and is not base64":       {[]string{"body"}, 1 << 20, `*"}`, "400"},
		"is hashed, and is too long":         {[]string{"sha256"}, 1<<20 + 1, `"}`, "413"},
		"is signed, and is too long":         {[]string{"body"}, 1<<20 + 1, `"}`, "413"},
		"is far too long":                    {nil, 8 << 20, `"}`, "413"},
		"is short, signed, with a tail":      {[]string{"body"}, 40 << 10, `","wait":"1s"}`, "200"},
		"is short, and hashed":               {[]string{"sha256"}, 5 << 10, `"}`, "200"},
		"is signed but the path is unusable": {[]string{"body"}, 1 << 20, `" x}`, "400"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{needs: test.needs}
			c := dial(t, serveFor(t, f))
			go long(c, test.size, test.tail)
			answer, err := io.ReadAll(c)
			if err != nil || !strings.HasPrefix(status(string(answer)), test.status) {
				t.Fatalf("got %q, %v", answer, err)
			}
			if test.status != "200" {
				return
			}
			want := bytes.Repeat([]byte{0xa5}, test.size)
			if sum := sha256.Sum256(want); len(test.needs) > 0 && test.needs[0] == "sha256" && !bytes.Equal(f.signed.Digests["sha256"], sum[:]) {
				t.Error("the digest is wrong")
			}
			if len(test.needs) > 0 && test.needs[0] == "body" && !bytes.Equal(f.body, want) {
				t.Error("the bytes are wrong")
			}
		})
	}
}

// counter reads a body without keeping it.
type counter struct {
	fake
	n int64
}

func (c *counter) sign(r *ipc.SignRequest) (err error) {
	c.n, err = io.Copy(io.Discard, r.Body)
	return err
}

func TestALongBodyIsNotHeld(t *testing.T) {
	const size = 8 << 20
	for name, needs := range map[string][]string{"hashed": {"sha256"}, "signed": {"body"}} {
		t.Run(name, func(t *testing.T) {
			least := uint64(size)
			for range 3 { // what goroutines of other tests allocate counts too
				least = min(least, allocatedFor(t, size, needs))
			}
			if least > 1<<20 {
				t.Errorf("%d bytes were allocated for a body of %d", least, size)
			}
		})
	}
}

// allocatedFor is what a sign request with a body of so many bytes allocates.
func allocatedFor(t *testing.T, size int64, needs []string) uint64 {
	t.Helper()
	r, w := io.Pipe()
	go func() {
		e := base64.NewEncoder(base64.StdEncoding, w)
		_, _ = io.WriteString(w, `{"method":"PUT","url":"https://h/p","body":"`)
		_, _ = io.CopyN(e, zeros{}, size)
		_ = e.Close()
		_, _ = io.WriteString(w, `"}`)
		_ = w.Close()
	}()
	buf := make([]byte, 32<<10)
	c := &counter{}
	p := signParser{needs: needs, maxBody: size, sign: func(r *ipc.SignRequest) error {
		if r.Body == nil {
			return nil
		}
		return c.sign(r)
	}}
	p.more = func() ([]byte, error) { n, err := r.Read(buf); return buf[:n], err }
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := p.run(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if needs[0] == "body" && c.n != size {
		t.Errorf("signed %d bytes", c.n)
	}
	return after.TotalAlloc - before.TotalAlloc
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func FuzzSignRequest(f *testing.F) {
	f.Add([]byte(`{"method":"GET","url":"https://h/p","headers":{"A":"1","B":["2"]},"wait":"1s"}`), 7, true)
	f.Add([]byte(`{"method":"PUT","url":"\u00e9\ud83d\ude00\/","body":"aGVsbG8="}`), 3, false)
	f.Add([]byte(`{"body":"aGVs\u0062G8=","digests":null,"method":"GET","url":"u"}`), 1, true)
	f.Fuzz(func(t *testing.T, text []byte, window int, bytewise bool) {
		needs := []string{"sha256"}
		if bytewise {
			needs = []string{ipc.NeedsBody}
		}
		got, body, err := parseWith(text, len(text)+1, needs)
		cut, bodyCut, err2 := parseWith(text, max(1, window%64), needs)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("whole: %v, in windows: %v", err, err2)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(got, cut); diff != "" || !bytes.Equal(body, bodyCut) {
			t.Fatal(diff)
		}
		var std struct {
			Method, URL string
			Body        []byte
		}
		if err := json.Unmarshal(text, &std); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if std.Method != got.Method || std.URL != got.URL || bytewise && !bytes.Equal(body, std.Body) {
			t.Fatalf("got %q %q %q, encoding/json %q %q %q", got.Method, got.URL, body, std.Method, std.URL, std.Body)
		}
		if sum := sha256.Sum256(std.Body); !bytewise && len(std.Body) > 0 && !bytes.Equal(got.Digests["sha256"], sum[:]) {
			t.Fatalf("the digest of %q is %x", std.Body, got.Digests["sha256"])
		}
	})
}

// A text comes out as encoding/json reads it, wherever the windows end.
func TestTextsOfJSON(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`"plain"`, "plain"},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"},
		{`"\u00e9\u00E9é\ud83d\ude00"`, "ééé😀"},
		{`"\u0000"`, "\x00"},
	} {
		for size := range len(tt.text) {
			s := scanner{more: windows([]byte(tt.text), size+1)}
			if got, err := s.text(); err != nil || got != tt.want {
				t.Errorf("%s in windows of %d: %q, %v", tt.text, size+1, got, err)
			}
		}
	}
	for _, text := range []string{`"`, `"a`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\ud83d"`, `"\ud83dx"`, `"\ud83d\u0041"`, `"\ude00"`, "\"\n\"", "\"\xff\"", `x`} {
		s := scanner{more: windows([]byte(text), 3)}
		if got, err := s.text(); err == nil {
			t.Errorf("%s was read as %q", text, got)
		}
	}
}

// parseWith parses text in windows of a size.
func parseWith(text []byte, size int, needs []string) (got ipc.SignRequest, body []byte, err error) {
	p := signParser{needs: needs, maxBody: 1 << 20, sign: func(r *ipc.SignRequest) (err error) {
		if r.Body != nil {
			body, err = io.ReadAll(r.Body)
		}
		got = *r
		got.Body = nil
		return err
	}}
	p.more = windows(text, size)
	return got, body, p.run()
}

// windows hands a text out in pieces of a size.
func windows(text []byte, size int) func() ([]byte, error) {
	return func() ([]byte, error) {
		n := min(size, len(text))
		if n == 0 {
			return nil, io.EOF
		}
		w := text[:n:n]
		text = text[n:]
		return w, nil
	}
}
