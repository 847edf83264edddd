//go:build !lean

package starter_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflowservice/v1"

	"purser/order"
	"purser/workflows/orders"
)

// TestDescriptions: the Temporal UI shows a description of each message that an order
// takes, with an example that the order takes as it is typed, and the order in a
// shopkeeper's words.
func TestDescriptions(t *testing.T) {
	d := newOrderFixture(t)
	d.stock(mugs)
	b := &buttons{orderFixture: d, id: order.IDForKey("descriptions", "one")}
	b.place(b.id)
	n, err := b.bank.Decline(b.order().Payment().Reference, "card_declined", "insufficient_funds")
	if err != nil {
		t.Fatal(err)
	}
	b.report(order.ProviderEvent{ID: "evt_declined", Type: "x", OrderID: b.id, Payment: &n})
	b.await("the decline", func() bool { return strings.Contains(b.metadata().GetCurrentDetails(), "insufficient funds") })
	shown := b.metadata().GetCurrentDetails()
	for _, want := range []string{"29.00 EUR for 2 × mug", "Waits for **the shopper's payment** (`pi_1`) until", "`card_declined insufficient_funds`", "the Update `Cancel`"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the details do not say %q:\n%s", want, shown)
		}
	}
	if memo := b.memo("order"); memo != `"2 × mug, paid online"` {
		t.Errorf("the memo says %s", memo)
	}
	b.pay()
	b.await("the sum", func() bool { return strings.Contains(b.metadata().GetCurrentDetails(), "29.00 EUR captured") })
	shown = b.metadata().GetCurrentDetails()
	for _, want := range []string{"Parcel 1 with 2 × mug: booked, tracking number `TRACK-", "refund up to 29.00 EUR"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the details do not say %q:\n%s", want, shown)
		}
	}

	m := b.metadata().GetDefinition()
	requests := map[string]any{
		string(orders.Cancel): &orders.CancelRequest{}, string(orders.Resolve): &orders.ResolveRequest{},
		string(orders.Refund): &orders.RefundRequest{}, string(orders.BookPayment): &orders.BookPaymentRequest{}, string(orders.Place): nil,
		string(orders.RequestReturn): &orders.ReturnRequest{}, string(orders.DecideReturn): &orders.DecideReturnRequest{}, string(orders.ReceiveReturn): &orders.ReceiveReturnRequest{},
		string(orders.AddParcel): &orders.AddParcelRequest{}, string(orders.VoidLabel): &orders.VoidLabelRequest{}, string(orders.MarkParcel): &orders.MarkParcelRequest{},
		string(orders.Change): &orders.ChangeRequest{}, string(orders.TakeCredit): nil,
	}
	if len(m.GetUpdateDefinitions()) != len(requests) {
		t.Errorf("%d updates", len(m.GetUpdateDefinitions()))
	}
	for _, def := range append(append(m.GetUpdateDefinitions(), m.GetQueryDefinitions()...), m.GetSignalDefinitions()...) {
		if def.GetDescription() == "" && !strings.HasPrefix(def.GetName(), "__") {
			t.Errorf("%s has no description", def.GetName())
		}
	}
	for _, def := range m.GetUpdateDefinitions() {
		request := requests[def.GetName()]
		if request == nil {
			continue
		}
		_, example, _ := strings.Cut(def.GetDescription(), "{")
		if err := json.Unmarshal([]byte("{"+example), request); err != nil {
			t.Errorf("%s: the example %q: %v", def.GetName(), example, err)
		}
	}
	if r := requests[string(orders.Refund)].(*orders.RefundRequest); r.Validate() != nil || r.Amount.Amount != 450 {
		t.Errorf("the example of a refund: %+v, %v", r, r.Validate())
	}
	for name, r := range map[string]interface{ Validate() error }{
		"request": requests[string(orders.RequestReturn)].(*orders.ReturnRequest), "decision": requests[string(orders.DecideReturn)].(*orders.DecideReturnRequest),
		"receipt": requests[string(orders.ReceiveReturn)].(*orders.ReceiveReturnRequest),
	} {
		if err := r.Validate(); err != nil {
			t.Errorf("the example of a return's %s: %v", name, err)
		}
	}
}

// TestMemoNeeds: the memo of an order says what needs a person, for as long as it does.
func TestMemoNeeds(t *testing.T) {
	d := newOrderFixture(t)
	b := &buttons{orderFixture: d, id: order.IDForKey("memo", "one")}
	b.place(b.id)
	n := b.bank.Change(b.order().Payment().Reference, func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 1 })
	b.report(order.ProviderEvent{ID: "evt_less", Type: "x", OrderID: b.id, Payment: &n})
	b.await("the memo", func() bool { return strings.HasSuffix(b.memo("needs"), `decide: release, void"`) })
	if _, err := b.starter.Resolve(t.Context(), b.id, order.ChooseVoid, "key:shop", "less than the total", ""); err != nil {
		t.Fatal(err)
	}
	b.await("the end", b.is(order.Cancelled))
	b.await("the memo", func() bool { return b.memo("needs") == "" })
}

// memo returns an entry of the workflow's memo, as JSON, or "".
func (b *buttons) memo(key string) string {
	b.Helper()
	info, err := b.temporal.DescribeWorkflowExecution(b.Context(), b.id.WorkflowID(), "")
	if err != nil {
		b.Fatal(err)
	}
	return string(info.GetWorkflowExecutionInfo().GetMemo().GetFields()[key].GetData())
}

// TestSavedQueries: the engine takes the queries that the README says to save.
func TestSavedQueries(t *testing.T) {
	d := newOrderFixture(t)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	queries := regexp.MustCompile("(?m)^\\| `([A-Z][A-Za-z]+ (?:=|IN) .*)` \\|").FindAllSubmatch(readme, -1)
	if len(queries) < 5 {
		t.Errorf("the README has %d queries", len(queries))
	}
	for _, q := range queries {
		if _, err := d.temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: string(q[1])}); err != nil {
			t.Errorf("%s: %v", q[1], err)
		}
	}
}

// metadata returns what the workflow says about itself.
func (b *buttons) metadata() *sdkpb.WorkflowMetadata {
	b.Helper()
	m := &sdkpb.WorkflowMetadata{}
	v, err := b.temporal.QueryWorkflow(b.Context(), b.id.WorkflowID(), "", "__temporal_workflow_metadata")
	if err == nil {
		err = v.Get(m)
	}
	if err != nil {
		b.Fatal(err)
	}
	return m
}
