package audit

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ofCases is the visibility query for the workflows of cases that run.
const ofCases = "WorkflowType = 'CaseWorkflow' AND ExecutionStatus = 'Running'"

// watchedCases returns the cases whose workflow runs, by their ids.
func watchedCases(ctx context.Context, temporal string) (map[string]bool, error) {
	running, err := workflows(ctx, temporal, ofCases)
	all := map[string]bool{}
	for _, w := range running {
		all[w.order] = true // the second part of its ID, which is the case's here
	}
	return all, err
}

// matters returns, for each matter of an order that a person must decide, whether a case
// is about it.
func (o orderRow) matters() (all []func(caseRow) bool) {
	if h := o.doc.Hold; h != nil {
		all = append(all, func(c caseRow) bool { return c.kind == "hold_"+h.Kind })
	}
	for _, m := range o.doc.Attention {
		all = append(all, func(c caseRow) bool { return !strings.HasPrefix(c.kind, "hold_") && c.about == m.About })
	}
	return all
}

// countCase counts a case by its kind and by how it was decided.
func (a *audit) countCase(c caseRow) {
	if a.report.Cases[c.kind] == nil {
		a.report.Cases[c.kind] = map[string]int{}
	}
	a.report.Cases[c.kind][c.choice]++
}

// countCases counts the open cases of an order that has ended which are about nothing that
// a person must decide, the matters that do not have exactly one open case, and the cases
// whose workflow does not agree with the record.
func (a *audit) countCases(o orderRow) {
	of := o.matters()
	found := make([]int, len(of))
	for _, c := range a.cases[o.id] {
		a.countCase(c)
		if open := c.status == "open"; open != a.watched[c.id] {
			a.endedWrong(CasesOpen, o.id, fmt.Sprintf("has case %s, which is %s, and whose workflow runs: %t", c.id, c.status, a.watched[c.id]))
			continue
		}
		if c.status != "open" {
			continue
		}
		about := false
		for i, is := range of {
			if is(c) {
				about = true
				found[i]++
			}
		}
		if !about && final(o.status) {
			a.endedWrong(CasesOpen, o.id, fmt.Sprintf("is %s, and its case %s (%s) is open", o.status, c.id, c.kind))
		}
	}
	for _, n := range found {
		if n != 1 {
			a.endedWrong(CasesOpen, o.id, fmt.Sprintf("has a matter that a person must decide, with %d open cases", n))
		}
	}
}

// countOtherCases counts the open cases that belong to no order and whose matter is over:
// the differences are resolved, or the event was delivered.
func (a *audit) countOtherCases(ctx context.Context) error {
	open := map[string]int{} // matters that are not over, by kind of case
	for kind, query := range map[string]string{
		"ledger_difference": "SELECT COUNT(*) FROM ledger_differences WHERE resolved_at = 0",
		"undelivered_event": "SELECT COUNT(*) FROM inbox WHERE next_at > 0",
	} {
		err := each(ctx, a.db, query, nil, func(row *sql.Rows) error {
			var n int
			err := row.Scan(&n)
			open[kind] = n
			return err
		})
		if err != nil {
			return fmt.Errorf("audit: read the matters of cases: %w", err)
		}
	}
	return each(ctx, a.db, "SELECT order_id, id, kind, status, opened_at, doc FROM cases WHERE order_id = '' ORDER BY id", nil, func(row *sql.Rows) error {
		_, c, err := scanCase(row)
		if a.countCase(c); err == nil && c.status == "open" && open[c.kind] == 0 {
			a.broke(CasesOpen, fmt.Sprintf("case %s (%s) is open, and what it is about is over", c.id, c.kind))
		}
		return err
	})
}

// unsettledCases returns the open cases of orders that need nobody, which are about to be
// closed, and the closed ones whose workflow has not ended yet.
func (a *audit) unsettledCases(ctx context.Context) (all []string, err error) {
	watched, err := watchedCases(ctx, a.Temporal)
	if err != nil {
		return nil, err
	}
	const query = `SELECT c.order_id, c.id, o.waits_for FROM cases c JOIN orders o ON o.id = c.order_id
		WHERE c.status = 'open' ORDER BY c.id`
	err = each(ctx, a.db, query, nil, func(row *sql.Rows) error {
		var order, id, waitsFor string
		err := row.Scan(&order, &id, &waitsFor)
		delete(watched, id)
		if waitsFor == "" {
			all = append(all, "case "+id+" of "+order)
		}
		return err
	})
	for _, id := range slices.Sorted(maps.Keys(watched)) {
		all = append(all, "the workflow of case "+id)
	}
	return all, err
}
