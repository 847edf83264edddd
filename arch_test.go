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

// packageRule says what a package may import of this module. The table in
// docs/architecture.md shows the same rules; arch_docs_test.go compares the two.
type packageRule struct {
	path  string   // below the module; "x/*" is any one folder in x, "" the main package
	may   []string // packages of this module
	tests []string // what its tests may import in addition to may and testPackages
	why   string
}

const anything = "**"

// apiSubjects are the folders of the API's operations.
var apiSubjects = []string{"api/bulks", "api/campaigns", "api/cases", "api/images", "api/imports", "api/inbox", "api/ledger", "api/mails", "api/orders", "api/products", "api/search"}

// testPackages may be imported by the tests of every package.
var testPackages = []string{"order", "catalog", "ledger", "mail", "text", "soak", "activities/porttest", "activities/fake", "postgrestest", "sandbox", "sandbox/*"}

// recordTests may be imported by the tests of the record's subjects, which write
// through the whole record, as the program does, and run the conformance suites.
var recordTests = []string{"activities", "activities/*", "importfile", "records", "records/*"}

var architecture = []packageRule{
	{path: "order", may: []string{"mail", "text"}, why: "the vocabulary imports nothing but mail and text, so that every package can use it; an order's events name its mails"},
	{path: "mail", may: []string{"text"}, why: "mails exist without orders"},
	{path: "pricing", may: []string{"order", "text"}, why: "what an order costs follows from the request, the catalogue's prices and the rules; where they come from is the caller's business"},
	{path: "mail/mime", may: []string{"mail"}, why: "every provider sends the same bytes for a mail, so they are built in one place"},
	{path: "ledger", may: []string{"order"}, why: "the books are kept about orders; what is booked does not depend on where it is written"},
	{path: "images", why: "it turns bytes into pixels and back; where they are stored is the caller's business"},
	{path: "catalog", may: []string{"order", "text"}, why: "products exist without orders; of them they need only money, whose limits a price has"},
	{path: "text", why: "one check and one encoding of callers' texts serve every package"},
	{path: "importfile", may: []string{"catalog", "order", "text"}, why: "it reads rows from bytes; where the bytes come from and where the rows go is the caller's business"},
	{path: "mail/templates", may: []string{"order", "mail"}, why: "the text of a mail does not depend on the provider that sends it"},
	{path: "cli", why: "how a program starts, reads its arguments and ends does not depend on what it does"},
	{path: "version", why: "the command and the API report the same version"},
	{path: "vault", may: []string{"order"}, why: "a secret is bound to an order; where the sealed secret is kept is the caller's business"},
	{path: "limiter", why: "it counts callers and uses by key, and gives up bodies that stop coming; what a key stands for is the caller's business"},

	{path: "activities", may: []string{"order", "catalog", "mail"}, tests: []string{"activities/*"}, why: "one table turns errors into failures for the activities of all subjects"},
	{path: "activities/orders", may: []string{"order", "catalog", "activities"}, why: "the ports are declared here and adapters satisfy them by shape; the files of labels are objects of the store; importing an adapter would reverse the dependency"},
	{path: "activities/products", may: []string{"order", "catalog", "activities"}, why: "the ports are declared here and adapters satisfy them by shape"},
	{path: "activities/bulks", may: []string{"mail", "order", "activities"}, why: "the ports are declared here and adapters satisfy them by shape; an order is asked by a message to its workflow"},
	{path: "activities/imports", may: []string{"catalog", "order", "importfile", "activities", "activities/products"}, why: "the ports are declared here and adapters satisfy them by shape; imported products are indexed by the products' activities"},
	{path: "activities/images", may: []string{"catalog", "order", "images", "activities"}, tests: []string{"activities/products"}, why: "the ports are declared here and adapters satisfy them by shape"},
	{path: "activities/mails", may: []string{"order", "mail", "activities"}, why: "the ports are declared here and adapters satisfy them by shape"},
	{path: "activities/campaigns", may: []string{"order", "mail", "activities", "activities/mails"}, why: "the ports are declared here and adapters satisfy them by shape; a campaign sends many mails"},
	{path: "activities/cases", may: []string{"order", "ledger", "mail", "activities"}, tests: []string{"activities/mails", "records", "records/*"}, why: "the ports are declared here and adapters satisfy them by shape; the shop is told by mail"},
	{path: "activities/unattended", may: []string{"order", "activities"}, tests: []string{"records", "records/*"}, why: "it needs of an order only whether it is open or has a refund to be made or a return to be attended, and of the engine only whether a workflow attends it"},
	{path: "activities/ledger", may: []string{"order", "ledger", "mail", "activities"}, tests: []string{"activities/mails", "records", "records/*", "workflows", "workflows/*", "providers/*", "workers"}, why: "the ports are declared here and adapters satisfy them by shape; a person is asked by mail"},
	{path: "activities/inbox", may: []string{"order", "activities"}, tests: []string{"inbox", "records", "records/*", "workflows", "workflows/*", "providers/*"}, why: "the ports are declared here and adapters satisfy them by shape"},
	{path: "activities/fake", may: []string{"order", "mail", "catalog", "pricing"}, tests: []string{"activities/*"}, why: "a fake is an adapter, so it satisfies the ports by shape"},
	{path: "activities/porttest", may: []string{"order", "mail", "catalog", "activities/*"}, why: "a conformance suite tests the ports"},
	{path: "workflows", may: []string{"order"}, tests: []string{"workers", "workflows/*"}, why: "messages, local and remote steps and task queues are the same for all subjects"},
	{path: "workflows/workflowtest", may: []string{"workflows"}, why: "the workflows of all subjects are tested in the same environment"},
	{path: "workflows/record", tests: []string{"activities", "activities/*", "engine", "examples/*", "importfile", "records", "starter", "workers", "workflows", "workflows/*"}, why: "it has only a test, which records histories on a real engine"},
	{path: "workflows/*", may: []string{"order", "catalog", "ledger", "mail", "text", "activities", "activities/*", "workflows"}, tests: []string{"workflows/*"}, why: "workflows decide without I/O; they use of the activities only names, arguments and results"},

	{path: "providers/guard", why: "a transport does not depend on what it transports"},
	{path: "providers/signature", why: "a signature covers bytes, whatever they mean"},
	{path: "providers/*", may: []string{"order", "catalog", "mail", "mail/templates", "providers/guard", "mail/mime", "providers/signature", "ledger"}, tests: []string{"activities", "activities/*"}, why: "an adapter translates and decides nothing"},
	{path: "records", may: []string{"order", "mail", "records/*"}, tests: recordTests, why: "it opens the database and joins the subjects to one record"},
	{path: "records/sqldb", may: []string{"order"}, why: "connections, transactions and statements do not depend on the tables; of the domain it needs only the error for a closed database"},
	{path: "records/stock", may: []string{"order", "records/sqldb"}, tests: recordTests, why: "orders reserve stock and products count it: both import this package, so it imports neither"},
	{path: "records/cases", may: []string{"order", "records/sqldb"}, tests: recordTests, why: "a case is recorded whatever it is about; only its id is in the document of its order"},
	{path: "records/ledger", may: []string{"ledger", "order", "records/sqldb"}, tests: recordTests, why: "orders book their entries through it, so it does not import them"},
	{path: "records/orders", may: []string{"ledger", "order", "mail", "records/inbox", "records/ledger", "records/sqldb", "records/stock", "pricing"}, tests: recordTests, why: "an order, its entries in the ledger and its stock are written in one transaction, in which events about a payment that was not known become due; the audience of a campaign is selected among orders"},
	{path: "records/images", may: []string{"catalog", "records/sqldb"}, tests: recordTests, why: "an image has a record of its own, whether or not its product shows it"},
	{path: "records/products", may: []string{"catalog", "order", "records/images", "records/sqldb", "records/stock"}, tests: recordTests, why: "a product is written together with its stock and its images; prices are in the currencies of order"},
	{path: "records/bulks", may: []string{"order", "records/sqldb"}, tests: recordTests, why: "a bulk is recorded without its orders, which only their workflows write"},
	{path: "records/imports", may: []string{"catalog", "records/products", "records/sqldb"}, tests: recordTests, why: "the rows of a file become products in the transaction that records the progress of the import"},
	{path: "records/audit", may: []string{"records/sqldb"}, tests: recordTests, why: "mails and campaigns both record who decided, so the audit imports neither"},
	{path: "records/campaigns", may: []string{"mail", "records/audit", "records/sqldb"}, tests: recordTests, why: "campaigns are recorded without the ledger of their mails"},
	{path: "records/mails", may: []string{"mail", "order", "records/audit", "records/campaigns", "records/sqldb"}, tests: recordTests, why: "feedback resolves a mail in the ledger and its recipient in the campaign in one transaction"},
	{path: "records/inbox", may: []string{"order", "records/sqldb"}, tests: recordTests, why: "it keeps the webhooks of providers, whatever they mean"},
	{path: "records/recordstest", may: []string{"catalog", "order", "records", "records/sqldb", "postgrestest"}, why: "it opens the record for the tests of all subjects, on both databases"},

	{path: "inbox", may: []string{"order", "mail", "limiter", "records/inbox"}, tests: []string{"records"}, why: "it keeps webhooks and relays them; signature checks and the Temporal client are passed in"},
	{path: "starter", may: []string{"order", "mail", "catalog", "ledger", "text", "activities", "activities/*", "workflows", "workflows/*"}, tests: []string{"engine", "workers"}, why: "the typed client needs the messages of the workflows and the failure names of the activities"},
	{path: "workers", may: []string{"activities/*", "workflows", "workflows/*"}, tests: []string{"engine"}, why: "it registers workflows and activities on their task queues"},
	{path: "api", may: append([]string{"order", "catalog", "api/httpkit"}, apiSubjects...), tests: []string{"api/apitest", "inbox", "records", "records/*"}, why: "it joins the operations of the subjects and adds only the OpenAPI document and the health checks"},
	{path: "api/httpkit", may: []string{"order", "catalog", "limiter", "text"}, why: "what all operations share depends on no subject; of the domain it needs an order's id and the errors that become problems"},
	{path: "api/apitest", may: append([]string{"order", "catalog", "mail", "records", "records/*", "activities/fake", "api", "api/httpkit"}, apiSubjects...), why: "the tests of all subjects need the same API over a real record; it is part of no program"},
	{path: "api/*", may: []string{"order", "catalog", "importfile", "mail", "mail/templates", "records/*", "inbox", "api/httpkit", "ledger", "pricing"}, tests: []string{"api", "api/apitest", "records", "activities/*", "starter", "workflows/*", "providers/shopprices"}, why: "a subject's operations know no other subject and hold no business rule; the client of the workflows is passed in"},
	{path: "shop", may: []string{"order", "mail", "catalog", "ledger"}, tests: []string{"api/orders"}, why: "a customer of the API may know only what a customer knows"},

	{path: "engine", why: "it runs Temporal in this process, whatever the workflows do"},
	{path: "sandbox", may: []string{"order", "catalog", "mail", "sandbox/*"}, why: "a stand-in implements the provider's protocol and not our adapter, otherwise both would share their mistakes"},
	{path: "sandbox/*", may: []string{"order", "catalog", "mail", "sandbox/*"}, why: "a stand-in implements the provider's protocol and not our adapter, otherwise both would share their mistakes"},

	{path: "postgrestest", why: "it starts Postgres for tests and benchmarks, whatever they store"},
	{path: "soak", why: "it decides for the tests of every package whether they run at full length"},
	{path: "bench", may: []string{"bench/*", "cli"}, why: "measuring is a program of its own, so that it is not in the shipped binary"},
	{path: "bench/*", may: []string{anything}, why: "a benchmark measures the whole"},
	{path: "drill", may: []string{"drill/*", "cli"}, why: "breaking the shop on purpose is a program of its own, so that it is not in the shipped binary"},
	{path: "drill/audit", why: "an auditor that shared code with the program would share its mistakes"},
	{path: "drill/process", may: []string{"commands", "config", "engine", "stack"}, why: "a process that can be killed is the whole stack or a part of a cluster, and knows nothing of what is done to it"},
	{path: "drill/shoppers", may: []string{"order", "shop", "stack"}, why: "shoppers and operators know only what the API shows"},
	{path: "drill/*", may: []string{"drill/*", "order", "postgrestest", "sandbox/faults", "shop", "stack"}, why: "a drill disturbs the whole from outside"},
	{path: "examples/*", may: []string{"activities", "order", "workflows", "workflows/orders"}, tests: []string{"activities/*", "engine", "starter", "workers", "workflows/workflowtest"}, why: "an example shows what a shop adds, and is not in the shipped binary"},
	{path: "e2e", may: []string{anything}, why: "end-to-end tests prove the whole"},
	{path: "config", may: []string{"api/httpkit", "mail/templates", "mail", "pricing", "providers/s3", "providers/smtp", "providers/sns", "records/mails", "vault", "workflows/*"}, why: "settings are read once, and each is checked by the package that uses it"},
	{path: "stack", may: []string{anything}, why: "it wires everything"},
	{path: "stack/check", may: []string{"cli", "config", "engine", "mail", "order", "stack"}, tests: []string{"api", "providers/*", "records", "records/*", "sandbox/*", "workflows"}, why: "it judges what the stack finds when it reaches a role's parts, and has no client of its own"},
	{path: "commands/terminal", why: "how a table or a bar is drawn does not depend on what it shows"},
	{path: "commands", may: []string{"catalog", "cli", "commands/terminal", "config", "mail", "order", "shop", "stack", "stack/check", "version", "ledger"}, tests: []string{"api", "api/*", "records/inbox"}, why: "a command starts a stack, or calls a running one as a shop does"},
	{path: "", may: []string{"cli", "commands"}, why: "the main package only calls commands"},
}

