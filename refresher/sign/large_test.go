package sign

import (
	"bytes"
	"io"
	"runtime"
	"slices"
	"testing"
)

// A body that is not held gives the same signature as one that is.
func TestLargeBodies(t *testing.T) {
	raw := armor
	raw.lets = slices.Clone(armor.lets)
	raw.lets[0].value = "${account} => never ?? ${cred.missing} ??  => ${request.body}"
	for name, f := range map[string]fixture{
		"a let in a let":      raw,
		"its digest":          armor,
		"read and hashed":     kraken,
		"with the query":      binance,
		"only asked for":      {entries: []rule{{headers: []pair{{"X", "${request.body} => yes ??  => no"}}}}},
		"directly":            {params: []pair{{"k", "key"}}, entries: []rule{{headers: []pair{{"X", "${request.body|hmac-sha256:$k|hex}${request.body|sha1|hex}"}}}}},
		"an alternative":      {lets: []pair{{"b", "${request.body} ?? none"}}, entries: []rule{{headers: []pair{{"X", "${b|md5|hex}"}}}}},
		"a let asked for too": {lets: []pair{{"b", "<${request.body}>"}}, entries: []rule{{headers: []pair{{"X", "${b|md5|hex}"}, {"Y", "${b|length}"}, {"Z", "${b|sha1|hex}"}}}}},
		"a member added":      {lets: []pair{{"b", "<${request.body}>"}}, entries: []rule{{headers: []pair{{"X", "${b|md5|hex}"}}}, {form: []pair{{"sig", "${b|md5|hex}"}}}, {headers: []pair{{"Y", "${b|md5|hex}"}}}}},
	} {
		for _, body := range []string{"", "a=1&nonce=2"} {
			s := f.signer(t)
			r := Request{Method: "POST", URL: "https://h/", Body: []byte(body)}
			want, err := s.Sign(at(1, "n"), &r)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			r.Body, r.Large = nil, bytes.NewReader([]byte(body))
			got, err := s.Sign(at(1, "n"), &r)
			if err != nil || !slices.Equal(got.Headers, want.Headers) || got.URL != want.URL || !bytes.Equal(got.Body, want.Body) {
				t.Errorf("%s, %q: got %+v, %v\nwant %+v", name, body, got, err, want)
			}
		}
	}
}

// zeros is a body of that many bytes.
type zeros struct{ size, at int64 }

func (z *zeros) Read(b []byte) (int, error) {
	if z.at == z.size {
		return 0, io.EOF
	}
	n := min(int64(len(b)), z.size-z.at)
	clear(b[:n])
	z.at += n
	return int(n), nil
}

func (z *zeros) Seek(offset int64, whence int) (int64, error) {
	z.at = offset
	if whence == io.SeekEnd {
		z.at += z.size
	}
	return z.at, nil
}

func TestLargeBodiesAreNotHeld(t *testing.T) {
	f := fixture{
		params:  []pair{{"secret", "s"}},
		lets:    []pair{{"string", "v0:${now}:${request.body}"}},
		entries: []rule{{headers: []pair{{"X", "v0=${string|hmac-sha256:$secret|hex}"}}}},
	}
	s := f.signer(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := s.Sign(at(1, "n"), &Request{Method: "POST", URL: "https://h/", Large: &zeros{size: 32 << 20}}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("took %d bytes of memory", took)
	}
}

// Lets that double each other must not read a body for ever.
func TestLargeBodiesAreNotReadForEver(t *testing.T) {
	f := fixture{entries: []rule{{headers: []pair{{"X", "${a0|md5|hex}"}}}}}
	names := []string{"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"}
	for i, name := range names {
		next := "request.body"
		if i+1 < len(names) {
			next = names[i+1]
		}
		f.lets = append(f.lets, pair{name, "${" + next + "}${" + next + "}"})
	}
	_, err := f.signer(t).Sign(at(1, "n"), &Request{Method: "POST", URL: "https://h/", Large: &zeros{size: 4 << 20}})
	if err == nil || err.Error() != "X: ${a0|md5|hex}: md5: the body is signed too many times" {
		t.Errorf("got %v", err)
	}
}
