package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Lines of one() begin at 5.
func TestMistakes(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"no version": {
			map[string]string{"authd.toml": "[daemon]\n"},
			`DIR/authd.toml:1: version: is missing; write version = 1 at the top`,
		},
		"another version": {
			map[string]string{"authd.toml": "version = 2\n"},
			`DIR/authd.toml:1: version: this authd reads version 1, and this is 2; write version = 1, or run a newer authd`,
		},
		"the version in quotes": {
			map[string]string{"authd.toml": "version = \"1\"\n"},
			`DIR/authd.toml:1: version: is a text, must be a whole number; write version = 1`,
		},
		"no file": {
			map[string]string{"other": ""},
			`DIR/authd.toml: there is no DIR/authd.toml; make it, or name another`,
		},
		"a folder as a file": {
			map[string]string{"authd.toml/x": ""},
			`DIR/authd.toml: DIR/authd.toml is no plain file; name a file`,
		},
		"no TOML, in two files": {
			map[string]string{"authd.toml": "version = 1\n[daemon\n", "conf.d/a.toml": "x = 60s"},
			"DIR/authd.toml:2: the name in brackets is not closed or empty; write [name] or [[name]] on a line of its own\n" +
				`DIR/conf.d/a.toml:1: something follows the value; put texts and durations in quotes, such as "60s", and each key on a line of its own`,
		},
		"an unknown section": {
			map[string]string{"authd.toml": "version = 1\n[credentials.x]\n[whatever]\n"},
			"DIR/authd.toml:2: credentials: there is no such key; did you mean \"credential\"?\n" +
				"DIR/authd.toml:3: whatever: there is no such key; a credential's keys stand below [credential.NAME], the daemon's below [daemon]",
		},
		"an unknown key of the daemon": {
			map[string]string{"authd.toml": "version = 1\n[daemon]\nsoket = \"/x\"\n"},
			`DIR/authd.toml:3: daemon.soket: there is no such key; did you mean "socket"?`,
		},
		"a path from home": {
			map[string]string{"authd.toml": "version = 1\n[daemon]\nstate_dir = \"~/state\"\n"},
			`DIR/authd.toml:3: daemon.state_dir: ~ is not replaced by a home folder; write the path in full`,
		},
		"a long socket": {
			map[string]string{"authd.toml": "version = 1\n[daemon]\nsocket = \"/" + strings.Repeat("x", 120) + "\"\n"},
			`DIR/authd.toml:3: daemon.socket: is 121 bytes long, and a socket's path may have 103; choose a shorter one`,
		},
		"an unknown user": {
			map[string]string{"authd.toml": "version = 1\n[daemon]\nuser = \"nobody-here\"\n"},
			`DIR/authd.toml:3: daemon.user: there is no user "nobody-here" here; make it, or leave the key out`,
		},
		"a passphrase for the state": {
			map[string]string{"authd.toml": "version = 1\n[daemon]\nstate_key = \"hunter2\"\n"},
			`DIR/authd.toml:3: daemon.state_key: is no key: it must hold one line that begins AGE-SECRET-KEY-; make one with authd rekey --generate FILE, and name that file`,
		},
		"a state's key that others may read": {
			map[string]string{"authd.toml@0644": "version = 1\n[daemon]\nstate_key = \"hunter2\"\n"},
			`DIR/authd.toml:3: daemon.state_key: a secret stands here, and others may read this file (mode 0644); type: chmod go-rwx DIR/authd.toml, or write state_key = { file = "…" }`,
		},
		"a state's key from a credential": {
			map[string]string{"authd.toml": "version = 1\n[daemon]\nstate_key = { credential = \"x\" }\n"},
			`DIR/authd.toml:3: daemon.state_key.credential: the state is opened before any credential can be had; write { file = "…" }, or { systemd = "…" }`,
		},
		"a state's key from nowhere": {
			map[string]string{"authd.toml": "version = 1\n[daemon]\nstate_key = { fil = \"x\" }\n", "conf.d/a.toml": "[daemon]\nstate_key = 1\n"},
			"DIR/authd.toml:3: daemon.state_key.fil: there is no such place for a secret; did you mean \"file\"?\n" +
				`DIR/conf.d/a.toml:2: daemon.state_key: is a whole number, must be a table that says where the key is; write state_key = { systemd = "state-key" }`,
		},
		"a state's key that is not there": {
			map[string]string{"authd.toml": "version = 1\n[daemon]\nstate_key = { file = \"none\" }\n"},
			`DIR/authd.toml:3: daemon.state_key: there is no DIR/none; make it, or name another`,
		},
		"sizes": {
			map[string]string{"authd.toml": "version = 1\n[daemon]\nmax_body = \"big\"\n", "conf.d/1.toml": "[daemon]\nmax_body = 12\n"},
			"DIR/authd.toml:3: daemon.max_body: is a text, must be a size; write max_body = \"32MiB\"\n" +
				`DIR/conf.d/1.toml:2: daemon.max_body: must be 1KiB to 1024GiB; write max_body = "32MiB"`,
		},
		"a list that is none": {
			map[string]string{"authd.toml": "version = 1\n[daemon]\nrecipe_dirs = \"/x\"\nadmin = []\n"},
			"DIR/authd.toml:3: daemon.recipe_dirs: is a text, must be a list of texts; write recipe_dirs = [\"/etc/authd/recipes\"]\n" +
				`DIR/authd.toml:4: daemon.admin: is an empty list; write admin = ["group:admins"], or leave it out`,
		},
		"a parameter in defaults": {
			map[string]string{"authd.toml": "version = 1\n[defaults]\nusername = \"u\"\nmargn = \"1s\"\noutput = []\n"},
			"DIR/authd.toml:3: defaults.username: there is no such key; parameters stand in the credential itself\n" +
				"DIR/authd.toml:4: defaults.margn: there is no such key; did you mean \"margin\"?\n" +
				"DIR/authd.toml:5: defaults.output: belongs to one credential; write it in [credential.NAME]",
		},
		"defaults that are no table": {
			map[string]string{"authd.toml": "version = 1\ndefaults = 3\n"},
			"DIR/authd.toml:2: defaults: is a whole number, must be a table; write [defaults] above its keys",
		},
		"a bare number as a duration": {
			one("margin = 60\n"),
			`DIR/authd.toml:5: credential.x.margin: a duration needs a unit; write margin = "60s" for seconds`,
		},
		"a number in quotes as a duration": {
			one("margin = \"60\"\n"),
			`DIR/authd.toml:5: credential.x.margin: a duration needs a unit; write "60s" for seconds`,
		},
		"other durations": {
			one("margin = \"-1s\"\nttl = \"soon\"\nretry_refused = \"1m\"\ntimeout = \"1h\"\nidle = true\n"),
			"DIR/authd.toml:5: credential.x.margin: must be at least 0s; write margin = \"60s\"\n" +
				"DIR/authd.toml:6: credential.x.ttl: is not a duration; write one such as \"90s\", \"24h\" or \"30d\"\n" +
				"DIR/authd.toml:7: credential.x.retry_refused: must be at least 15m; write retry_refused = \"1h\"\n" +
				"DIR/authd.toml:8: credential.x.timeout: must be at most 10m; write timeout = \"30s\"\n" +
				"DIR/authd.toml:9: credential.x.idle: is true or false, must be a duration; write idle = \"30m\"",
		},
		"numbers and truths": {
			one("refresh_at = 1.5\nrequired = \"no\"\ninsecure_http = 1\n"),
			"DIR/authd.toml:5: credential.x.refresh_at: must be above 0 and at most 1; write refresh_at = 0.75\n" +
				"DIR/authd.toml:6: credential.x.required: is a text, must be true or false; write required = false\n" +
				"DIR/authd.toml:7: credential.x.insecure_http: is a whole number, must be true or false; write insecure_http = true",
		},
		"not a number at all": {
			one("refresh_at = nan\n"),
			"DIR/authd.toml:5: credential.x.refresh_at: must be above 0 and at most 1; write refresh_at = 0.75",
		},
		"a fraction in quotes, a date that is none": {
			one("refresh_at = \"0.5\"\nexpires = \"soon\"\nlayout = \"dri\"\n"),
			"DIR/authd.toml:5: credential.x.refresh_at: is a text, must be a number; write refresh_at = 0.75\n" +
				"DIR/authd.toml:6: credential.x.expires: is no date; write expires = 2027-06-30\n" +
				"DIR/authd.toml:7: credential.x.layout: \"dri\" is not one of files, dir; did you mean \"dir\"?",
		},
		"a time of day as a date": {
			one("expires = 12:30:00\n"),
			"DIR/authd.toml:5: credential.x.expires: is no date; write expires = 2027-06-30",
		},
		"a shell's line": {
			one("notify = \"mail -s x root\"\n"),
			`DIR/authd.toml:5: credential.x.notify: is one text, and no shell will read it; write notify = ["/usr/local/bin/tell-me"]`,
		},
		"a list with something else in it": {
			one("notify = [\"x\", 3]\nhosts = [1]\n"),
			"DIR/authd.toml:5: credential.x.notify[1]: is a whole number, must be a text; write notify = [\"/usr/local/bin/tell-me\"]\n" +
				"DIR/authd.toml:6: credential.x.hosts[0]: is a whole number, must be a text; write hosts = [\"api.example.com\"]",
		},
		"a bad name": {
			map[string]string{"authd.toml": "version = 1\n[credential.Netography]\n[credential.\"a b\"]\n[credential.\"x.\"]\n"},
			"DIR/authd.toml:2: credential.Netography: is no name for a credential; begin with a letter or digit and use a-z 0-9 . _ - only, at most 64\n" +
				"DIR/authd.toml:3: credential.\"a b\": is no name for a credential; begin with a letter or digit and use a-z 0-9 . _ - only, at most 64\n" +
				"DIR/authd.toml:4: credential.\"x.\": is no name for a credential; begin with a letter or digit and use a-z 0-9 . _ - only, at most 64",
		},
		"a dotted name without quotes": {
			map[string]string{"authd.toml": "version = 1\n[credential.my.api]\nrecipe = \"bearer\"\n"},
			`DIR/authd.toml:2: credential.my.api: a credential's name with a dot in it stands in quotes; write [credential."my.api"]`,
		},
		"a credential in two files": {
			map[string]string{"authd.toml": "version = 1\n\n[credential.x]\nrecipe = \"nothing\"\n", "conf.d/a.toml": "[credential.x]\nrecipe = \"nothing\"\n"},
			"DIR/conf.d/a.toml:1: credential.x: stands already in DIR/authd.toml:3; a credential stands in one file only: keep one, or give one another name",
		},
		"no recipe": {
			map[string]string{"authd.toml": "version = 1\n[credential.x]\ntoken = \"t\"\n[credential]\ny = 3\n"},
			"DIR/authd.toml:2: credential.x: the recipe is missing; write recipe = with one of RECIPES\n" +
				"DIR/authd.toml:5: credential.y: is a whole number, must be a table; write [credential.y] above its keys",
		},
		"an unknown recipe": {
			map[string]string{"authd.toml": "version = 1\n[credential.x]\nrecipe = \"netograpy\"\nmargin = 3\n[credential.y]\nrecipe = \"qqq\"\nwhat = 1\n"},
			"DIR/authd.toml:3: credential.x.recipe: there is no recipe \"netograpy\"; did you mean \"netography\"?\n" +
				"DIR/authd.toml:4: credential.x.margin: a duration needs a unit; write margin = \"3s\" for seconds\n" +
				"DIR/authd.toml:6: credential.y.recipe: there is no recipe \"qqq\"; there are: RECIPES",
		},
		"unknown keys and parameters": {
			map[string]string{"authd.toml": "version = 1\n[credential.x]\nrecipe = \"password-jwt\"\nurl = \"u\"\npasword = \"p\"\nhost = [\"a\"]\nqqqqqqqq = 1\n[credential.x.params]\nusrname = \"u\"\n[credential.y]\nrecipe = \"nothing\"\nqqqqqqqq = 1\n"},
			"DIR/authd.toml:5: credential.x.pasword: there is no such parameter; did you mean \"password\"?\n" +
				"DIR/authd.toml:6: credential.x.host: there is no such key; did you mean \"hosts\"?\n" +
				"DIR/authd.toml:7: credential.x.qqqqqqqq: there is no such key and no such parameter; the recipe's parameters are: url, username, password, refresh_url\n" +
				"DIR/authd.toml:9: credential.x.params.usrname: there is no such parameter; did you mean \"username\"?\n" +
				"DIR/authd.toml:12: credential.y.qqqqqqqq: there is no such key, and the recipe has no parameters; leave it out",
		},
		"a parameter twice, and of the wrong type": {
			one("[credential.x.params]\ntoken = \"u\"\n[credential.y]\nrecipe = \"bearer\"\ntoken = 12345\n[credential.z]\nrecipe = \"command\"\ncommand = \"echo x\"\n"),
			"DIR/authd.toml:6: credential.x.params.token: is given already on line 4; keep one\n" +
				"DIR/authd.toml:9: credential.y.token: is a whole number, must be a text; put it in quotes\n" +
				`DIR/authd.toml:12: credential.z.command: is one text, and no shell will read it; write command = ["program", "argument"]`,
		},
		"what the recipe says": {
			map[string]string{"authd.toml": "version = 1\n[credential.x]\nrecipe = \"bearer\"\n[credential.y]\nrecipe = \"bearer\"\n[credential.y.params]\ntoken = \"bad\"\n"},
			"DIR/authd.toml:2: credential.x.token: is missing (the first one)\n" +
				"DIR/authd.toml:7: credential.y.token: is bad; write a good one",
		},
		"a misspelt parameter is not also missing": {
			map[string]string{"authd.toml": "version = 1\n[credential.x]\nrecipe = \"bearer\"\ntokn = \"t\"\n"},
			`DIR/authd.toml:4: credential.x.tokn: there is no such parameter; did you mean "token"?`,
		},
		"allow": {
			one("allow = [\"deploy\", \"usr:x\", \"user:\", \"uid:x\", \"gid:4294967295\", \"user:root+exe:/nowhere/x\", \"unit:a/b\", \"group:root+exe:/bin/sh\", \"\"]\n"),
			"DIR/authd.toml:5: credential.x.allow[0]: \"deploy\" does not say whether it is a user or a group; write \"user:deploy\" or \"group:deploy\"\n" +
				"DIR/authd.toml:5: credential.x.allow[1]: \"usr:x\" is no caller; did you mean \"user\"?\n" +
				"DIR/authd.toml:5: credential.x.allow[2]: \"user:\" is no caller; did you mean \"user\"?\n" +
				"DIR/authd.toml:5: credential.x.allow[3]: \"uid:x\" has no number that can be a caller's; write \"uid:1000\" or such\n" +
				"DIR/authd.toml:5: credential.x.allow[4]: \"gid:4294967295\" has no number that can be a caller's; write \"gid:1000\" or such\n" +
				"DIR/authd.toml:5: credential.x.allow[5]: there is no program \"/nowhere/x\" that the daemon's user can see; write its full path\n" +
				"DIR/authd.toml:5: credential.x.allow[6]: \"unit:a/b\" names no unit; write \"unit:cron.service\" or such\n" +
				"DIR/authd.toml:5: credential.x.allow[7]: a program narrows a user or a uid only; write \"user:NAME+exe:/bin/sh\"\n" +
				"DIR/authd.toml:5: credential.x.allow[8]: \"\" is no caller; write user:NAME, uid:N, group:NAME, gid:N, unit:NAME or *",
		},
		"rules": {
			one("[[credential.x.rules]]\nmethod = [\"GET\"]\n[[credential.x.rules]]\nmethods = [\"get\"]\npaths = [\"v1\", \"/*/x\", \"/a?b\", \"/a/../b\", \"/**\"]\nwho = [\"me\"]\n[[credential.x.rules]]\n"),
			"DIR/authd.toml:6: credential.x.rules[0].method: there is no such key; did you mean \"methods\"?\n" +
				"DIR/authd.toml:8: credential.x.rules[1].methods[0]: \"get\" is no method; methods are in capitals: write \"GET\"\n" +
				"DIR/authd.toml:9: credential.x.rules[1].paths[0]: a path begins with /; write \"/v1/*\" or such\n" +
				"DIR/authd.toml:9: credential.x.rules[1].paths[1]: a * may only stand at the end of a path; write \"/*\"\n" +
				"DIR/authd.toml:9: credential.x.rules[1].paths[2]: a path has no query; leave out what begins at ? or #\n" +
				"DIR/authd.toml:9: credential.x.rules[1].paths[3]: this path can be read in two ways and would match nothing; write it without //, . and .. and without % where none is needed\n" +
				"DIR/authd.toml:9: credential.x.rules[1].paths[4]: a * may only stand at the end of a path; write \"/*\"\n" +
				"DIR/authd.toml:10: credential.x.rules[1].who[0]: \"me\" does not say whether it is a user or a group; write \"user:me\" or \"group:me\"\n" +
				"DIR/authd.toml:11: credential.x.rules[2]: is an empty rule, which allows everything; write methods = [\"GET\"] or paths = [\"/v1/*\"], or leave it out",
		},
		"single brackets": {
			one("[credential.x.output]\nfile = \"x\"\n[credential.x.rules]\n"),
			"DIR/authd.toml:5: credential.x.output: is a table, must be tables; write [[credential.x.output]], with double brackets\n" +
				"DIR/authd.toml:7: credential.x.rules: is a table, must be tables; write [[credential.x.rules]], with double brackets",
		},
		"outputs": {
			one("[[credential.x.output]]\nfile = \"a\"\nformat = \"jsn\"\nmode = 0o640\non_expiry = \"delete\"\nowner = \"nobody-here\"\ngroup = \"nobody-here\"\non_change = \"x\"\n" +
				"[[credential.x.output]]\nfile = \"../b\"\nmode = \"rw\"\nenv = \"A-B\"\nlogin = \"x\"\n" +
				"[[credential.x.output]]\nformat = \"env\"\nenv = \"A-B\"\nmode = \"0040\"\n" +
				"[[credential.x.output]]\nfile = \"~/x\"\nformat = \"template\"\n"),
			"DIR/authd.toml:7: credential.x.output[0].format: \"jsn\" is not one of FORMATS; did you mean \"json\"?\n" +
				"DIR/authd.toml:8: credential.x.output[0].mode: must be a text of three or four octal digits; write mode = \"0640\"\n" +
				"DIR/authd.toml:9: credential.x.output[0].on_expiry: \"delete\" is not one of keep, remove; write on_expiry = \"remove\"\n" +
				"DIR/authd.toml:10: credential.x.output[0].owner: there is no user \"nobody-here\" here; make it, or name another\n" +
				"DIR/authd.toml:11: credential.x.output[0].group: there is no group \"nobody-here\" here; make it, or name another\n" +
				"DIR/authd.toml:12: credential.x.output[0].on_change: is one text, and no shell will read it; write on_change = [\"/usr/local/bin/reload-collector\"]\n" +
				"DIR/authd.toml:14: credential.x.output[1].file: leads out of cache_dir; write the path in full\n" +
				"DIR/authd.toml:15: credential.x.output[1].mode: must be a text of three or four octal digits; write mode = \"0640\"\n" +
				"DIR/authd.toml:16: credential.x.output[1].env: \"A-B\" is no name of a variable; write env = \"API_TOKEN\"\n" +
				"DIR/authd.toml:16: credential.x.output[1].env: is for the format env, and this is raw; write format = \"env\", or leave it out\n" +
				"DIR/authd.toml:17: credential.x.output[1].login: is for the format netrc, and this is raw; write format = \"netrc\", or leave it out\n" +
				"DIR/authd.toml:18: credential.x.output[2]: the file is missing; write file = \"name.json\", which stands in cache_dir\n" +
				"DIR/authd.toml:20: credential.x.output[2].env: \"A-B\" is no name of a variable; write env = \"API_TOKEN\"\n" +
				"DIR/authd.toml:21: credential.x.output[2].mode: the file's owner could not read it; write mode = \"0640\"\n" +
				"DIR/authd.toml:22: credential.x.output[3]: the template is missing; write template = \"token = ${value}\\n\", or template_file = \"/etc/authd/name.tmpl\"\n" +
				"DIR/authd.toml:23: credential.x.output[3].file: ~ is not replaced by a home folder; write the path in full",
		},
		"two outputs in one place": {
			one("[[credential.x.output]]\nfile = \"a\"\n[[credential.x.output]]\nfile = \"/run/authd/tokens/./a\"\n"),
			"DIR/authd.toml:8: credential.x.output[1].file: is written already by DIR/authd.toml:6; choose another name",
		},
		"names with layout dir": {
			one("layout = \"dir\"\n[[credential.x.output]]\nfile = \"/a/b\"\n[[credential.x.output]]\nfile = \"..data\"\n"),
			"DIR/authd.toml:7: credential.x.output[0].file: must be a plain name, as layout is \"dir\"; write file = \"b\"; it stands in /run/authd/tokens/x\n" +
				"DIR/authd.toml:9: credential.x.output[1].file: must be a plain name, as layout is \"dir\"; write file = \"data\"; it stands in /run/authd/tokens/x",
		},
		"templates": {
			one("[[credential.x.output]]\nfile = \"a\"\nformat = \"template\"\ntemplate = \"${value|bas64}\"\n[[credential.x.output]]\nfile = \"b\"\nformat = \"template\"\ntemplate = \"${valeu}\"\n[[credential.x.output]]\nfile = \"c\"\nformat = \"template\"\ntemplate = \"x\"\ntemplate_file = \"/none\"\n"),
			"DIR/authd.toml:8: credential.x.output[0].template: there is no function \"bas64\"; did you mean \"base64\"?\n" +
				"DIR/authd.toml:12: credential.x.output[1].template: ${valeu} is not known here; there are name, value, generation, issued_at, expires_at and values.NAME\n" +
				"DIR/authd.toml:17: credential.x.output[2].template_file: there is no /none; make it, or name another\n" +
				"DIR/authd.toml:17: credential.x.output[2].template_file: only one of template and template_file; leave one out",
		},
		"the network": {
			one("ca_file = \"ca.pem\"\nclient_cert = \"none.pem\"\nproxy = \"ftp://p\"\n[credential.y]\nrecipe = \"nothing\"\nclient_key = \"ca.pem\"\n"),
			"DIR/authd.toml:5: credential.x.ca_file: there is no DIR/ca.pem; make it, or name another\n" +
				"DIR/authd.toml:6: credential.x.client_cert: there is no DIR/none.pem; make it, or name another\n" +
				"DIR/authd.toml:6: credential.x.client_cert: a certificate needs its key; write client_key = \"…\"\n" +
				"DIR/authd.toml:7: credential.x.proxy: is no proxy; write \"env\", \"none\" or \"http://proxy.example.com:3128\"\n" +
				"DIR/authd.toml:10: credential.y.client_key: there is no DIR/ca.pem; make it, or name another\n" +
				"DIR/authd.toml:10: credential.y.client_key: a key needs its certificate; write client_cert = \"…\"",
		},
		"files that hold something else": {
			map[string]string{
				"authd.toml": "version = 1\n[defaults]\nca_file = \"x\"\nclient_cert = \"x\"\nclient_key = \"x\"\n", "x": "hunter2",
			},
			"DIR/authd.toml:3: defaults.ca_file: DIR/x has no certificate; name a PEM file with the issuer's CA\n" +
				"DIR/authd.toml:4: defaults.client_cert: DIR/x has no certificate; name a PEM file with the client's certificate\n" +
				"DIR/authd.toml:5: defaults.client_key: DIR/x has no private key; name a PEM file with the client's key",
		},
		"secrets written wrongly": {
			map[string]string{"authd.toml": "version = 1\n" +
				"[credential.a]\nrecipe = \"bearer\"\ntoken = { fil = \"x\" }\n" +
				"[credential.b]\nrecipe = \"bearer\"\ntoken = { file = \"x\", env = \"y\" }\n" +
				"[credential.c]\nrecipe = \"bearer\"\ntoken = { systemd = \"../x\" }\n" +
				"[credential.d]\nrecipe = \"bearer\"\ntoken = { keyring = \"x\" }\n" +
				"[credential.e]\nrecipe = \"bearer\"\ntoken = { command = \"pass x\" }\n" +
				"[credential.f]\nrecipe = \"bearer\"\ntoken = { file = 3 }\n"},
			"DIR/authd.toml:4: credential.a.token.fil: there is no such place for a secret; did you mean \"file\"?\n" +
				"DIR/authd.toml:7: credential.b.token: must say one place where the secret is; write { file = \"…\" }, or one of file, env, command, systemd, keyring, credential\n" +
				"DIR/authd.toml:10: credential.c.token.systemd: is no name of a systemd credential; write the name that LoadCredential= gives it, without a path\n" +
				"DIR/authd.toml:13: credential.d.token.keyring: a keyring is a person's, and this daemon is the system's; write { file = \"…\" }, or run authd with --user\n" +
				"DIR/authd.toml:16: credential.e.token.command: is one text, and no shell will read it; write command = [\"/usr/bin/pass\", \"show\", \"name\"]\n" +
				"DIR/authd.toml:19: credential.f.token.file: is a whole number, must be a text; write file = \"/etc/authd/secrets/name\"",
		},
		"secrets of other credentials": {
			map[string]string{"authd.toml": "version = 1\n" +
				"[credential.a]\nrecipe = \"bearer\"\ntoken = { credential = \"b\" }\n" +
				"[credential.b]\nrecipe = \"bearer\"\ntoken = { credential = \"c\" }\n" +
				"[credential.c]\nrecipe = \"bearer\"\ntoken = { credential = \"a\" }\n" +
				"[credential.d]\nrecipe = \"bearer\"\ntoken = { credential = \"d\" }\n" +
				"[credential.e]\nrecipe = \"bearer\"\ntoken = { credential = \"net\" }\n" +
				"[credential.f]\nrecipe = \"bearer\"\ntoken = { credential = \"a\" }\n"},
			"DIR/authd.toml:4: credential.a.token: depends on itself: a → b → c → a; take its secret from somewhere else\n" +
				"DIR/authd.toml:7: credential.b.token: depends on itself: b → c → a → b; take its secret from somewhere else\n" +
				"DIR/authd.toml:10: credential.c.token: depends on itself: c → a → b → c; take its secret from somewhere else\n" +
				"DIR/authd.toml:13: credential.d.token: depends on itself: d → d; take its secret from somewhere else\n" +
				"DIR/authd.toml:16: credential.e.token: there is no credential \"net\"; write [credential.net], or name another",
		},
		"mistakes of several files": {
			map[string]string{
				"authd.toml":     "version = 1\n[daemon]\nsocket = 1\n[credential.x]\nrecipe = \"bearer\"\n",
				"conf.d/b.toml":  "version = 3\n[credential.y]\nrecipe = \"nothing\"\nmargin = 1\n",
				"conf.d/a.toml":  "[defaults]\nmargin = 1\n",
				"conf.d/c.txt":   "not read",
				"conf.d/.d.toml": "not read",
				"conf.d/d.toml~": "not read",
			},
			"DIR/authd.toml:3: daemon.socket: is a whole number, must be a text; write socket = \"/run/authd/authd.sock\"\n" +
				"DIR/authd.toml:4: credential.x.token: is missing (the first one)\n" +
				"DIR/conf.d/b.toml:1: version: this authd reads version 1, and this is 3; write version = 1, or run a newer authd\n" +
				"DIR/conf.d/b.toml:4: credential.y.margin: a duration needs a unit; write margin = \"1s\" for seconds\n" +
				"DIR/conf.d/a.toml:2: defaults.margin: a duration needs a unit; write margin = \"1s\" for seconds",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, tt.files)
			_, _, err := load(t, options(dir))
			if err == nil {
				t.Fatal("it was accepted")
			}
			got := strings.ReplaceAll(err.Error(), dir, "DIR")
			got = strings.ReplaceAll(got, strings.Join(standard.Names(), ", "), "RECIPES")
			got = strings.ReplaceAll(got, strings.Join(formatNames(), ", "), "FORMATS")
			if diff := cmp.Diff(strings.Split(tt.want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the message holds a secret")
			}
		})
	}
}
