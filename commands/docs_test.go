package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"purser/api"
	"purser/api/campaigns"
	"purser/api/httpkit"
	"purser/api/images"
	"purser/api/imports"
	"purser/api/inbox"
	"purser/api/mails"
	"purser/api/orders"
	"purser/api/products"
	"purser/api/search"
	inboxrecords "purser/records/inbox"
)

// TestDocumentation checks the README, the documents and --help against the
// program: each command, flag, setting and route that they name exists, and each
// command is named in the README or a document.
func TestDocumentation(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("..", "docs", "*.md"))
	if err != nil || len(names) < 2 {
		t.Fatalf("%d documents, %v", len(names), err)
	}
	d := newDocumented(t)
	for _, name := range append(names, filepath.Join("..", "README.md")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range d.wrongDocument(string(text)) {
			t.Errorf("%s: %s", filepath.Base(name), problem)
		}
	}
	for _, problem := range d.wrongHelp() {
		t.Errorf("--help: %s", problem)
	}
	for _, problem := range d.wrongText(d.openAPI) { // its descriptions may name routes
		t.Errorf("/openapi.json: %s", problem)
	}
	for _, command := range d.undocumented() {
		t.Errorf("neither the README nor a document names %q", command)
	}
}

// documented holds the commands, settings and routes that exist, and the commands
// that documents have named.
type documented struct {
	root     *kong.Node
	settings map[string]bool // environment variables
	routes   map[string]bool // as "GET /v1/orders/{}", and without the method
	openAPI  string
	named    map[*kong.Node]bool
}

func newDocumented(t *testing.T) *documented {
	t.Helper()
	parser, err := kong.New(&commands{}, kong.Name("purser"))
	if err != nil {
		t.Fatal(err)
	}
	d := &documented{root: parser.Model.Node, settings: map[string]bool{}, routes: map[string]bool{}, named: map[*kong.Node]bool{}}
	for _, n := range nodes(d.root) {
		for _, f := range n.Flags {
			for _, env := range f.Envs {
				d.settings[env] = true
			}
		}
	}
	d.openAPI = openAPI(t)
	var doc struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal([]byte(d.openAPI), &doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		d.routes[route(path)] = true
		for method := range methods {
			d.routes[strings.ToUpper(method)+" "+route(path)] = true
		}
	}
	if len(d.settings) < 50 || len(d.routes) < 80 {
		t.Fatalf("only %d settings and %d routes were found", len(d.settings), len(d.routes))
	}
	return d
}

