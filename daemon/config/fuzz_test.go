package config

import (
	"path/filepath"
	"strings"
	"testing"
)

// FuzzConfig reads any text as a config. Nothing is fetched, so that no
// command of the fuzzer's is run.
func FuzzConfig(f *testing.F) {
	f.Add("version = 1\n[daemon]\nsocket = \"s\"\nadmin = [\"*\"]\nmax_body = \"1MiB\"\n[defaults]\nmargin = \"1d\"\n", "[credential.x]\nrecipe = 'bearer'\ntoken = {env = 'X'}\n")
	f.Add("version = 1\n[credential.x]\nrecipe = 'form-session'\nurl = 'u'\nttl = '1s'\nhosts = ['a', '[::1]:3']\n[[credential.x.rules]]\npaths = ['/a*']\n", "[[credential.x.output]]\nfile = 'a'\nformat = 'template'\ntemplate = '${value}'\n")
	f.Add("version = 1\n[credential]\na = {recipe = 'command', command = ['x'], params = {}}\n[credential.b]\nrecipe='bearer'\ntoken={credential='a'}\n", "credential.a.output = [{}]\nexpires = 2020-01-01\n")
	f.Fuzz(func(t *testing.T, main, dropin string) {
		const dir = "/there/is/no/such/folder"
		o := options(dir)
		l := newLoader(o, places{config: dir, runtime: dir, state: dir})
		l.parse(o.File, []byte(main))
		l.parse(filepath.Join(dir, "conf.d", "x.toml"), []byte(dropin))
		l.readDaemon()
		l.openRecipes()
		l.readCredentials()
		l.check()
		for _, e := range append(l.errs, l.warnings...) {
			if e.Problem == "" || e.File == "" || e.Line < 1 || !strings.HasPrefix(e.File, dir) {
				t.Errorf("a mistake without a place: %v", e)
			}
		}
		for _, c := range l.config.Credentials {
			if c.Name == "" || c.Margin < 0 || !(c.RefreshAt > 0 && c.RefreshAt <= 1) || c.Timeout.Value <= 0 {
				t.Errorf("out of range: %+v", c)
			}
		}
	})
}
