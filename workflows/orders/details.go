package orders

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
)

// StartAttributes returns the search attributes of an order that is placed now.
// They are those of an order that awaits its payment, so that the usual case does
// not need to change them.
func StartAttributes(payBy time.Time) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(workflows.AttrStatus.ValueSet(string(order.AwaitingPayment)), workflows.AttrWaiting.ValueSet(waitPayment), workflows.AttrDeadline.ValueSet(payBy))
}

// AftercareAttributes returns the search attributes of an order whose aftercare starts now.
func AftercareAttributes(s order.Status) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(workflows.AttrStatus.ValueSet(string(s)))
}

// shownAtStart returns what the Temporal UI shows as the aftercare of an order starts that
// waits for nothing; otherwise nothing, so that it is shown again.
func shownAtStart(ctx workflow.Context) shown {
	all := workflow.GetTypedSearchAttributes(ctx)
	s, _ := all.GetKeyword(workflows.AttrStatus)
	if all.ContainsKey(workflows.AttrWaiting) {
		return shown{}
	}
	return shown{status: order.Status(s)}
}

// show updates what the Temporal UI shows about the order: its details, and its search
// attributes if they have changed.
func (w *orderWorkflow) show(ctx workflow.Context) error {
	on := w.waitsFor()
	workflow.SetCurrentDetails(ctx, w.details(on))
	if err := w.showNeeds(ctx); err != nil {
		return err
	}
	now := shown{w.Status, on.On, on.Until}
	if w.shown.same(now) && !w.shown.passed(ctx, now) {
		return nil
	}
	w.shown = now
	if w.Status.Final() && len(w.Attention) == 0 {
		return workflow.UpsertTypedSearchAttributes(ctx, workflows.AttrStatus.ValueSet(string(w.Status)), workflows.AttrWaiting.ValueUnset(), workflows.AttrDeadline.ValueUnset())
	}
	deadline := workflows.AttrDeadline.ValueUnset()
	if !on.Until.IsZero() {
		deadline = workflows.AttrDeadline.ValueSet(on.Until)
	}
	return workflow.UpsertTypedSearchAttributes(ctx, workflows.AttrStatus.ValueSet(string(w.Status)), workflows.AttrWaiting.ValueSet(on.On), deadline)
}

// The keys of an order's memo, which the Temporal UI shows in the list of workflows.
const (
	memoOrder = "order" // the goods and how they are paid, as ordered
	memoNeeds = "needs" // what a person must decide or look at
)

// StartMemo returns the memo of an order that is placed now. It has no personal data.
func StartMemo(r order.Request) map[string]any {
	how := "paid online"
	if r.Payment == order.PayManually {
		how = "paid in advance"
	}
	lines := make([]order.LineQuantity, 0, len(r.Lines))
	for _, l := range r.Lines {
		lines = append(lines, order.LineQuantity(l))
	}
	return map[string]any{memoOrder: goods(lines) + ", " + how}
}

// showNeeds writes into the memo what a person must decide or look at. An order that
// needs nobody has the memo that it was started with.
func (w *orderWorkflow) showNeeds(ctx workflow.Context) error {
	needs := w.needs()
	if needs == w.Needs || workflow.GetVersion(ctx, changeMemoNeeds, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return nil
	}
	w.Needs = needs
	if needs == "" {
		return workflow.UpsertMemo(ctx, map[string]any{memoNeeds: nil})
	}
	return workflow.UpsertMemo(ctx, map[string]any{memoNeeds: needs})
}

// needs says what a person must decide or look at, in a line.
func (w *orderWorkflow) needs() string {
	var s []string
	if w.Hold != nil {
		s = append(s, w.Hold.Why)
	}
	for _, a := range w.Attention {
		s = append(s, a.Why)
	}
	if len(s) == 0 {
		return ""
	}
	return strings.Join(append(s, fmt.Sprintf("decide: %s", strings.Join(texts(w.choices()), ", "))), "; ")
}

// waitsFor returns what the order waits for: a person, if something needs attention.
func (w *orderWorkflow) waitsFor() order.Waiting {
	switch {
	case len(w.Attention) > 0:
		about := make([]string, 0, len(w.Attention))
		for _, a := range w.Attention {
			about = append(about, a.About)
		}
		return order.Waiting{On: operator, About: strings.Join(about, ", ")}
	case w.Waiting != nil && !w.Status.Final():
		return *w.Waiting
	}
	return order.Waiting{}
}

// shown holds the values of the search attributes.
type shown struct {
	status order.Status
	on     string
	until  time.Time
}

// same reports whether the attributes need no update. A later deadline alone does
// not need one.
func (s shown) same(now shown) bool { return s.status == now.status && s.on == now.on }

// passed reports whether the deadline shown has passed and now has another one.
func (s shown) passed(ctx workflow.Context, now shown) bool {
	return !s.until.IsZero() && !workflow.Now(ctx).Before(s.until) && !s.until.Equal(now.until)
}