// foreign is an import from another module that only some packages may have.
type foreign struct {
	prefix string
	only   []string // the packages that may import it
	tests  bool     // the rule applies to tests too
	why    string
}

var foreigners = []foreign{
	{"go.temporal.io/server", []string{"engine"}, true, "the build without the server (-tags lean) leaves it out in one place"},
	{"github.com/temporalio/ui-server", []string{"engine"}, true, "the build without the server (-tags lean) leaves its UI out in the same place"},
	{"go.temporal.io/sdk", []string{"activities", "activities/*", "workflows", "workflows/*", "workers", "starter", "engine", "bench/*", "drill/audit", "e2e", "examples/*", "stack"}, false, "the other packages do not depend on the engine's SDK"},
	{"database/sql", []string{"records", "records/*", "engine", "bench/*", "drill/audit", "drill/plant", "e2e", "sandbox/*"}, false, "there is one record, and only its packages write it"},
	{"github.com/stripe/stripe-go", []string{"providers/stripe", "sandbox/stripe"}, false, "there is one adapter per provider"},
	{"testing", []string{"activities/porttest", "api/apitest", "workflows/workflowtest", "records/recordstest", "e2e", "postgrestest"}, false, "conformance suites and test helpers are test code, which is not part of the program"},
}

// pkg is what go list reports about a package.
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

