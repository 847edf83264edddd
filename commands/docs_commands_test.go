package commands

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// nodes returns a node and all nodes below it.
func nodes(n *kong.Node) []*kong.Node {
	all := []*kong.Node{n}
	for _, child := range n.Children {
		all = append(all, nodes(child)...)
	}
	return all
}

// group reports whether a word is a command that has commands below it.
func (d *documented) group(word string) bool {
	n := child(d.root, word)
	return n != nil && len(n.Children) > 0
}

// command returns the commands that the words of a document name. In a list of
// commands, such as "order show, list", all but the last have a comma.
func (d *documented) command(words []string) (named []*kong.Node, err error) {
	n, arguments := d.root, 0
	for i := 0; i < len(words); i++ {
		word, more := strings.CutSuffix(words[i], ",")
		next := child(n, word)
		switch {
		case word == "…":
		case strings.HasPrefix(word, "-"):
			f := flag([]*kong.Node{n}, word)
			if f == nil {
				return named, fmt.Errorf("%s has no flag %s", n.FullPath(), word)
			}
			if !f.IsBool() && !strings.Contains(word, "=") {
				i++ // skip the flag's value
			}
		case next != nil && more:
			named = append(named, d.name(next))
		case next != nil:
			n = next
		case len(n.Children) > 0 && n.DefaultCmd == nil:
			return named, fmt.Errorf("%s has no command %s", n.FullPath(), word)
		default:
			if n.DefaultCmd != nil {
				n = n.DefaultCmd
			}
			if arguments++; !takes(n, arguments) {
				return named, fmt.Errorf("%s takes no argument %s", n.FullPath(), word)
			}
		}
	}
	if n != d.root {
		named = append(named, d.name(n))
	}
	return named, nil
}

// name records that a command is named, and returns it. The name of a group of
// commands counts only for the group's default command.
func (d *documented) name(n *kong.Node) *kong.Node {
	d.named[n] = true
	if n.DefaultCmd != nil {
		d.named[n.DefaultCmd] = true
	}
	return n
}

func child(n *kong.Node, name string) *kong.Node {
	i := slices.IndexFunc(n.Children, func(c *kong.Node) bool { return c.Name == name || slices.Contains(c.Aliases, name) })
	if i < 0 {
		return nil
	}
	return n.Children[i]
}

// takes reports whether a command takes that many arguments.
func takes(n *kong.Node, arguments int) bool {
	return arguments <= len(n.Positional) || len(n.Positional) > 0 && n.Positional[len(n.Positional)-1].Target.Kind() == reflect.Slice
}

// wrongFlags returns a problem for each flag that neither the commands nor the
// commands below them have.
func wrongFlags(of []*kong.Node, codes []string) (problems []string) {
	var all []*kong.Node
	for _, n := range of {
		all = append(all, nodes(n)...)
	}
	for _, code := range codes {
		for _, word := range strings.Fields(code) {
			if strings.HasPrefix(word, "--") && flag(all, word) == nil {
				problems = append(problems, fmt.Sprintf("no command named beside it has the flag %s", word))
			}
		}
	}
	return problems
}

// flag returns the flag of one of the commands that matches what is typed; nil if
// no command has it.
func flag(of []*kong.Node, typed string) *kong.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(typed, "-"), "=")
	for _, n := range of {
		for _, level := range n.AllFlags(true) {
			for _, f := range level {
				if f.Name == name || f.Tag.Negatable != "" && "no-"+f.Name == name {
					return f
				}
			}
		}
	}
	return nil
}