// waitWords says in a shopkeeper's words what an order waits for.
var waitWords = map[string]string{
	order.WaitPayment:  "the shopper's payment",
	order.WaitTransfer: "a transfer, which a person books",
	order.WaitCarrier:  "the delivery",
	order.WaitOperator: "a person's decision",
	order.WaitPayments: "the payment provider, which does not do what it is asked",
	order.WaitParcels:  "the carrier, which does not do what it is asked",
	order.WaitPacking:  "a person, who puts the goods into parcels",
	order.WaitMail:     "the mail providers, which do not take a mail",
}

// details describes the order for the Temporal UI, as Markdown: what it waits for,
// its goods, money and parcels, and what a person can do about it now.
func (w *orderWorkflow) details(on order.Waiting) string {
	s := []string{fmt.Sprintf("**%s**, %s for %s", w.Status, w.Total, goods(w.quantities()))}
	if w.Reason != "" {
		s = append(s, "Reason: "+w.Reason)
	}
	if on.On != "" {
		s = append(s, waits(on))
	}
	for _, a := range w.Attention {
		s = append(s, fmt.Sprintf("Needs attention: `%s`: %s", a.About, a.Why))
	}
	for _, p := range w.Payments {
		s = append(s, describePayment(p, w.Total.Currency))
	}
	for _, p := range w.Shipments {
		s = append(s, describeShipment(p))
	}
	for _, r := range w.Refunds {
		s = append(s, fmt.Sprintf("Refund `%s` of %s: %s. %s", r.ID, r.Amount, r.Status, r.Reason))
	}
	for _, r := range w.Returns {
		s = append(s, describeReturn(r))
	}
	for _, a := range w.Changes {
		s = append(s, w.describeChangeState(a))
	}
	for _, d := range w.Disputes {
		s = append(s, fmt.Sprintf("Dispute `%s` about %s: %s. %s", d.ID, d.Amount, d.Status, d.Reason))
	}
	if can := w.possible(); len(can) > 0 {
		s = append(s, "Now you can:\n\n- "+strings.Join(can, "\n- "))
	}
	return strings.Join(s, "\n\n")
}

func waits(on order.Waiting) string {
	s := "Waits for **" + waitWords[on.On] + "**"
	if on.About != "" {
		s += " (`" + on.About + "`)"
	}
	if on.Until.IsZero() {
		return s + ", for as long as it takes."
	}
	return s + " until " + on.Until.UTC().Format("2006-01-02 15:04 MST") + "; then: " + on.Then + "."
}

func describePayment(p order.Payment, currency string) string {
	what, amounts := "Payment", []string{}
	if p.Surplus {
		what = "Surplus payment"
	}
	for _, sum := range []struct {
		amount int64
		word   string
	}{{p.Authorized, "held"}, {p.Captured, "captured"}, {p.Refunded, "refunded"}, {p.Disputed, "disputed"}} {
		if sum.amount != 0 {
			amounts = append(amounts, fmt.Sprintf("%s %s", order.Money{Amount: sum.amount, Currency: currency}, sum.word))
		}
	}
	s := fmt.Sprintf("%s %d", what, p.Number)
	if p.Reference != "" {
		s += fmt.Sprintf(" `%s` at %s", p.Reference, p.Provider)
	}
	if p.Status != "" {
		s += ": " + strings.ReplaceAll(string(p.Status), "_", " ")
	}
	if len(amounts) > 0 {
		s += ", " + strings.Join(amounts, ", ")
	}
	if !p.CaptureBefore.IsZero() && p.Captured == 0 {
		s += ", held until " + p.CaptureBefore.UTC().Format("2006-01-02 15:04 MST")
	}
	s += "."
	if d := p.Decline; d != nil {
		s += fmt.Sprintf(" The last attempt failed: %s (`%s`)", d.Message, strings.Trim(d.Code+" "+d.DeclineCode, " "))
	}
	return s
}

func describeShipment(p order.Shipment) string {
	if p.Method == order.NoParcel {
		return fmt.Sprintf("Without a parcel, %s: delivered.", goods(p.Lines))
	}
	s := fmt.Sprintf("Parcel %d with %s", p.Number, goods(p.Lines))
	switch {
	case p.Refusal != "":
		return s + ": the carrier does not accept it."
	case !p.Booked():
		s += ": not booked yet"
	case p.Status == "":
		s += fmt.Sprintf(": booked, tracking number `%s`", p.Tracking)
	default:
		s += fmt.Sprintf(": %s, tracking number `%s`", strings.ReplaceAll(string(p.Status), "_", " "), p.Tracking)
	}
	if p.Replaced {
		s += ", replaced by another one"
	}
	return s + "."
}

