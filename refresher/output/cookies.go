package output

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"authd/refresher/credential"
	"authd/refresher/template"
)

// noDeadline is the expiry of a cookie whose end is not known. 0 would mean a
// session cookie, which Python's jar drops when it loads the file.
const noDeadline = 2147483647

func cookies(dst []byte, v *credential.View, o Options) ([]byte, error) {
	return netscape(dst, "#HttpOnly_", v, o)
}

// cookiesPlain is for wget, which takes #HttpOnly_ lines for comments.
func cookiesPlain(dst []byte, v *credential.View, o Options) ([]byte, error) {
	return netscape(dst, "", v, o)
}

// netscape writes seven columns a cookie and host: domain, whether subdomains
// get it too, path, secure, expiry, name, value (curl's docs/HTTP-COOKIES.md).
func netscape(dst []byte, prefix string, v *credential.View, o Options) ([]byte, error) {
	if len(v.Cookies) == 0 {
		return nil, errors.New("this credential is not a cookie; use header, curl, raw or json")
	}
	hosts := plainHosts(v.Hosts)
	if len(hosts) == 0 {
		return nil, errors.New(`a cookie file needs a host, and *.domain is none; name one in hosts = ["…"]`)
	}
	deadline := int64(noDeadline)
	if !v.ExpiresAt.IsZero() {
		deadline = max(1, v.ExpiresAt.Unix())
	}
	dst = append(dst, "# Netscape HTTP Cookie File\n"...)
	for _, host := range hosts {
		secure := "TRUE"
		if o.Insecure || loopback(host) {
			secure = "FALSE"
		}
		for _, c := range v.Cookies {
			if err := checkCookie(c); err != nil {
				return nil, err
			}
			columns := []string{prefix + host, "FALSE", "/", secure, strconv.FormatInt(deadline, 10), c.Name, c.Secret.Reveal()}
			dst = append(dst, strings.Join(columns, "\t")+"\n"...)
		}
	}
	return dst, nil
}

// checkCookie refuses what would end a cookie early, in a file or a header.
func checkCookie(c credential.Pair) error {
	if !template.IsToken(c.Name) {
		return errors.New("a cookie's name is not a name; look at the recipe")
	}
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || r == ';' }
	if strings.ContainsFunc(c.Secret.Reveal(), bad) {
		return fmt.Errorf("the cookie %s holds a blank, a semicolon or a control character; use raw or json", c.Name)
	}
	return nil
}

// plainHosts are the host names in hosts, without ports and each once.
func plainHosts(hosts []string) []string {
	var plain []string
	seen := map[string]bool{}
	for _, h := range hosts {
		if name, _, err := net.SplitHostPort(h); err == nil {
			h = name
		}
		h = strings.Trim(h, "[]")
		if strings.HasPrefix(h, "*") || seen[h] {
			continue
		}
		seen[h] = true
		plain = append(plain, h)
	}
	return plain
}

// loopback hosts are where plain http is allowed without insecure_http. A
// cookie for them that is not marked secure leaves the host in no case.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
