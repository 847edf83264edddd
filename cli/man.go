package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Page is a manual page of a program.
type Page struct {
	Version     string
	Description string // in one line, after the name
	Text        string // the description, in paragraphs
	SeeAlso     string
}

// Man writes a program's manual page in the form that man reads. It lists every
// command with its flags; flags that belong to a group are settings, which several
// commands share, and are listed once.
func Man(w io.Writer, program *kong.Node, page Page) error {
	var out strings.Builder
	fmt.Fprintf(&out, ".TH %s 1 \"\" %s\n", strings.ToUpper(program.Name), roffQuote(program.Name+" "+page.Version))
	fmt.Fprintf(&out, ".SH NAME\n%s \\- %s\n", roff(program.Name), roff(page.Description))
	fmt.Fprintf(&out, ".SH SYNOPSIS\n.B %s\n.I command\n.RI [ arguments ]\n.RI [ flags ]\n", roff(program.Name))
	out.WriteString(".SH DESCRIPTION\n")
	for paragraph := range strings.SplitSeq(page.Text, "\n\n") {
		fmt.Fprintf(&out, ".PP\n%s\n", roff(strings.ReplaceAll(paragraph, "\n", " ")))
	}
	out.WriteString(".SH COMMANDS\n")
	settings := &flagGroups{seen: map[string]bool{}}
	for _, n := range leaves(program) {
		fmt.Fprintf(&out, ".SS %s\n%s\n", roffQuote(program.Name+" "+n.Summary()), roff(n.Help))
		for _, f := range flagsOf(n) {
			if f.Group != nil {
				settings.add(f)
				continue
			}
			writeFlag(&out, f)
		}
	}
	out.WriteString(".SH SETTINGS\nThe flags of the commands that start a part of the program, and their environment variables.\n")
	for _, g := range settings.groups {
		fmt.Fprintf(&out, ".SS %s\n", roffQuote(g.title))
		for _, f := range g.flags {
			writeFlag(&out, f)
		}
	}
	out.WriteString(".SH EXIT STATUS\n.TP\n.B 0\nThe command did what it was asked.\n.TP\n.B 1\nIt failed.\n.TP\n.B 2\nThe arguments or the settings are wrong.\n")
	fmt.Fprintf(&out, ".SH SEE ALSO\n%s\n", roff(page.SeeAlso))
	_, err := io.WriteString(w, out.String())
	return err
}

// leaves returns the commands that can be run, in the order of the help.
func leaves(program *kong.Node) (all []*kong.Node) {
	for _, c := range program.Children {
		switch {
		case c.Hidden:
		case len(c.Children) == 0:
			all = append(all, c)
		default:
			all = append(all, leaves(c)...)
		}
	}
	return all
}

// flagsOf returns the flags of a command and of the commands above it, without those
// of the program, which are the same for all.
func flagsOf(n *kong.Node) (flags []*kong.Flag) {
	for ; n.Parent != nil; n = n.Parent {
		for _, f := range n.Flags {
			if !f.Hidden {
				flags = append(flags, f)
			}
		}
	}
	return flags
}

// flagGroups collects the settings by group, each once.
type flagGroups struct {
	groups []*flagGroup
	seen   map[string]bool
}

type flagGroup struct {
	title string
	flags []*kong.Flag
}

func (g *flagGroups) add(f *kong.Flag) {
	if g.seen[f.Name] {
		return
	}
	g.seen[f.Name] = true
	title := strings.TrimSuffix(f.Group.Title, ":")
	for _, known := range g.groups {
		if known.title == title {
			known.flags = append(known.flags, f)
			return
		}
	}
	g.groups = append(g.groups, &flagGroup{title: title, flags: []*kong.Flag{f}})
}

func writeFlag(out *strings.Builder, f *kong.Flag) {
	fmt.Fprintf(out, ".TP\n.B \\-\\-%s", roff(f.Name))
	if !f.IsBool() {
		fmt.Fprintf(out, "=%s", roff(f.FormatPlaceHolder()))
	}
	fmt.Fprintf(out, "\n%s", roff(f.Help))
	if f.HasDefault && f.Default != "" && !f.IsBool() {
		fmt.Fprintf(out, " Default: %s.", roff(f.Default))
	}
	if len(f.Envs) > 0 {
		fmt.Fprintf(out, " Environment: %s.", roff(strings.Join(f.Envs, ", ")))
	}
	out.WriteString("\n")
}

// roff returns a text in which roff finds no commands.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}

// roffQuote returns a text as one argument of a roff command.
func roffQuote(s string) string { return `"` + strings.ReplaceAll(roff(s), `"`, `""`) + `"` }