// path returns the import path below the module, "" for the main package.
func (p pkg) path() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

func TestArchImports(t *testing.T) {
	for _, tags := range []string{"", "lean"} {
		for _, problem := range wrongImports(architecture, foreigners, listPackages(t, tags)) {
			t.Errorf("tags %q: %s", tags, problem)
		}
	}
}

func TestArchRulesHavePackages(t *testing.T) {
	for _, r := range rulesWithout(architecture, listPackages(t, "")) {
		t.Errorf("row %q matches no package", r)
	}
	if got := rulesWithout(architecture[:2], []pkg{{ImportPath: module + "/order"}}); !slices.Equal(got, []string{"mail"}) {
		t.Errorf("rows without a package: got %q, want only mail", got)
	}
}

// rulesWithout returns the rules that apply to none of the packages.
func rulesWithout(rules []packageRule, pkgs []pkg) (unused []string) {
	used := map[string]bool{}
	for _, p := range pkgs {
		r, _ := find(rules, p.path())
		used[r.path] = true
	}
	for _, r := range rules {
		if !used[r.path] {
			unused = append(unused, r.path)
		}
	}
	return unused
}

// wrongImports compares the imports of every package with the rules.
func wrongImports(rules []packageRule, outside []foreign, pkgs []pkg) []string {
	var problems []string
	for _, p := range pkgs {
		r, ok := find(rules, p.path())
		if !ok {
			problems = append(problems, p.ImportPath+" has no row in the table of arch_test.go: see docs/decisions/003-packages.md")
			continue
		}
		inTests := slices.Concat(r.may, testPackages, r.tests, []string{p.path()})
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
	if !ours || matches(may, pkg{ImportPath: imported}.path()) {
		return nil
	}
	return []string{fmt.Sprintf("%s may not import %s: %s", p.ImportPath, imported, why)}
}

func wrongForeigner(outside []foreign, p pkg, imported string, inTest bool) []string {
	for _, f := range outside {
		is := imported == f.prefix || strings.HasPrefix(imported, f.prefix+"/")
		if is && (!inTest || f.tests) && !matches(f.only, p.path()) {
			return []string{fmt.Sprintf("%s may not import %s: %s", p.ImportPath, imported, f.why)}
		}
	}
	return nil
}

// find returns the rule of a package: the one that names it before one with a pattern.
func find(rules []packageRule, name string) (packageRule, bool) {
	i := slices.IndexFunc(rules, func(r packageRule) bool { return r.path == name })
	if i < 0 {
		i = slices.IndexFunc(rules, func(r packageRule) bool { return matches([]string{r.path}, name) })
	}
	if i < 0 {
		return packageRule{}, false
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

// listPackages returns all packages of the module, as go list reports them.
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

// The checks are tested themselves, because a check that cannot fail proves nothing.

func TestArchImportsCanFail(t *testing.T) {
	imports := func(p string, i ...string) pkg { return pkg{ImportPath: p, Imports: i} }
	for _, tt := range []struct {
		p   pkg
		red bool
	}{
		{imports("purser/order", "time", "github.com/some/thing"), false},
		{imports("purser/order", "purser/catalog"), true},
		{imports("purser/catalog", "purser/mail"), true},
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
		{imports("purser/util"), true}, // has no row
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
		{imports("purser/drill/audit", "purser/workflows/orders"), true},
		{imports("purser/drill/audit", "purser/activities"), true},
		{imports("purser/drill/audit", "purser/order"), true},
		{imports("purser/drill/audit", "database/sql", "go.temporal.io/sdk/client"), false},
		{imports("purser/drill/shoppers", "purser/records"), true},
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
		if r.why == "" || seen[r.path] {
			t.Errorf("row %q has no reason or comes twice", r.path)
		}
		seen[r.path] = true
	}
	for _, f := range foreigners {
		if f.why == "" {
			t.Errorf("rule for %s has no reason", f.prefix)
		}
	}
}
