package cases_test

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	apicases "purser/api/cases"
	"purser/order"
	"purser/records"
)

// scripted stands in for the workflows of cases.
type scripted struct {
	store *records.Store
	calls []string
	err   error
	after func(*order.Case)
}

func (d *scripted) call(ctx context.Context, id, what string) (order.Case, error) {
	d.calls = append(d.calls, what)
	if d.err != nil {
		return order.Case{}, d.err
	}
	c, err := d.store.Case(ctx, id)
	if err == nil && d.after != nil {
		d.after(&c)
	}
	return c, err
}

func (d *scripted) TakeCase(ctx context.Context, id, assignee, actor, _ string) (order.Case, error) {
	return d.call(ctx, id, "take "+assignee+" "+actor)
}

func (d *scripted) NoteCase(ctx context.Context, id, text, actor, _ string) (order.Case, error) {
	return d.call(ctx, id, "note "+text+" "+actor)
}

func (d *scripted) DecideCase(ctx context.Context, id string, c order.Choice, actor, why, _ string) (order.Case, error) {
	return d.call(ctx, id, "decide "+string(c)+" "+actor+" "+why)
}

func open(t *testing.T) (*apitest.Shop, *scripted) {
	t.Helper()
	d := &scripted{}
	s := apitest.New(t, func(conf *api.Config, store *records.Store) {
		d.store = store
		conf.Cases = &apicases.Service{Workflows: d, Records: store}
	})
	for i, kind := range []order.CaseKind{order.CaseOfHold(order.HoldPayment), order.CaseParcelLost, order.CaseDifference} {
		c := order.NewCase([]string{"c-1", "c-2", "c-3"}[i], kind, time.Now().Add(time.Duration(i-48)*time.Hour))
		c.Why = "look"
		if kind.OfOrder() {
			c.OrderID, c.Amount = "ord_00000000000000000000000001", order.Money{Amount: 2900, Currency: "EUR"}
		}
		if _, err := d.store.OpenCase(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return s, d
}

// TestCases (REC-7): cases are listed by what an operator looks for, and read one by one; a
// shop's key sees none.
func TestCases(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for _, tt := range []struct{ query, want string }{
		{"", "c-3 c-2 c-1"},
		{"?status=open&limit=2", "c-3 c-2"},
		{"?status=decided", ""},
		{"?kind=parcel_lost", "c-2"},
		{"?orderId=ord_00000000000000000000000001", "c-2 c-1"},
		{"?overdue=true", "c-1"},
		{"?assignee=key:ada", ""},
	} {
		a := s.Ask("GET", "/v1/cases"+tt.query, apitest.ViewerKey, "")
		var page struct {
			Cases      []apicases.Case `json:"cases"`
			NextCursor string          `json:"nextCursor"`
		}
		if err := json.Unmarshal(a.Body, &page); err != nil || a.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", tt.query, a.Status, a.Body)
		}
		var got []string
		for _, c := range page.Cases {
			got = append(got, c.ID)
		}
		if strings.Join(got, " ") != tt.want || (page.NextCursor != "") != strings.Contains(tt.query, "limit") {
			t.Errorf("%s: %v, next %q", tt.query, got, page.NextCursor)
		}
	}
	for path, want := range map[string]int{"/v1/cases?cursor=x": 422, "/v1/cases?kind=nope": 422, "/v1/cases?status=nope": 422, "/v1/cases/nope": 404, "/v1/cases/c-1": 200} {
		if a := s.Ask("GET", path, apitest.OperatorKey, ""); a.Status != want {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	if a := s.Ask("GET", "/v1/cases", apitest.ShopKey, ""); a.Status != http.StatusForbidden {
		t.Errorf("with a shop's key: %d", a.Status)
	}
}

// TestKindsDocumented: the API's documentation names every kind of case.
func TestKindsDocumented(t *testing.T) {
	field, _ := reflect.TypeFor[apicases.Case]().FieldByName("Kind")
	for _, r := range order.CaseRules() {
		if !r.Kind.IsHold() && !strings.Contains(field.Tag.Get("doc"), string(r.Kind)) {
			t.Errorf("it does not name %s", r.Kind)
		}
	}
}

// TestDecide (REC-7): a decision reaches the case in the name of the key. A proposal is 202,
// and what the case refuses is a problem with its words.
func TestDecide(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	const decide, body = "/v1/cases/c-1/decide", `{"choice":"void","reason":"a mistake"}`
	for _, tt := range []struct {
		name, path, body string
		err              error
		after            func(*order.Case)
		status           int
		says, call       string
	}{
		{name: "decided", path: decide, body: body, status: 200, says: `"c-1"`, call: "decide void key:ops a mistake"},
		{name: "proposed", path: decide, body: body, after: func(c *order.Case) { c.Proposal = &order.CaseDecision{Choice: order.ChooseVoid, Who: "key:ops"} }, status: 202, says: `"proposal"`},
		{name: "not approved", path: decide, body: body, err: &order.Refusal{Kind: order.ErrNeedsApproval, Text: "another person must approve it"}, status: 409, says: "needs_approval"},
		{name: "over", path: decide, body: body, err: &order.Refusal{Kind: order.ErrIllegalMove, Text: "the case is decided"}, status: 409, says: "the case is decided"},
		{name: "unknown", path: "/v1/cases/nope/decide", body: body, err: order.ErrNoCase, status: 404, says: "not_found"},
		{name: "late", path: decide, body: body, err: context.DeadlineExceeded, status: 202, says: `"open"`},
		{name: "no reason", path: decide, body: `{"choice":"void","reason":" "}`, status: 422, says: "reason"},
		{name: "no choice", path: decide, body: `{"choice":"burn","reason":"x"}`, status: 422, says: "choice"},
		{name: "taken", path: "/v1/cases/c-2/take", body: `{"assignee":"ada"}`, status: 200, call: "take ada key:ops"},
		{name: "noted", path: "/v1/cases/c-2/note", body: `{"text":"called"}`, status: 200, call: "note called key:ops"},
		{name: "an empty note", path: "/v1/cases/c-2/note", body: `{"text":" "}`, status: 422, says: "text"},
	} {
		d.calls, d.err, d.after = nil, tt.err, tt.after
		a := s.Ask("POST", tt.path, apitest.OperatorKey, tt.body)
		if a.Status != tt.status || !strings.Contains(string(a.Body), tt.says) {
			t.Errorf("%s: %d %s", tt.name, a.Status, a.Body)
		}
		if tt.call != "" && strings.Join(d.calls, ", ") != tt.call {
			t.Errorf("%s: %v", tt.name, d.calls)
		}
	}
	if a := s.Ask("POST", decide, apitest.ViewerKey, body); a.Status != http.StatusForbidden {
		t.Errorf("with a viewer's key: %d", a.Status)
	}
}
