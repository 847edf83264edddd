package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// module is the prefix of our own import paths.
const module = "purser"

// room is a row of the house's table: what a package may import of ours.
// Whoever changes a row changes docs/decisions/003-the-house.md too.
type room struct {
	name  string   // below the module; "x/*" is any one folder in x, "" the main package
	may   []string // of ours
	tests []string // what its tests may import beside that and beside testPackages
	why   string
}

const anything = "**"

// apiSubjects are the folders of the API's operations.
var apiSubjects = []string{"api/campaigns", "api/images", "api/imports", "api/inbox", "api/mails", "api/orders", "api/products", "api/search"}

// testPackages are for the tests of every room.
var testPackages = []string{"order", "catalog", "mail", "soak", "activities/porttest", "activities/fake", "postgrestest", "sandbox", "sandbox/*"}

// recordTests are for the tests of the record's subjects: they write through the
// whole record, as the program does, and hold it to the conformance suites.
var recordTests = []string{"activities", "activities/*", "importfile", "records", "records/*"}

var architecture = []room{
	{"order", []string{"mail"}, nil, "the vocabulary knows nobody, so that everybody can speak it; an order speaks to its shopper by mail"},
	{"mail", nil, nil, "mail is sent without orders too"},
	{"mail/mime", []string{"mail"}, nil, "one way from a mail to its bytes, whichever provider carries them"},
	{"images", nil, nil, "pixels in, pixels out: where they come from and go to is not its business"},
	{"catalog", nil, nil, "products exist without orders"},
	{"importfile", []string{"catalog"}, nil, "reads rows from bytes, wherever those come from and the rows go to"},
	{"mail/templates", []string{"order", "mail"}, nil, "a letter is made of words, whoever carries it"},
	{"version", nil, nil, "a build is named once, for the command and for the API"},
	{"vault", []string{"order"}, nil, "a secret is bound to an order; where it is kept is not the vault's business"},
	{"limiter", nil, nil, "counts callers and uses by key, whatever they are"},

	{"activities", []string{"order", "catalog", "mail"}, []string{"activities/*"}, "the one table from errors to failures, for every subject's steps"},
	{"activities/orders", []string{"order", "activities"}, nil, "the ports are declared here and satisfied by shape; an import of an adapter would point the wrong way"},
	{"activities/products", []string{"order", "catalog", "activities"}, nil, "as above"},
	{"activities/imports", []string{"catalog", "order", "importfile", "activities", "activities/products"}, nil, "as above; what is imported is indexed"},
	{"activities/images", []string{"catalog", "order", "images", "activities"}, []string{"activities/products"}, "as above"},
	{"activities/mails", []string{"order", "mail", "activities"}, nil, "as above"},
	{"activities/campaigns", []string{"order", "mail", "activities", "activities/mails"}, nil, "as above; a campaign is many mails"},
	{"activities/fake", []string{"order", "mail", "catalog"}, []string{"activities/*"}, "a fake is an adapter: it satisfies the ports by shape"},
	{"activities/porttest", []string{"order", "mail", "catalog", "activities/*"}, nil, "a conformance suite speaks of the ports"},
	{"workflows", []string{"order"}, []string{"workers", "workflows/*"}, "messages, steps and queues are the same for every subject"},
	{"workflows/workflowtest", []string{"workflows"}, nil, "the test environment of every subject's workflows"},
	{"workflows/record", nil, []string{"activities", "activities/*", "engine", "importfile", "records", "starter", "workers", "workflows", "workflows/*"}, "records histories on a real engine, as a test"},
	{"workflows/*", []string{"order", "catalog", "mail", "activities", "activities/*", "workflows"}, []string{"workflows/*"}, "what happens is decided without the world: of activities only their names"},

	{"providers/guard", nil, nil, "a transport does not know what travels on it"},
	{"providers/signature", nil, nil, "a signature is made over bytes, whatever they say"},
	{"providers/*", []string{"order", "catalog", "mail", "mail/templates", "providers/guard", "mail/mime", "providers/signature"}, []string{"activities", "activities/*"}, "an adapter translates and decides nothing"},
	{"records", []string{"order", "mail", "records/*"}, recordTests, "the whole of the record: opens the database and puts the subjects together"},
	{"records/sqldb", []string{"order"}, nil, "connections, transactions and statements are the same whatever the tables hold; of the domain only what a closed database means to a step"},
	{"records/stock", []string{"order", "records/sqldb"}, recordTests, "an order reserves stock and a count of products respects it: both import it, so it imports neither"},
	{"records/orders", []string{"order", "mail", "records/sqldb", "records/stock"}, recordTests, "an order and its stock are written in one transaction; a campaign's audience is chosen among orders"},
	{"records/images", []string{"catalog", "records/sqldb"}, recordTests, "an image has a record of its own, whether or not its product shows it"},
	{"records/products", []string{"catalog", "order", "records/images", "records/sqldb", "records/stock"}, recordTests, "a product is written together with its stock and its images; prices are in order's currencies"},
	{"records/imports", []string{"catalog", "records/products", "records/sqldb"}, recordTests, "rows of a file become products in the transaction that says how far it has come"},
	{"records/audit", []string{"records/sqldb"}, recordTests, "mails and campaigns both record who decided, so the audit imports neither"},
	{"records/campaigns", []string{"mail", "records/audit", "records/sqldb"}, recordTests, "campaigns are recorded without the ledger of their mails"},
	{"records/mails", []string{"mail", "order", "records/audit", "records/campaigns", "records/sqldb"}, recordTests, "feedback resolves a mail in the ledger and its recipient in the campaign in one transaction"},
	{"records/inbox", []string{"order", "records/sqldb"}, recordTests, "keeps what providers reported, whatever it means"},
	{"records/recordstest", []string{"catalog", "order", "records", "records/sqldb", "postgrestest"}, nil, "opens the record for the tests of all subjects, on both databases"},

	{"inbox", []string{"order", "mail", "limiter", "records/inbox"}, []string{"records"}, "keeps and relays; whoever reads signatures or knows Temporal is handed in"},
	{"starter", []string{"order", "mail", "catalog", "activities", "activities/*", "workflows", "workflows/*"}, []string{"engine", "workers"}, "the typed client: the workflows' messages, the activities' failure names"},
	{"workers", []string{"activities/*", "workflows", "workflows/*"}, []string{"engine"}, "says what runs where"},
	{"api", append([]string{"order", "catalog", "api/httpkit"}, apiSubjects...), []string{"api/apitest", "inbox", "records", "records/*"}, "puts the subjects' operations together and adds nothing but their document and the health checks"},
	{"api/httpkit", []string{"order", "catalog", "limiter"}, nil, "what all operations share knows no subject: of the domain only an order's id, and the errors it tells as problems"},
	{"api/apitest", append([]string{"order", "catalog", "mail", "records", "records/*", "activities/fake", "api", "api/httpkit"}, apiSubjects...), nil, "tests of all subjects want the same API over a real record; it is part of no program"},
	{"api/*", []string{"order", "catalog", "importfile", "mail", "mail/templates", "records/*", "inbox", "api/httpkit"}, []string{"api", "api/apitest", "records", "activities/*", "starter", "workflows/*"}, "HTTP in, typed messages out: a subject's operations know no other subject, hold no business rule, and are handed the sender"},
	{"shop", []string{"order", "mail", "catalog"}, nil, "the other side of the API: it may know only what a customer knows"},

	{"engine", nil, nil, "Temporal in this process, whatever it runs"},
	{"sandbox", []string{"order", "catalog", "mail", "sandbox/*"}, nil, "the stand-ins know the wire, not our adapters: else they would share their mistakes"},
	{"sandbox/*", []string{"order", "catalog", "mail", "sandbox/*"}, nil, "as above"},

	{"postgrestest", nil, nil, "starts a Postgres for tests and benchmarks; what they keep in it is their business"},
	{"soak", nil, nil, "says how long the tests of every package run"},
	{"bench", []string{"bench/*"}, nil, "a program of its own, so that measuring is not in the shipped binary"},
	{"bench/*", []string{anything}, nil, "measures the whole"},
	{"e2e", []string{anything}, nil, "proves the whole"},
	{"config", []string{"api/httpkit", "mail/templates", "mail", "providers/s3", "providers/smtp", "providers/sns", "records/mails", "vault", "workflows/*"}, nil, "read once; a setting is refused by the room that uses it"},
	{"stack", []string{anything}, nil, "wires everything"},
	{"commands", []string{"catalog", "config", "mail", "order", "shop", "stack", "version"}, []string{"api", "api/*", "records/inbox"}, "a command starts a stack, or calls one as a shop would"},
	{"", []string{"commands"}, nil, "hands over"},
}

