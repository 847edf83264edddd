package commands

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"purser/api"
	"purser/api/bulks"
	"purser/api/campaigns"
	"purser/api/cases"
	"purser/api/httpkit"
	"purser/api/images"
	"purser/api/imports"
	"purser/api/inbox"
	"purser/api/ledger"
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
	settings map[string]bool // environment variables; NO_COLOR is no flag's
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
	d := &documented{root: parser.Model.Node, settings: map[string]bool{"NO_COLOR": true}, routes: map[string]bool{}, named: map[*kong.Node]bool{}}
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
		Ledger:   &ledger.Service{},
		Bulks:    &bulks.Service{},
		Products: &products.Service{Workflows: struct{ products.Workflows }{}}, Imports: &imports.Service{}, Images: &images.Service{}, Search: &search.Service{Settings: struct{ search.Settings }{}},
		Mails: &mails.Service{Records: struct{ mails.Records }{}}, Cases: &cases.Service{}, Campaigns: &campaigns.Service{Workflows: struct{ campaigns.Workflows }{}}, Preview: &mails.Preview{}, Inbox: &inbox.Service{Redeliver: func(context.Context, int64, string) (inboxrecords.Item, error) { return inboxrecords.Item{}, nil }, Dismiss: func(context.Context, int64, string, string) (inboxrecords.Item, error) {
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
