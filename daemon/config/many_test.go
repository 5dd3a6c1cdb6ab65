package config

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// Ten thousand credentials under 4 kB each is the promise for all of the
// daemon; the config's part is to be less than a third of it.
func TestTenThousandCredentialsAreSmall(t *testing.T) {
	const many = 10_000
	var b strings.Builder
	b.WriteString("version = 1\n")
	for i := range many {
		fmt.Fprintf(&b, "[credential.c%05d]\nrecipe = \"password-jwt\"\nurl = \"https://host%05d.example.com/login\"\nusername = \"user\"\n"+
			"password = \"p%05d\"\nallow = [\"gid:55\"]\n[[credential.c%05d.output]]\nfile = \"c%05d.json\"\nformat = \"json\"\n", i, i, i, i, i)
	}
	o := options(writeFiles(t, map[string]string{"authd.toml": b.String()}))
	b.Reset()
	before := heap()
	c, _, err := load(t, o)
	if err != nil {
		t.Fatal(err)
	}
	each := (heap() - before) / many
	t.Logf("%d bytes each", each)
	if each > 1280 {
		t.Errorf("a credential's config takes %d bytes", each)
	}
	runtime.KeepAlive(c)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
