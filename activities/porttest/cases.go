package porttest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/cases"
	"purser/order"
)

// Cases checks a record of cases. open returns an empty one.
func Cases(t *testing.T, open func(t *testing.T) cases.Record) {
	for name, check := range map[string]func(*testing.T, cases.Record){
		"REC-7 a case is opened once":             opensCaseOnce,
		"REC-7 a case has what was written last":  keepsLatestCase,
		"REC-7 cases are listed, page by page":    listsCases,
		"an unknown case is not found or written": noCase,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

var caseOpened = time.Date(2026, 3, 2, 10, 0, 0, 123_000, time.UTC)

// aCase returns a case that has every field.
func aCase(id string) order.Case {
	c := order.NewCase(id, order.CaseOfHold(order.HoldPayment), caseOpened)
	c.OrderID, c.About, c.Why, c.Amount = "ord_00000000000000000000000001", "pi_1", "the amounts differ", order.Money{Amount: 2900, Currency: "EUR"}
	c.Record, c.Provider, c.Assignee = "29.00 EUR", "2.90 EUR", "key:ada"
	c.Notes = []order.CaseNote{{At: caseOpened, Who: "key:ada", Text: "called"}}
	c.Proposal = &order.CaseDecision{Choice: order.ChooseVoid, Who: "key:ada", Why: "a mistake", At: caseOpened}
	return c
}

func wantCase(t *testing.T, r cases.Record, want order.Case) {
	t.Helper()
	got, err := r.Case(t.Context(), want.ID)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func opensCaseOnce(t *testing.T, r cases.Record) {
	first, second := aCase("c-1"), aCase("c-1")
	second.Why = "another reason"
	for _, c := range []order.Case{first, second} {
		if got, err := r.OpenCase(t.Context(), c); err != nil || got.Why != first.Why {
			t.Errorf("opened %+v, %v", got, err)
		}
	}
	wantCase(t, r, first)
}

func keepsLatestCase(t *testing.T, r cases.Record) {
	c := aCase("c-1")
	if _, err := r.OpenCase(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	want := c
	for _, w := range []struct {
		fence  int64
		status order.CaseStatus
		late   bool
	}{{10, order.CaseOpen, false}, {20, order.CaseDecided, false}, {20, order.CaseOpen, true}, {15, order.CaseOpen, true}, {30, order.CaseClosed, false}, {40, order.CaseOpen, true}} {
		c.Status, c.Outcome = w.status, fmt.Sprint("write ", w.fence)
		if err := r.SaveCase(t.Context(), c, w.fence); err != nil {
			t.Fatal(err)
		}
		if !w.late {
			want = c
		}
		wantCase(t, r, want)
	}
}

func listsCases(t *testing.T, r cases.Record) {
	other := order.ID("ord_00000000000000000000000002")
	for i := range 5 {
		c := aCase(fmt.Sprintf("c-%d", i))
		c.OpenedAt = caseOpened.Add(time.Duration(i/2) * time.Hour) // pairs of equal times
		c.DueAt = c.OpenedAt.Add(24 * time.Hour)
		switch i {
		case 1:
			c.Status, c.Assignee = order.CaseDecided, ""
		case 2:
			c.Kind, c.OrderID = order.CaseDifference, ""
		case 3:
			c.OrderID, c.Assignee = other, "key:bo"
		}
		if _, err := r.OpenCase(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		f    order.CaseFilter
		want []string
	}{
		{"all", order.CaseFilter{}, []string{"c-4", "c-3", "c-2", "c-1", "c-0"}},
		{"two a page", order.CaseFilter{Limit: 2}, []string{"c-4", "c-3", "c-2", "c-1", "c-0"}},
		{"open", order.CaseFilter{Status: []order.CaseStatus{order.CaseOpen}}, []string{"c-4", "c-3", "c-2", "c-0"}},
		{"over", order.CaseFilter{Status: []order.CaseStatus{order.CaseDecided, order.CaseClosed}}, []string{"c-1"}},
		{"of a kind", order.CaseFilter{Kind: order.CaseDifference}, []string{"c-2"}},
		{"of an order", order.CaseFilter{OrderID: other}, []string{"c-3"}},
		{"taken by somebody", order.CaseFilter{Assignee: "key:bo"}, []string{"c-3"}},
		{"overdue", order.CaseFilter{DueBy: caseOpened.Add(25 * time.Hour)}, []string{"c-0"}},
	} {
		var got []string
		f := tt.f
		for pages := 0; ; pages++ {
			page, err := r.Cases(t.Context(), f)
			if err != nil || pages > 5 {
				t.Fatalf("%s: page %d: %v", tt.name, pages, err)
			}
			for _, c := range page.Cases {
				got = append(got, c.ID)
			}
			if f.Cursor = page.Next; page.Next == "" {
				break
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func noCase(t *testing.T, r cases.Record) {
	if _, err := r.Case(t.Context(), "nope"); !errors.Is(err, order.ErrNoCase) {
		t.Errorf("read: %v", err)
	}
	if err := r.SaveCase(t.Context(), aCase("nope"), 1); !errors.Is(err, order.ErrNoCase) {
		t.Errorf("written: %v", err)
	}
}
