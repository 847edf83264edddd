package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"purser/cli"
)

// tool is a program with commands of each kind.
type tool struct {
	Color string `enum:"auto,always,never" default:"auto" help:"Print colours: auto, always or never."`

	Dig struct {
		Deep bool `help:"It's deeper: 10 m."`
	} `cmd:"" help:"Dig."`
	Ore struct {
		Mine struct {
			Kind string `enum:"iron,gold" default:"iron" help:"What."`
			File string `arg:"" help:"A map."`
		} `cmd:"" help:"Mine ore."`
		Secret struct{} `cmd:"" hidden:"" help:"Not shown."`
	} `cmd:"" help:"Ore."`
}

func model(t *testing.T, commands any) *kong.Node {
	t.Helper()
	parser, err := kong.New(commands, kong.Name("tool"))
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Node
}

// The programs that complete in a shell and print one candidate a line. The script is
// the first argument, the words of the command line are the others.
var completers = map[string][]string{
	cli.Bash: {"bash", "--norc", "-c", `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tool; printf '%s\n' "${COMPREPLY[@]}"`, "-"},
	cli.Zsh: {"zsh", "-f", "-c", `compdef() { :; }; _describe() { print -rl -- ${${(P)2}%%:*}; }; _files() { :; }; compadd() { shift; print -rl -- "$@"; }
source "$1"; shift; words=("$@"); CURRENT=$#; _tool`, "-"},
	cli.Fish: {"fish", "--no-config", "-c", `source $argv[1]; complete -C (string join ' ' -- $argv[2..-1]) | string replace -r '\t.*' ''`},
}

// TestCompletion completes in the shells themselves.
func TestCompletion(t *testing.T) {
	for shell, completer := range completers {
		t.Run(shell, func(t *testing.T) {
			var script bytes.Buffer
			if err := cli.Completion(&script, model(t, &tool{}), shell); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "completion")
			if err := os.WriteFile(file, script.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				line string
				want []string
			}{
				{line: "tool ", want: []string{"dig", "ore"}},
				{line: "tool d", want: []string{"dig"}},
				{line: "tool --", want: []string{"--color", "--help"}},
				{line: "tool ore ", want: []string{"mine"}},
				{line: "tool --color always ore ", want: []string{"mine"}},
				{line: "tool ore mine --", want: []string{"--color", "--help", "--kind"}},
				{line: "tool dig --", want: []string{"--color", "--deep", "--help"}},
				{line: "tool ore mine --kind ", want: []string{"gold", "iron"}},
				{line: "tool --color ", want: []string{"always", "auto", "never"}},
			} {
				words := strings.Split(tt.line, " ")
				cmd := exec.Command(completer[0], append(append(slices.Clone(completer[1:]), file), words...)...)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%q: %v: %s", tt.line, err, out)
				}
				last := words[len(words)-1]
				got := slices.DeleteFunc(strings.Fields(string(out)), func(s string) bool {
					// zsh filters itself, and fish shows flags only after a dash.
					return !strings.HasPrefix(s, last) || last == "" && strings.HasPrefix(s, "-")
				})
				slices.Sort(got)
				if !slices.Equal(got, tt.want) {
					t.Errorf("%q: %q, want %q", tt.line, got, tt.want)
				}
			}
		})
	}
	if err := cli.Completion(&bytes.Buffer{}, model(t, &tool{}), "dash"); err == nil {
		t.Error("a script for a shell that is not known")
	}
}

// TestMan: the page names each command and flag once, with its help, and contains
// nothing that roff takes for a command of its own.
func TestMan(t *testing.T) {
	var commands struct {
		tool `embed:""`
		Up   struct {
			Port int `group:"Ports:" help:".port of the server." env:"TOOL_PORT" default:"80"`
		} `cmd:"" help:"Start."`
		Serve struct {
			Port int `group:"Ports:" help:".port of the server." env:"TOOL_PORT" default:"80"`
		} `cmd:"" help:"Serve."`
	}
	var page bytes.Buffer
	if err := cli.Man(&page, model(t, &commands), cli.Page{Version: "1.2.3", Description: "digs", Text: "It digs.\n\n'Really' \\n.", SeeAlso: "dig(1)"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		".TH TOOL 1 \"\" \"tool 1.2.3\"\n", "tool \\- digs\n", "\n\\&'Really' \\en.\n",
		".SS \"tool ore mine <file> [flags]\"\nMine ore.\n", "\n.B \\-\\-kind=\"iron\"\nWhat. Default: iron.\n", "\n.B \\-\\-deep\nIt's deeper: 10 m.\n",
		".SS \"Ports\"\n.TP\n.B \\-\\-port=80\n\\&.port of the server. Default: 80. Environment: TOOL_PORT.\n",
	} {
		if strings.Count(page.String(), want) != 1 {
			t.Errorf("%d times %q", strings.Count(page.String(), want), want)
		}
	}
	if strings.Contains(page.String(), "secret") {
		t.Error("the page names a hidden command")
	}
	if t.Failed() {
		t.Log(page.String())
	}
	cmd := exec.Command("man", "--warnings", "--local-file", "-")
	cmd.Stdin, cmd.Env = &page, append(os.Environ(), "MANWIDTH=80")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if out, err := cmd.Output(); err != nil || stderr.Len() > 0 || !strings.Contains(string(out), "SETTINGS") {
		t.Errorf("man: %v, %s%s", err, stderr.String(), out)
	}
}
