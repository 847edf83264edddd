package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.temporal.io/sdk/testsuite"

	steps "purser/activities/ledger"
	"purser/ledger"
	"purser/mail"
	"purser/order"
	"purser/workflows/workflowtest"
)

// reports has differences about which nobody was asked.
type reports struct {
	steps.Reports
	found []ledger.Difference
}

func (r reports) ClaimReport(_ context.Context, limit int) (int64, []ledger.Difference, int, error) {
	if len(r.found) == 0 {
		return 0, nil, 0, nil
	}
	return r.found[0].ID, r.found[:min(limit, len(r.found))], len(r.found), nil
}

// TestReport (REC-6): one mail asks about many differences, and names only some; where
// the shop has no address, nobody is mailed.
func TestReport(t *testing.T) {
	var found []ledger.Difference
	for i := range 700 {
		found = append(found, ledger.Difference{ID: int64(1000 - i), OrderID: order.ID(fmt.Sprintf("ord_%d", i)), Account: ledger.Captured, Currency: "JPY", Record: 5})
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(workflowtest.Quiet())
	for _, c := range []struct {
		name    string
		found   []ledger.Difference
		to      string
		lines   int
		subject string
		says    string
	}{
		{name: "none", to: "shop@example.com"},
		{name: "one", found: found[:1], to: "shop@example.com", lines: 1, subject: "1 amount does not agree: please look", says: "captured: record 5 JPY, ledger 0 JPY"},
		{name: "many", found: found[:51], to: "shop@example.com", lines: 50, subject: "51 amounts do not agree: please look", says: "and 1 more"},
		{name: "very many", found: found, to: "shop@example.com", lines: 50, subject: "700 amounts do not agree: please look", says: "and 650 more"},
		{name: "no address", found: found[:2], lines: 2, subject: "2 amounts do not agree: please look"},
	} {
		env := suite.NewTestActivityEnvironment()
		a := &steps.Activities{Reports: reports{found: c.found}, ToShop: mail.Address{Email: c.to}}
		env.RegisterActivity(a)
		v, err := env.ExecuteActivity(a.PrepareReport, steps.ReportRequest{})
		var r steps.Report
		if err != nil || v.Get(&r) != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		text := r.Message.Content.Text
		if (r.ID > 0) != (len(c.found) > 0) || strings.Count(text, "Order ord_") != c.lines || r.Message.Content.Subject != c.subject || !strings.Contains(text, c.says) {
			t.Errorf("%s: report %d, %q: %s", c.name, r.ID, r.Message.Content.Subject, text)
		}
		if asks := len(r.Message.To) > 0; asks != (c.to != "" && len(c.found) > 0) {
			t.Errorf("%s: to %v", c.name, r.Message.To)
		}
		if len(c.found) > 0 && c.to != "" && r.Message.Check() != nil {
			t.Errorf("%s: %v", c.name, r.Message.Check())
		}
	}
}