// foreign is an import from outside that only some rooms may have.
type foreign struct {
	prefix string
	rooms  []string
	tests  bool // the rule is for tests too
	why    string
}

var foreigners = []foreign{
	{"go.temporal.io/server", []string{"engine"}, true, "the build without the server (-tags lean) leaves it out in one place"},
	{"github.com/temporalio/ui-server", []string{"engine"}, true, "as above"},
	{"go.temporal.io/sdk", []string{"activities", "activities/*", "workflows", "workflows/*", "workers", "starter", "engine", "bench/*", "e2e", "stack"}, false, "the others would not notice if the engine were another"},
	{"database/sql", []string{"records", "records/*", "engine", "bench/*", "e2e", "sandbox/*"}, false, "there is one record, and one room that writes it"},
	{"github.com/stripe/stripe-go", []string{"providers/stripe", "sandbox/stripe"}, false, "one adapter per party"},
	{"testing", []string{"activities/porttest", "api/apitest", "workflows/workflowtest", "records/recordstest", "e2e", "postgrestest"}, false, "test code has no place in the program; the conformance suites and test helpers are test code"},
}

// pkg is what go list says about a package.
type pkg struct {
	ImportPath   string
	Dir          string
	Name         string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// room is the package's place in the house.
func (p pkg) room() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

func TestArchImports(t *testing.T) {
	for _, tags := range []string{"", "lean"} {
		for _, problem := range wrongImports(architecture, foreigners, listPackages(t, tags)) {
			t.Errorf("tags %q: %s", tags, problem)
		}
	}
}

// wrongImports holds every package against the table.
func wrongImports(rules []room, outside []foreign, pkgs []pkg) []string {
	var problems []string
	for _, p := range pkgs {
		r, ok := find(rules, p.room())
		if !ok {
			problems = append(problems, p.ImportPath+" has no row in the house's table: see docs/decisions/003-the-house.md")
			continue
		}
		inTests := slices.Concat(r.may, testPackages, r.tests, []string{p.room()})
		for _, i := range slices.Sorted(maps.Keys(set(p.Imports))) {
			problems = append(problems, wrongImport(p, r.may, r.why, i)...)
			problems = append(problems, wrongForeigner(outside, p, i, false)...)
		}
		for _, i := range slices.Sorted(maps.Keys(set(p.TestImports, p.XTestImports))) {
			problems = append(problems, wrongImport(p, inTests, "tests: "+r.why, i)...)
			problems = append(problems, wrongForeigner(outside, p, i, true)...)
		}
	}
	return problems
}

func wrongImport(p pkg, may []string, why, imported string) []string {
	ours := imported == module || strings.HasPrefix(imported, module+"/")
	if !ours || matches(may, pkg{ImportPath: imported}.room()) {
		return nil
	}
	return []string{fmt.Sprintf("%s may not import %s: %s", p.ImportPath, imported, why)}
}

func wrongForeigner(outside []foreign, p pkg, imported string, inTest bool) []string {
	for _, f := range outside {
		is := imported == f.prefix || strings.HasPrefix(imported, f.prefix+"/")
		if is && (!inTest || f.tests) && !matches(f.rooms, p.room()) {
			return []string{fmt.Sprintf("%s may not import %s: %s", p.ImportPath, imported, f.why)}
		}
	}
	return nil
}

// find returns the row of a room: its own before that of its folder.
func find(rules []room, name string) (room, bool) {
	i := slices.IndexFunc(rules, func(r room) bool { return r.name == name })
	if i < 0 {
		i = slices.IndexFunc(rules, func(r room) bool { return matches([]string{r.name}, name) })
	}
	if i < 0 {
		return room{}, false
	}
	return rules[i], true
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, name) // "*" stops at a slash
		return pattern == anything || ok && err == nil
	})
}

