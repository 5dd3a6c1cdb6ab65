package login

import (
	"testing"
	"time"
)

func TestParseSetCookie(t *testing.T) {
	expires := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name, line string
		want       cookie
		ignored    bool
	}{
		{"plain", "SID=abc", cookie{name: "SID", value: "abc", path: "/a"}, false},
		{"plus, slash and equals kept", "SID=a+b/c==; HttpOnly", cookie{name: "SID", value: "a+b/c==", path: "/a"}, false},
		{"quotes kept", `SID="a b"`, cookie{name: "SID", value: `"a b"`, path: "/a"}, false},
		{"blanks around", " SID = x ;Path=/", cookie{name: "SID", value: "x", path: "/"}, false},
		{"empty value", "SID=", cookie{name: "SID", path: "/a"}, false},
		{"a path that is none", "SID=x; Path=b", cookie{name: "SID", value: "x", path: "/a"}, false},
		{"secure", "SID=x; SECURE", cookie{name: "SID", value: "x", path: "/a", secure: true}, false},
		{"max-age", "SID=x; Max-Age=60", cookie{name: "SID", value: "x", path: "/a", maxAge: time.Minute, hasMaxAge: true}, false},
		{"negative max-age", "SID=x; max-age=-1", cookie{name: "SID", value: "x", path: "/a", hasMaxAge: true}, false},
		{"unreadable max-age", "SID=x; max-age=1h", cookie{name: "SID", value: "x", path: "/a"}, false},
		{"endless max-age", "SID=x; max-age=99999999999999999999", cookie{name: "SID", value: "x", path: "/a", maxAge: maxCookieLife, hasMaxAge: true}, false},
		{"expires", "SID=x; Expires=Wed, 02 Jan 2030 03:04:05 GMT", cookie{name: "SID", value: "x", path: "/a", expires: expires}, false},
		{"expires as Django once wrote it", "SID=x; expires=Wed, 02-Jan-2030 03:04:05 GMT", cookie{name: "SID", value: "x", path: "/a", expires: expires}, false},
		{"expires in another order", "SID=x; expires=2030 Jan 2 3:4:5", cookie{name: "SID", value: "x", path: "/a", expires: expires}, false},
		{"an impossible day", "SID=x; expires=31 Feb 2030 03:04:05", cookie{name: "SID", value: "x", path: "/a"}, false},
		{"a foreign domain is not honoured", "SID=x; Domain=example.org", cookie{name: "SID", value: "x", path: "/a"}, false},
		{"no name", "=x", cookie{}, true},
		{"no equals sign", "SID", cookie{}, true},
		{"a control character", "SID=a\x01b", cookie{}, true},
		{"a line break", "SID=a\nX: y", cookie{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := parseSetCookie(c.line, "h", "/a/b")
			if ok == c.ignored {
				t.Fatalf("got %v", ok)
			}
			if !c.ignored {
				c.want.host = "h"
			}
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestJarLine(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var j jar
	add := func(host, path, line string) {
		c, ok := parseSetCookie(line, host, path)
		if !ok {
			t.Fatal(line)
		}
		j.set([]cookie{c}, now)
	}
	add("a.example", "/login", "one=1; Path=/")
	add("a.example", "/app/login", "two=2")
	add("a.example", "/", "three=3; Secure")
	add("b.example", "/", "four=4")
	add("a.example", "/", "one=5; Path=/")
	add("a.example", "/", "gone=1")
	add("a.example", "/", "gone=; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
	for _, c := range []struct {
		name       string
		secure     bool
		host, path string
		want       string
	}{
		{"longer path first, then as they came", true, "a.example", "/app/x", "two=2; one=5; three=3"},
		{"secure only over https", false, "a.example", "/app/x", "two=2; one=5"},
		{"a path is matched by whole segments", true, "a.example", "/apple", "one=5; three=3"},
		{"host-only", true, "b.example", "/", "four=4"},
		{"no parent domain", true, "example", "/", ""},
	} {
		if got := j.line(c.secure, c.host, c.path); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzSetCookie(f *testing.F) {
	for _, s := range []string{"a=b", "a=b; Path=/; Max-Age=5; Expires=Wed, 02 Jan 2030 03:04:05 GMT; Secure", "=", ";;;", "a=\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, ok := parseSetCookie(line, "h", "/p")
		if !ok {
			return
		}
		if c.name == "" || c.path == "" || c.path[0] != '/' || hasControl(c.name+c.value) {
			t.Errorf("%q made %+v", line, c)
		}
		var j jar
		j.set([]cookie{c}, time.Unix(0, 0))
		if got := cookieLine([]cookie{c}, time.Unix(0, 0)); len(j.cookies) == 1 && got != c.name+"="+c.value {
			t.Errorf("%q came back as %q", line, got)
		}
	})
}
