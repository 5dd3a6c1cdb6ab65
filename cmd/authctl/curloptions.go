package main

import "strings"

// kind says what an option of curl's means here.
type kind uint8

const (
	flag    kind = iota // without a value, and harmless
	valued              // with a value, and harmless
	risky               // would carry the credential elsewhere, or show it
	riskyV              // the same, with a value
	aURL                // the URL
	method              // -X
	header              // -H
	data                // -d and its kin: part of the body
	upload              // -T
	query               // -G: the data goes into the URL
	headReq             // -I
	form                // -F: a body that only curl can write
	dump                // -D
	noGlob              // -g
)

// curlOptions are curl's options as of 8.16, as LONG or LONG/LETTER. One that
// is not among them is refused like an unsafe one, as curl takes any beginning
// of an option for the option.
var curlOptions = []struct {
	kind  kind
	names string
}{
	{aURL, "url"},
	{method, "request/X"},
	{header, "header/H"},
	{data, "data/d data-ascii data-binary data-raw data-urlencode json"},
	{upload, "upload-file/T"},
	{query, "get/G"},
	{headReq, "head/I"},
	{form, "form/F form-string"},
	{dump, "dump-header/D"},
	{noGlob, "globoff/g"},
	{flag, "anyauth append/a basic ca-native cert-status compressed create-dirs digest disable/q " +
		"disallow-username-in-url fail/f fail-early fail-with-body form-escape http0.9 http1.0/0 http1.1 " +
		"http2 http2-prior-knowledge http3 http3-only ignore-content-length include/i show-headers ipv4/4 " +
		"ipv6/6 junk-session-cookies/j no-alpn no-buffer/N no-clobber no-keepalive no-progress-meter " +
		"no-sessionid path-as-is progress-bar/# raw remote-header-name/J remote-name/O remote-name-all " +
		"remote-time/R remove-on-error retry-all-errors retry-connrefused show-error/S silent/s ssl-reqd " +
		"styled-output tcp-fastopen tcp-nodelay tlsv1/1 tlsv1.2 tlsv1.3 tr-encoding use-ascii/B xattr"},
	{valued, "cacert capath cert/E cert-type ciphers connect-timeout continue-at/C cookie/b cookie-jar/c " +
		"create-file-mode crlfile curves etag-compare etag-save expect100-timeout " +
		"happy-eyeballs-timeout-ms interface keepalive-cnt keepalive-time key key-type limit-rate " +
		"local-port max-filesize max-time/m noproxy output/o output-dir pass pinnedpubkey proto range/r " +
		"referer/e retry retry-delay retry-max-time speed-limit/Y speed-time/y stderr time-cond/z tls-max " +
		"tls13-ciphers user-agent/A write-out/w"},
	{risky, "location/L location-trusted follow next/: insecure/k verbose/v trace-time trace-ids parallel/Z " +
		"parallel-immediate proxytunnel/p netrc/n netrc-optional haproxy-protocol negotiate ntlm " +
		"proxy-insecure proxy-anyauth proxy-basic proxy-digest proxy-negotiate proxy-ntlm proxy-http2 " +
		"doh-insecure post301 post302 post303 suppress-connect-headers"},
	{riskyV, "config/K connect-to resolve trace trace-ascii trace-config libcurl proxy/x proxy1.0 preproxy " +
		"proxy-header proxy-user/U proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-key " +
		"proxy-key-type proxy-pass proxy-pinnedpubkey socks4 socks4a socks5 socks5-hostname unix-socket " +
		"abstract-unix-socket dns-servers doh-url alt-svc hsts ipfs-gateway max-redirs netrc-file " +
		"oauth2-bearer proto-redir proto-default request-target url-query user/u aws-sigv4 variable " +
		"expand-url expand-header expand-data"},
}

// longOption finds the kind of --NAME. An option without a value may be
// written as --no-NAME.
func longOption(name string) (kind, bool) {
	for _, row := range curlOptions {
		for names := range strings.FieldsSeq(row.names) {
			long, _, _ := strings.Cut(names, "/")
			if long == name || row.kind == flag && "no-"+long == name {
				return row.kind, true
			}
		}
	}
	return 0, false
}

// letterOption finds the name and kind of an option of one letter.
func letterOption(letter string) (string, kind, bool) {
	for _, row := range curlOptions {
		for names := range strings.FieldsSeq(row.names) {
			if long, l, _ := strings.Cut(names, "/"); l == letter {
				return long, row.kind, true
			}
		}
	}
	return "", 0, false
}

func (k kind) takesValue() bool {
	switch k {
	case flag, risky, query, headReq, noGlob:
		return false
	}
	return true
}
