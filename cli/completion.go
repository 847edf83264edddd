package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// The shells for which Completion writes a script.
const (
	Bash = "bash"
	Zsh  = "zsh"
	Fish = "fish"
)

// Completion writes a script that completes a program's commands, its flags and their
// values in a shell. It is made from the commands and needs no call of the program.
func Completion(w io.Writer, program *kong.Node, shell string) error {
	var script strings.Builder
	name := strings.ReplaceAll(program.Name, "-", "_")
	switch shell {
	case Bash:
		writeBash(&script, name, program)
	case Zsh:
		writeZsh(&script, name, program)
	case Fish:
		writeFish(&script, name, program)
	default:
		return fmt.Errorf("no completion for the shell %q: want bash, zsh or fish", shell)
	}
	_, err := io.WriteString(w, script.String())
	return err
}

// place is a command with all that can follow it.
type place struct {
	path  string // the words that lead to it, without the program: "order place"
	words []word
	// values are the values of the flags that have a list of them, by flag.
	values map[string][]string
}

type word struct{ text, help string }

// places returns a program's commands, the program first.
func places(program *kong.Node) (all []place) {
	var visit func(n *kong.Node, path string)
	visit = func(n *kong.Node, path string) {
		p := place{path: path, values: map[string][]string{}}
		for _, c := range n.Children {
			if !c.Hidden {
				p.words = append(p.words, word{c.Name, c.Help})
			}
		}
		for _, level := range n.AllFlags(true) {
			for _, f := range level {
				p.words = append(p.words, word{"--" + f.Name, f.Help})
				if f.Enum != "" {
					p.values["--"+f.Name] = f.EnumSlice()
				}
			}
		}
		all = append(all, p)
		for _, c := range n.Children {
			if !c.Hidden {
				visit(c, strings.TrimSpace(path+" "+c.Name))
			}
		}
	}
	visit(program, "")
	return all
}

// texts returns the words alone.
func (p place) texts() (texts []string) {
	for _, w := range p.words {
		texts = append(texts, w.text)
	}
	return texts
}

// quote returns a text as one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// writePath writes the loop that finds out which command the words name, which bash
// and zsh share: words from the second to the one before the cursor.
func writePath(out *strings.Builder, words, first, cursor string, all []place) {
	fmt.Fprintf(out, "\tlocal at='' i\n\tfor ((i = %s; i < %s; i++)); do\n\t\tcase \"$at ${%s[i]}\" in\n\t\t", first, cursor, words)
	var known []string
	for _, p := range all[1:] {
		known = append(known, quote(" "+p.path))
	}
	fmt.Fprintf(out, "%s) at+=\" ${%s[i]}\" ;;\n\t\tesac\n\tdone\n", strings.Join(known, " | "), words)
}

// writeValues writes the cases in which the word before the cursor is a flag that has a
// list of values; offer returns the statement that offers them.
func writeValues(out *strings.Builder, all []place, offer func(values []string) string) {
	for _, p := range all {
		for _, flag := range p.words {
			if values, ok := p.values[flag.text]; ok {
				fmt.Fprintf(out, "\t%s) %s; return ;;\n", quote(atOf(p)+" "+flag.text), offer(values))
			}
		}
	}
}

func writeBash(out *strings.Builder, name string, program *kong.Node) {
	all := places(program)
	fmt.Fprintf(out, "# Completion for %s in bash.\n_%s() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n", program.Name, name)
	writePath(out, "COMP_WORDS", "1", "COMP_CWORD", all)
	out.WriteString("\tcase \"$at $prev\" in\n")
	writeValues(out, all, func(values []string) string {
		return fmt.Sprintf("COMPREPLY=($(compgen -W %s -- \"$cur\"))", quote(strings.Join(values, " ")))
	})
	out.WriteString("\tesac\n\tcase \"$at\" in\n")
	for _, p := range all {
		fmt.Fprintf(out, "\t%s) COMPREPLY=($(compgen -W %s -- \"$cur\")) ;;\n", quote(atOf(p)), quote(strings.Join(p.texts(), " ")))
	}
	fmt.Fprintf(out, "\tesac\n}\ncomplete -o default -F _%s %s\n", name, program.Name)
}

// atOf returns a place's path as writePath finds it.
func atOf(p place) string {
	if p.path == "" {
		return ""
	}
	return " " + p.path
}

func writeZsh(out *strings.Builder, name string, program *kong.Node) {
	all := places(program)
	fmt.Fprintf(out, "#compdef %s\n# Completion for %[1]s in zsh.\n_%s() {\n\tlocal -a candidates\n", program.Name, name)
	writePath(out, "words", "2", "CURRENT", all)
	out.WriteString("\tcase \"$at ${words[CURRENT - 1]}\" in\n")
	writeValues(out, all, func(values []string) string { return "compadd -- " + strings.Join(quoteAll(values), " ") })
	out.WriteString("\tesac\n\tcase \"$at\" in\n")
	for _, p := range all {
		fmt.Fprintf(out, "\t%s) candidates=(\n", quote(atOf(p)))
		for _, w := range p.words {
			fmt.Fprintf(out, "\t\t%s\n", quote(w.text+":"+strings.ReplaceAll(w.help, ":", `\:`)))
		}
		out.WriteString("\t) ;;\n")
	}
	fmt.Fprintf(out, "\tesac\n\t_describe %s candidates || _files\n}\n", quote(program.Name))
	fmt.Fprintf(out, "if [ \"$funcstack[1]\" = _%s ]; then _%[1]s \"$@\"; else compdef _%[1]s %s; fi\n", name, program.Name)
}

func quoteAll(texts []string) (quoted []string) {
	for _, s := range texts {
		quoted = append(quoted, quote(s))
	}
	return quoted
}

// fishQuote returns a text as one word of fish, which knows a backslash in quotes.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

func writeFish(out *strings.Builder, name string, program *kong.Node) {
	all := places(program)
	var known []string
	for _, p := range all[1:] {
		known = append(known, fishQuote(p.path))
	}
	fmt.Fprintf(out, `# Completion for %s in fish.
function __%s_at
	set -l at ''
	for word in (commandline -opc)[2..-1]
		set -l next (string trim -- "$at $word")
		if contains -- $next %s
			set at $next
		end
	end
	test "$at" = "$argv[1]"
end
`, program.Name, name, strings.Join(known, " "))
	for _, p := range all {
		when := fishQuote("__" + name + "_at " + fishQuote(p.path))
		for _, w := range p.words {
			flag, ok := strings.CutPrefix(w.text, "--")
			switch {
			case !ok:
				fmt.Fprintf(out, "complete -c %s -f -n %s -a %s -d %s\n", program.Name, when, fishQuote(w.text), fishQuote(w.help))
			case len(p.values[w.text]) > 0:
				fmt.Fprintf(out, "complete -c %s -f -n %s -l %s -x -a %s -d %s\n", program.Name, when, flag, fishQuote(strings.Join(p.values[w.text], " ")), fishQuote(w.help))
			default:
				fmt.Fprintf(out, "complete -c %s -n %s -l %s -d %s\n", program.Name, when, flag, fishQuote(w.help))
			}
		}
	}
}
