//go:build unix

package output

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckFindsWhatCannotBe(t *testing.T) {
	dir := folderOf(t)
	for _, c := range []struct {
		name string
		out  Output
		dir  bool
		key  string // "": nothing is wrong
		want string
	}{
		{"a name in the cache folder", Output{File: "a", Format: "raw"}, false, "", ""},
		{"a name below the cache folder", Output{File: "b/a", Format: "raw"}, false, "", ""},
		{"an absolute path", Output{File: dir + "/a", Format: "raw"}, false, "", ""},
		{"a name in a folder of its own", Output{File: "a", Format: "raw"}, true, "", ""},
		{"a path in a folder of its own", Output{File: "b/a", Format: "raw"}, true, "file", "plain name"},
		{"an absolute path in a folder of its own", Output{File: dir + "/a", Format: "raw"}, true, "file", "plain name"},
		{"a name like ours", Output{File: "..data", Format: "raw"}, true, "file", "plain name"},
		{"no name", Output{Format: "raw"}, false, "file", "needs a name"},
		{"a folder's name", Output{File: "a/", Format: "raw"}, false, "file", "needs a name"},
		{"a way out", Output{File: "../a", Format: "raw"}, false, "file", "leads out"},
		{"a folder that is not there", Output{File: dir + "/none/a", Format: "raw"}, false, "file", "make it"},
		{"an unknown format", Output{File: "a", Format: "yaml"}, false, "format", "there are raw, json"},
		{"more than permissions", Output{File: "a", Format: "raw", Mode: 0o640 | os.ModeSetuid}, false, "mode", "0640"},
		{"a template that is missing", Output{File: "a", Format: "template"}, false, "template", "needs one"},
		{"a template for another format", Output{File: "a", Format: "raw", Options: Options{Template: parse(t, "x")}}, false, "template", "belongs"},
		{"a template of unknown names", Output{File: "a", Format: "template", Options: Options{Template: parse(t, "${password}")}}, false, "template", "values.NAME"},
		{"a bad variable", Output{File: "a", Format: "env", Options: Options{Env: "1A"}}, false, "env", "letters"},
		{"a command without a path", Output{File: "a", Format: "raw", OnChange: []string{"reload"}}, false, "on_change", "absolute"},
		{"an unknown owner", Output{File: "a", Format: "raw", Owner: "no-such-user"}, false, "owner", "no user"},
		{"an unknown group", Output{File: "a", Format: "raw", Group: "no-such-group"}, false, "owner", "no group"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Check(dir+"/cache", []Files{{Name: "a", Dir: c.dir, Outputs: []Output{c.out}}})
			if c.key == "" {
				if len(got) != 0 {
					t.Errorf("got %+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Key != c.key || !strings.Contains(got[0].Err.Error(), c.want) {
				t.Errorf("got %+v, want %s: %s", got, c.key, c.want)
			}
		})
	}
	if left, _ := filepath.Glob(dir + "/*"); len(left) != 0 {
		t.Errorf("Check made %v", left)
	}
}

func TestCheckAsAnotherUser(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can give files to anybody")
	}
	got := Check(folderOf(t), []Files{{Name: "a", Outputs: []Output{{File: "a", Format: "raw", Owner: "0"}}}})
	if len(got) != 1 || !strings.Contains(got[0].Err.Error(), "only root") {
		t.Errorf("got %+v", got)
	}
}

// BenchmarkVerify looks at ten thousand files that nobody touched.
func BenchmarkVerify(b *testing.B) {
	dir, err := filepath.EvalSymlinks(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	k := New(KeeperOptions{Cache: dir})
	defer k.Close()
	var conf []Files
	for i := range 10_000 {
		conf = append(conf, Files{Name: fmt.Sprint("c", i), Outputs: []Output{{File: fmt.Sprint("f", i), Format: "raw"}}})
	}
	k.Configure(conf)
	for i := range conf {
		v := view(1)
		v.Name = conf[i].Name
		k.Publish(v)
	}
	if got := states(k, "c9999"); got != "ok" {
		b.Fatal(got)
	}
	for b.Loop() {
		k.Verify()
	}
}

// BenchmarkPublish writes one file of a new generation.
func BenchmarkPublish(b *testing.B) {
	dir, err := filepath.EvalSymlinks(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	k := New(KeeperOptions{Cache: dir})
	defer k.Close()
	k.Configure([]Files{{Name: "a", Outputs: []Output{{File: "f", Format: "raw"}}}})
	for g := uint64(1); b.Loop(); g++ {
		k.Publish(view(g))
	}
}
