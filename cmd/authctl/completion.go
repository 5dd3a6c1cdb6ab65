package main

import "strings"

// completion prints a script that completes commands, options and the names
// of credentials, which it asks the daemon for.
func completion(a *app, o *options) error {
	scripts := map[string]func([]command) string{"bash": bash, "zsh": zsh, "fish": fish}
	script := scripts[o.operands[0]]
	if script == nil {
		return usage("completion is for bash, zsh or fish")
	}
	a.print(script(a.commands))
	return nil
}

// words are the commands, those of them that begin with a credential's name,
// and the options of each.
func words(commands []command) (all, named []string, flags map[string][]string) {
	flags = make(map[string][]string)
	for _, c := range commands {
		all = append(all, c.name)
		if c.names {
			named = append(named, c.name)
		}
		for _, list := range [...][]*option{c.options, everywhere} {
			for _, o := range list {
				flags[c.name] = append(flags[c.name], "--"+o.name)
			}
		}
	}
	return all, named, flags
}

func bash(commands []command) string {
	all, named, flags := words(commands)
	var b strings.Builder
	b.WriteString("# bash completion for authctl\n_authctl() {\n" +
		"\tlocal word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options=\n" +
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n" +
		"\t\tCOMPREPLY=($(compgen -W '" + strings.Join(all, " ") + "' -- \"$word\"))\n\t\treturn\n\tfi\n" +
		"\tcase $command in\n")
	for _, name := range all {
		b.WriteString("\t" + name + ") options='" + strings.Join(flags[name], " ") + "' ;;\n")
	}
	b.WriteString("\tesac\n\tcase $word in\n" +
		"\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")); return ;;\n\tesac\n" +
		"\tcase $command in\n" +
		"\t" + strings.Join(named, "|") + ")\n" +
		"\t\tCOMPREPLY=($(compgen -W \"$(authctl status --names 2>/dev/null)\" -- \"$word\")) ;;\n" +
		"\tcompletion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$word\")) ;;\n" +
		"\thelp) COMPREPLY=($(compgen -W '" + strings.Join(all, " ") + "' -- \"$word\")) ;;\n" +
		"\tesac\n}\ncomplete -o default -F _authctl authctl\n")
	return b.String()
}

func zsh(commands []command) string {
	all, named, flags := words(commands)
	var b strings.Builder
	b.WriteString("#compdef authctl\n# zsh completion for authctl\n_authctl() {\n" +
		"\tlocal command=$words[2]\n" +
		"\tif (( CURRENT == 2 )); then\n\t\tlocal -a commands=(\n")
	for _, c := range commands {
		b.WriteString("\t\t\t'" + c.name + ":" + strings.ReplaceAll(c.about, "'", "'\\''") + "'\n")
	}
	b.WriteString("\t\t)\n\t\t_describe command commands\n\t\treturn\n\tfi\n" +
		"\tif [[ $words[CURRENT] == -* ]]; then\n\t\tcase $command in\n")
	for _, name := range all {
		b.WriteString("\t\t" + name + ") compadd -- " + strings.Join(flags[name], " ") + " ;;\n")
	}
	b.WriteString("\t\tesac\n\t\treturn\n\tfi\n\tcase $command in\n" +
		"\t" + strings.Join(named, "|") + ") compadd -- ${(f)\"$(authctl status --names 2>/dev/null)\"} ;;\n" +
		"\tcompletion) compadd bash zsh fish ;;\n" +
		"\thelp) compadd " + strings.Join(all, " ") + " ;;\n" +
		"\tesac\n}\nif [[ $funcstack[1] == _authctl ]]; then\n\t_authctl \"$@\"\nelse\n\tcompdef _authctl authctl\nfi\n")
	return b.String()
}

func fish(commands []command) string {
	_, named, _ := words(commands)
	var b strings.Builder
	b.WriteString("# fish completion for authctl\ncomplete -c authctl -f\n")
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `\'`) + "'" }
	for _, c := range commands {
		b.WriteString("complete -c authctl -n __fish_use_subcommand -a " + c.name + " -d " + quote(c.about) + "\n")
		for _, list := range [...][]*option{c.options, everywhere} {
			for _, o := range list {
				line := "complete -c authctl -n '__fish_seen_subcommand_from " + c.name + "' -l " + o.name + " -d " + quote(o.about)
				if o.value != "" {
					line += " -r"
				}
				b.WriteString(line + "\n")
			}
		}
	}
	b.WriteString("complete -c authctl -n '__fish_seen_subcommand_from " + strings.Join(named, " ") + "' -a '(authctl status --names 2>/dev/null)'\n" +
		"complete -c authctl -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n")
	return b.String()
}