// describeReturn describes a return for the Temporal UI.
func describeReturn(r order.Return) string {
	s := fmt.Sprintf("Return `%s` of %s: %s. %s", r.ID, goods(r.Goods()), r.Status, r.Reason)
	if r.Exchange != nil {
		s += describeExchange(*r.Exchange)
	}
	if !r.Due.IsZero() {
		s += fmt.Sprintf(" Until %s; then: %s.", r.Due.UTC().Format("2006-01-02 15:04 MST"), r.Status.Rule().Says)
	}
	var can []string
	for _, m := range r.Status.Rule().Moves {
		can = append(can, "`"+string(m.Step)+"`")
	}
	if len(can) > 0 {
		s += " It takes " + strings.Join(can, ", ") + " with the Updates `DecideReturn` and `ReceiveReturn`."
	}
	return s
}

// describeExchange describes what became of an exchange, for the Temporal UI.
func describeExchange(x order.Exchange) string {
	switch {
	case x.Refused != "":
		return " It is not exchanged: " + x.Refused + "."
	case x.Credit.Currency != "":
		return fmt.Sprintf(" %s pay for order `%s`.", x.Credit, x.OrderID)
	}
	return fmt.Sprintf(" It is to be exchanged for %s.", goods(quantitiesOf(x.Lines)))
}

func quantitiesOf(lines []order.RequestLine) (all []order.LineQuantity) {
	for _, l := range lines {
		all = append(all, order.LineQuantity(l))
	}
	return all
}

// mostGoods is how many lines are named where an order or a parcel is described.
const mostGoods = 10

// goods lists goods, such as "2 × mug-blue, 1 × tea".
func goods(lines []order.LineQuantity) string {
	var s []string
	for _, l := range lines[:min(len(lines), mostGoods)] {
		s = append(s, fmt.Sprintf("%d × %s", l.Quantity, l.SKU))
	}
	if more := len(lines) - mostGoods; more > 0 {
		s = append(s, fmt.Sprintf("and %d more lines", more))
	}
	return strings.Join(s, ", ")
}

func (s *State) quantities() []order.LineQuantity {
	all := make([]order.LineQuantity, 0, len(s.Lines))
	for _, l := range s.Lines {
		all = append(all, order.LineQuantity{SKU: l.SKU, Quantity: l.Quantity})
	}
	return all
}

// possible lists the requests that the order takes now.
func (w *orderWorkflow) possible() (can []string) {
	if choices := w.choices(); len(choices) > 0 {
		can = append(can, fmt.Sprintf("decide with the Update `Resolve`: `%s`", strings.Join(texts(choices), "`, `")))
	}
	if !w.Phase.ended() && w.Phase != Compensating && w.Abort == nil && !w.inTransit() {
		can = append(can, "cancel it with the Update `Cancel`")
	}
	if w.changeable() {
		can = append(can, "change its goods and its address with the Update `Change`")
	}
	if w.unpacked() && w.Phase == Fulfilling && w.Hold == nil {
		can = append(can, "put the goods into parcels with the Update `AddParcel`")
	}
	if left := (order.Money{Amount: w.Refundable(), Currency: w.Total.Currency}); left.Amount > 0 && w.Phase != Compensating {
		can = append(can, fmt.Sprintf("refund up to %s with the Update `Refund`", left))
	}
	if w.manual() && w.Phase != Opening {
		can = append(can, "book a transfer with the Update `BookPayment`")
	}
	return can
}

func texts(choices []order.Choice) (s []string) {
	for _, c := range choices {
		s = append(s, string(c))
	}
	return s
}

// describeChange says what a change does.
func describeChange(a order.Amendment, currency string) string {
	var s []string
	var more []order.LineQuantity
	for _, l := range a.Added {
		more = append(more, order.LineQuantity{SKU: l.SKU, Quantity: l.Quantity})
	}
	if len(more) > 0 {
		s = append(s, goods(more)+" more")
	}
	if len(a.Removed) > 0 {
		s = append(s, goods(a.Removed)+" less")
	}
	if a.ShipTo != nil {
		s = append(s, "another address")
	}
	if len(s) == 0 {
		s = append(s, "nothing differs")
	}
	switch {
	case a.Amount > 0:
		s = append(s, order.Money{Amount: a.Amount, Currency: currency}.String()+" more to pay")
	case a.Amount < 0:
		s = append(s, order.Money{Amount: -a.Amount, Currency: currency}.String()+" less")
	}
	return strings.Join(s, ", ")
}

// describeChangeState says what a change does and what has become of it.
func (w *orderWorkflow) describeChangeState(a order.Amendment) string {
	s := fmt.Sprintf("Change `%s` (%s): %s", a.ID, describeChange(a, w.Total.Currency), a.Status)
	switch {
	case a.Status == order.AmendmentPending && a.Payment > 0:
		s += ", waits for its payment until " + a.Until.UTC().Format("2006-01-02 15:04 MST")
	case a.Why != "":
		s += ": " + a.Why
	}
	return s + "."
}

// changeable reports whether the order takes a change now.
func (w *orderWorkflow) changeable() bool {
	open := w.Phase == AwaitingPayment || w.Phase == Fulfilling && !w.labelled()
	return open && (w.Hold == nil || w.Hold.Kind == order.HoldParcel) && w.Abort == nil && w.PendingChange() == nil
}
