package activities_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// beyondActivities are folders whose errors reach no activity: the packages
// that import the activities, and those that are not in the program.
var beyondActivities = []string{
	"api", "commands", "config", "docs", "drill", "e2e", "engine", "inbox", "sandbox", "scripts", "shop", "stack", "tools",
}

// neverReported are sentinels that have no row in the table of failures, each
// with the reason why it reaches no workflow.
var neverReported = map[string]string{
	"order.ErrOtherRequest":  "a refusal of the workflow or its client to a caller",
	"order.ErrInFlight":      "as above",
	"order.ErrTooLate":       "as above",
	"order.ErrChangeTooLate": "as above",
	"order.ErrClosed":        "as above",
	"order.ErrNoReturn":      "as above",
	"order.ErrNotReturnable": "as above",
	"order.ErrNotShipped":    "as above",
	"order.ErrReturnTooLate": "as above",
	"order.ErrNeedsApproval": "a result of the step that asks the order, and a refusal to a caller",
	"order.ErrBulkEmpty":     "the API selects the orders of a bulk",
	"order.ErrBulkTooBig":    "as above",
	"order.ErrBulkEnded":     "a bulk is stopped at the API",

	"order.ErrNoParcel":    "a label is downloaded from the API",
	"order.ErrNotSendable": "a refusal of the workflow to a caller",
	"order.ErrLabelFile":   "it is the cause of a *order.ProviderError",

	"catalog.ErrSettings":     "the settings of the search are set at the API",
	"inbox.ErrNotDismissible": "an event is dismissed at the API",
	"mail.ErrUnreachable":     "the mail providers' adapter makes it rejected",

	"ledger.ErrUnbalanced": "ImportSettlements passes over the settlement, and reports it",
	"ledger.ErrPeriod":     "a period is closed at the API",
	"ledger.ErrNotOver":    "as above",
	"pricing.ErrTable":     "the pricing table is read when the program starts",

	"catalog.ErrMovedOn":     "AdvanceImport reads the import again and continues from there",
	"catalog.ErrQuery":       "a shopper's search is not a step",
	"catalog.ErrUpload":      "an upload is announced to the API",
	"catalog.ErrNotUploaded": "an upload is completed at the API",
	"catalog.ErrUploadOver":  "as above",
	"catalog.ErrManyUploads": "an upload is announced to the API",
	"importfile.ErrFile":     "a file's header is read by the API, before there is an import",

	"mail.ErrToken":         "a link in a mail leads to the API",
	"mail.ErrAddress":       "a mail to a bad address is recorded as rejected",
	"mail.ErrOtherCampaign": "a campaign is created by the API",
	"mail.ErrCampaignIdle":  "a refusal of the campaign's client to a caller",
	"mail.ErrCampaignOver":  "as above",
	"mail.ErrQuota":         "the mail providers' adapter makes it throttled",
	"mail.ErrNoLimits":      "the mail providers' adapter makes it unavailable",
	"mail.ErrTooMany":       "the mail providers' adapter makes it rejected",

	"templates.ErrTemplate": "it is an order.ErrInvalid; a mail that cannot be written is recorded as rejected",
	"templates.ErrLocale":   "as above",

	"limiter.ErrLimitReached":      "a caller of the API has to wait",
	"images.ErrNoVips":             "measuring is not a step",
	"postgrestest.ErrNotInstalled": "tests are not steps",

	"sqldb.ErrClosed":        "it is an order.ErrUnavailable",
	"sqldb.ErrCursor":        "lists are read by the API",
	"sqldb.ErrRace":          "a write that fails with it is run again",
	"inbox.ErrNoItem":        "the inbox is read by the API and the relay",
	"mails.ErrNotSuppressed": "a suppression is removed by the API",
	"vault.ErrSealed":        "a secret is opened by the API",
	"ledger.ErrUnreadable":   "such a settlement is recorded as a difference",

	"guard.ErrOpen":            "adapters make it unavailable",
	"guard.ErrFull":            "as above",
	"stripe.ErrSignature":      "a webhook is received by the inbox",
	"stripe.ErrMalformed":      "as above",
	"carrier.ErrSignature":     "as above",
	"carrier.ErrMalformed":     "as above",
	"mailwebhook.ErrSignature": "as above",
	"mailwebhook.ErrMalformed": "as above",
	"sns.ErrSignature":         "as above",
	"sns.ErrMalformed":         "as above",
}

// TestEverySentinelHasARow (RES-1): an error without a row is "Internal", and
// its step is tried again for ever. So each exported sentinel has a row in the
// table of failures, or a reason.
func TestEverySentinelHasARow(t *testing.T) {
	declared, rows := sentinels(t)
	if len(declared) < 50 || len(rows) < 20 {
		t.Fatalf("found %d sentinels and %d rows: the search is broken", len(declared), len(rows))
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		_, excepted := neverReported[name]
		switch {
		case !rows[name] && !excepted:
			t.Errorf("%s has no row in the table of failures, and neverReported gives no reason", name)
		case rows[name] && excepted:
			t.Errorf("%s has a row in the table of failures, but neverReported lists it", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(neverReported)) {
		if !declared[name] {
			t.Errorf("%s is excepted, but does not exist", name)
		}
	}
}

// sentinels reads the module's source and returns the exported sentinels that
// it declares, and those that have a row in the table of failures.
func sentinels(t *testing.T) (declared, rows map[string]bool) {
	declared, rows = map[string]bool{}, map[string]bool{}
	const root = ".."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && (slices.Contains(beyondActivities, inside) || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && inside != "."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for name, value := range variables(file) {
			if strings.HasPrefix(name, "Err") {
				declared[file.Name.Name+"."+name] = true
			}
			if name == "failures" && file.Name.Name == "activities" {
				addRows(rows, value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return declared, rows
}

// variables returns a file's package-level variables and their values.
func variables(file *ast.File) map[string]ast.Expr {
	found := map[string]ast.Expr{}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			for i, name := range v.Names {
				found[name.Name] = nil
				if i < len(v.Values) {
					found[name.Name] = v.Values[i]
				}
			}
		}
	}
	return found
}

// addRows adds the first column of the table, such as "order.ErrInvalid".
func addRows(rows map[string]bool, table ast.Expr) {
	lines, ok := table.(*ast.CompositeLit)
	if !ok {
		return
	}
	for _, line := range lines.Elts {
		row, ok := line.(*ast.CompositeLit)
		if !ok || len(row.Elts) == 0 {
			continue
		}
		if s, ok := row.Elts[0].(*ast.SelectorExpr); ok {
			if of, ok := s.X.(*ast.Ident); ok {
				rows[of.Name+"."+s.Sel.Name] = true
			}
		}
	}
}