func set(lists ...[]string) map[string]bool {
	m := map[string]bool{}
	for _, l := range lists {
		for _, s := range l {
			m[s] = true
		}
	}
	return m
}

// listPackages asks the go command for all packages of the module.
func listPackages(t *testing.T, tags string) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-tags="+tags, "-json=ImportPath,Dir,Name,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
	if len(all) < 2 {
		t.Fatalf("go list found %d packages: run this in the module's root", len(all))
	}
	return all
}

// The checks themselves are checked: one that cannot fail is none.

func TestArchImportsCanFail(t *testing.T) {
	imports := func(p string, i ...string) pkg { return pkg{ImportPath: p, Imports: i} }
	for _, tt := range []struct {
		p   pkg
		red bool
	}{
		{imports("purser/order", "time", "github.com/some/thing"), false},
		{imports("purser/order", "purser/catalog"), true},
		{imports("purser/catalog", "purser/order"), true},
		{imports("purser/workflows/orders", "purser/activities/orders"), false},
		{imports("purser/workflows", "purser/activities/fake"), true},
		{imports("purser/workflows", "purser/records"), true},
		{imports("purser/activities", "purser/providers/stripe"), true},
		{imports("purser/providers/stripe", "purser/providers/guard", "purser/mail/templates"), false},
		{imports("purser/providers/stripe", "purser/providers/ses"), true},
		{imports("purser/providers/guard", "purser/order"), true},
		{imports("purser/providers/stripe", "purser/activities"), true},
		{pkg{ImportPath: "purser/providers/stripe", XTestImports: []string{"purser/activities/porttest", "purser/sandbox/stripe", "purser/providers/stripe"}}, false},
		{pkg{ImportPath: "purser/order", TestImports: []string{"purser/workflows"}}, true},
		{imports("purser/engine", "purser/order"), true},
		{imports("purser/sandbox/stripe", "purser/sandbox/faults"), false},
		{imports("purser/sandbox/stripe", "purser/providers/stripe"), true},
		{imports("purser/api", "purser/starter"), true},
		{imports("purser/api/orders", "purser/api/httpkit"), false},
		{imports("purser/api/orders", "purser/api/mails"), true},
		{imports("purser/api/orders", "purser/starter"), true},
		{imports("purser/api/httpkit", "purser/api/orders"), true},
		{imports("purser/shop", "purser"), true},
		{imports("purser", "purser/commands"), false},
		{imports("purser", "purser/api"), true},
		{imports("purser/stack", "purser/engine", "purser/api"), false},
		{imports("purser/records", "purser/postgrestest"), true},
		{pkg{ImportPath: "purser/records", XTestImports: []string{"purser/postgrestest"}}, false},
		{imports("purser/commands", "purser/starter"), true},
		{imports("purser/util"), true}, // no such room
		{imports("purser/sandbox/stripe/deep"), true},
		{imports("purser/records", "go.temporal.io/sdk/client"), true},
		{imports("purser/records", "purser/records/orders"), false},
		{imports("purser/records/orders", "purser/records/stock", "database/sql"), false},
		{imports("purser/records/orders", "purser/records/mails"), true},
		{imports("purser/records/stock", "purser/records"), true},
		{pkg{ImportPath: "purser/records/stock", XTestImports: []string{"purser/records", "purser/records/recordstest"}}, false},
		{imports("purser/workers", "go.temporal.io/sdk/worker"), false},
		{imports("purser/bench/orders", "go.temporal.io/server/temporal"), true},
		{imports("purser", "purser/bench/orders"), true},
		{pkg{ImportPath: "purser/starter", TestImports: []string{"go.temporal.io/server/temporaltest"}}, true},
		{imports("purser/api", "database/sql"), true},
		{imports("purser/inbox", "testing"), true},
		{pkg{ImportPath: "purser/inbox", TestImports: []string{"testing"}}, false},
	} {
		if got := wrongImports(architecture, foreigners, []pkg{tt.p}); (len(got) > 0) != tt.red {
			t.Errorf("%+v: got %q, want a problem: %t", tt.p, got, tt.red)
		}
	}
}

func TestArchTableHasReasons(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range architecture {
		if r.why == "" || seen[r.name] {
			t.Errorf("row %q has no reason or comes twice", r.name)
		}
		seen[r.name] = true
	}
	for _, f := range foreigners {
		if f.why == "" {
			t.Errorf("rule for %s has no reason", f.prefix)
		}
	}
}