// openAPI returns the OpenAPI document of an API with all its parts, which are
// never called.
func openAPI(t *testing.T) string {
	t.Helper()
	keys, err := httpkit.ParseKeys("test:operator:0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	h, err := api.New(api.Config{
		Config:   httpkit.Config{Keys: keys, Log: slog.New(slog.DiscardHandler)},
		Orders:   &orders.Service{Workflows: struct{ orders.Workflows }{}, Records: struct{ orders.Records }{}},
		Products: &products.Service{}, Imports: &imports.Service{}, Images: &images.Service{}, Search: &search.Service{Settings: struct{ search.Settings }{}},
		Mails: &mails.Service{Records: struct{ mails.Records }{}}, Campaigns: &campaigns.Service{Workflows: struct{ campaigns.Workflows }{}}, Preview: &mails.Preview{}, Inbox: &inbox.Service{Redeliver: func(context.Context, int64, string) (inboxrecords.Item, error) { return inboxrecords.Item{}, nil }, Dismiss: func(context.Context, int64, string, string) (inboxrecords.Item, error) {
			return inboxrecords.Item{}, nil
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	return w.Body.String()
}

// nodes returns a node and all nodes below it.
func nodes(n *kong.Node) []*kong.Node {
	all := []*kong.Node{n}
	for _, child := range n.Children {
		all = append(all, nodes(child)...)
	}
	return all
}

var (
	codeSpan    = regexp.MustCompile("`([^`]+)`")
	quoted      = regexp.MustCompile(`'(purser [^']+)'`)
	setting     = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b`)
	mention     = regexp.MustCompile(`(?:\b(GET|POST|PUT|PATCH|DELETE) )?(/v1/[\w{}/-]+|/(?:livez|readyz)\b)`)
	placeholder = regexp.MustCompile(`\{[^}]*\}|/[A-Z]+\b`)
)

// route returns a path without the names of its parameters.
func route(path string) string {
	return placeholder.ReplaceAllStringFunc(strings.TrimRight(path, "/"), func(s string) string {
		if s[0] == '/' {
			return "/{}"
		}
		return "{}"
	})
}

// wrongText returns a problem for each route and setting that a text names but
// that does not exist.
func (d *documented) wrongText(text string) (problems []string) {
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		if r := strings.TrimSpace(m[1] + " " + route(m[2])); !d.routes[r] {
			problems = append(problems, "there is no route "+m[0])
		}
	}
	return problems
}

// wrongHelp returns the problems in the texts that --help prints.
func (d *documented) wrongHelp() (problems []string) {
	for _, n := range nodes(d.root) {
		texts := []string{n.Help, n.Detail}
		for _, f := range n.Flags {
			texts = append(texts, f.Help)
		}
		for _, text := range texts {
			problems = append(problems, d.wrongText(text)...)
			problems = append(problems, d.wrongSettings(text)...)
			for _, m := range quoted.FindAllStringSubmatch(text, -1) {
				if _, err := d.command(strings.Fields(m[1])[1:]); err != nil {
					problems = append(problems, err.Error())
				}
			}
		}
	}
	return problems
}

func (d *documented) wrongSettings(text string) (problems []string) {
	for _, name := range setting.FindAllString(text, -1) {
		if !d.settings[name] {
			problems = append(problems, "there is no setting "+name)
		}
	}
	return problems
}

// wrongDocument returns the problems in the code spans and code blocks of a
// Markdown document.
func (d *documented) wrongDocument(text string) []string {
	problems := d.wrongText(text)
	for _, section := range strings.Split("\n"+text, "\n## ") {
		var about []*kong.Node // the section's commands
		var flags []string     // flags that no command in the same block has
		elsewhere := false     // the flags may belong to another program
		for _, block := range blocks(section) {
			var inBlock []*kong.Node
			var alone []string
			for _, code := range codes(block) {
				words := strings.Fields(code)
				problems = append(problems, d.wrongSettings(code)...)
				switch {
				case len(words) == 0:
				case strings.HasPrefix(code, "go run ./"):
					elsewhere = true
				case strings.HasPrefix(code, "--"):
					alone = append(alone, code)
				case words[0] == "purser", strings.HasPrefix(code, "go run . "), len(words) > 1 && d.group(words[0]):
					named, err := d.command(strings.Fields(strings.TrimPrefix(strings.TrimPrefix(code, "purser"), "go run . ")))
					if err != nil {
						problems = append(problems, fmt.Sprintf("%q: %v", code, err))
					}
					inBlock = append(inBlock, named...)
				}
			}
			about = append(about, inBlock...)
			if len(inBlock) > 0 { // the flags belong to these commands
				problems = append(problems, wrongFlags(inBlock, alone)...)
			} else {
				flags = append(flags, alone...)
			}
		}
		switch {
		case elsewhere:
		case len(about) > 0:
			problems = append(problems, wrongFlags(about, flags)...)
		default:
			problems = append(problems, wrongFlags(nodes(d.root), flags)...)
		}
	}
	return problems
}

// blocks returns the parts of a section in which flags belong to the commands
// named with them: paragraphs, and the rows of tables.
func blocks(section string) (all []string) {
	for _, paragraph := range strings.Split(section, "\n\n") {
		paragraph = strings.TrimSpace(paragraph)
		if strings.HasPrefix(paragraph, "|") {
			all = append(all, strings.Split(paragraph, "\n")...)
			continue
		}
		all = append(all, paragraph)
	}
	return all
}

// codes returns the code in a block: its spans, and the lines of a fenced block up
// to a remark that follows two spaces.
func codes(block string) (all []string) {
	if fenced, ok := strings.CutPrefix(block, "```"); ok {
		for _, line := range strings.Split(fenced, "\n")[1:] {
			code, _, _ := strings.Cut(strings.TrimRight(line, "`"), "  ")
			all = append(all, code)
		}
		return all
	}
	for _, m := range codeSpan.FindAllStringSubmatch(block, -1) {
		all = append(all, strings.Join(strings.Fields(m[1]), " "))
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

// undocumented returns the commands that no document has named.
func (d *documented) undocumented() (commands []string) {
	for _, n := range d.root.Leaves(true) {
		if !d.named[n] {
			commands = append(commands, n.FullPath())
		}
	}
	return commands
}

// TestDocumentationCanFail: TestDocumentation's checks find each kind of mistake.
func TestDocumentationCanFail(t *testing.T) {
	d := newDocumented(t)
	for _, tt := range []struct {
		text string
		want string // the problem; "" if the text is right
	}{
		{text: "Type `purser order show, list, cancel`, or `purser order place --line mug=2`."},
		{text: "Type `purser order\nlist --status on_hold`, then `order resolve ORDER CHOICE`."},
		{text: "```\ngo run . demo      one order\npurser up --no-ui\n```"},
		{text: "| `purser demo` | `--once` exits |\n| `purser search WORDS MORE WORDS` | `--brand` |"},
		{text: "All take `--json`. `GET /v1/orders/{order}/events`, `POST /v1/orders/ORDER/cancel`, `/v1/inbox/counts`, `GET /readyz`."},
		{text: "Set `PURSER_LISTEN=:80` and `TEMPORAL_ADDRESS`."},
		{text: "`go run ./bench orders` measures; `--at-most 3` is its own flag."},
		{text: "`make check`, `kill -9`, `order` and `image/ID` are no commands."},

		{text: "# Purser\n\n| a | b |\n|---|---|\n| `purser up` | |\n\n```\npurser api\n```"},

		{text: "`purser fly`", want: "purser has no command fly"},
		{text: "`purser order show, fly`", want: "purser order has no command fly"},
		{text: "`order fly ORDER`", want: "purser order has no command fly"},
		{text: "`purser demo fast`", want: "purser demo takes no argument fast"},
		{text: "`purser order show ORDER TWICE`", want: "purser order show takes no argument TWICE"},
		{text: "`purser order list --fast`", want: "purser order list has no flag --fast"},
		{text: "```\ngo run . fly      one order\n```", want: "purser has no command fly"},
		{text: "| `purser demo` | `--brand` |\n| `purser search WORDS` | finds |", want: "no command named beside it has the flag --brand"},
		{text: "All take `--fast`.", want: "no command named beside it has the flag --fast"},
		{text: "`GET /v1/parcels`", want: "there is no route GET /v1/parcels"},
		{text: "See `/v1/parcels`.", want: "there is no route /v1/parcels"},
		{text: "`DELETE /v1/orders/{id}`", want: "there is no route DELETE /v1/orders/{id}"},
		{text: "Set `PURSER_SPEED=9`.", want: "there is no setting PURSER_SPEED"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			got := d.wrongDocument(tt.text)
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	d.named = map[*kong.Node]bool{}
	d.wrongDocument("`purser order list`")
	if missing := d.undocumented(); slices.Contains(missing, "purser order list") || !slices.Contains(missing, "purser order show") {
		t.Errorf("undocumented: %q", missing)
	}
}
