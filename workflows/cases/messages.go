package cases

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/cases"
	"purser/order"
	"purser/workflows"
)

// The messages of a case's workflow.
const (
	// GetCase returns the case as its workflow knows it.
	GetCase workflows.Query[order.Case] = "GetCase"
	// TakeCase says who looks after the case.
	TakeCase workflows.Update[TakeRequest, order.Case] = "TakeCase"
	// NoteCase adds a note.
	NoteCase workflows.Update[NoteRequest, order.Case] = "NoteCase"
	// DecideCase takes a person's decision, has it carried out, and returns the case when
	// the order has taken it. One that needs a second person's approval is kept as
	// proposed until that person decides the same.
	DecideCase workflows.Update[DecideRequest, order.Case] = "DecideCase"
	// Reviewed says that the matter may be over.
	Reviewed workflows.Signal[order.CaseEnd] = "Reviewed"
)

// TakeRequest says who looks after a case: the sender, unless it names somebody else.
type TakeRequest struct {
	Assignee string `json:"assignee,omitempty"`
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *TakeRequest) UnmarshalJSON(b []byte) error {
	type plain TakeRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// NoteRequest is a note; its text is why it is sent.
type NoteRequest struct {
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *NoteRequest) UnmarshalJSON(b []byte) error {
	type plain NoteRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// DecideRequest is a decision.
type DecideRequest struct {
	Choice order.Choice `json:"choice"`
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *DecideRequest) UnmarshalJSON(b []byte) error {
	type plain DecideRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

const (
	// mostNote and mostText are how many characters a note, and another text, has. The API
	// checks them, too; a person in the Temporal UI types what they like.
	mostNote = 1000
	mostText = 200
	// mostNotes is how many notes a case keeps.
	mostNotes = 200
	// endWithin is how long a decision that was refused because the matter is over waits
	// for how it ended.
	endWithin = 10 * time.Second
)

// listen registers the handlers.
func (w *caseWorkflow) listen(ctx workflow.Context) error {
	Reviewed.Describe(ctx, "Something may have ended the matter. The case asks the record.")
	if err := GetCase.Handle(ctx, "The case as its workflow knows it.", func() (order.Case, error) { return w.Case, nil }); err != nil {
		return err
	}
	if err := TakeCase.Handle(ctx, `Says who looks after the case. {"who":"ada","why":"I call the shopper"}`, func(_ workflow.Context, r TakeRequest) error { return w.mayTake(r) }, w.onTake); err != nil {
		return err
	}
	if err := NoteCase.Handle(ctx, `Adds a note, whose text is why. {"who":"ada","why":"the bank calls back tomorrow"}`, func(_ workflow.Context, r NoteRequest) error { return w.mayNote(r) }, w.onNote); err != nil {
		return err
	}
	return DecideCase.Handle(ctx, `Decides. The details above list the choices. {"choice":"release","who":"ada","why":"the account is corrected"}`, func(_ workflow.Context, r DecideRequest) error { return w.mayDecide(r) }, w.onDecide)
}

// mayChange refuses a request to a case that is over.
func (w *caseWorkflow) mayChange() error {
	if w.ready && w.Case.Status.Over() {
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the case is %s: %s", w.Case.Status, w.Case.Outcome))
	}
	return nil
}

// checkTexts refuses texts that would not fit into the case.
func checkTexts(s workflows.Sender, mostWhy int, assignee string) error {
	for _, f := range []struct {
		name, text string
		required   bool
		most       int
	}{{"who", s.Who, true, mostText}, {"why", s.Why, true, mostWhy}, {"assignee", assignee, false, mostText}} {
		if err := order.CheckText(f.name, f.text, f.required, f.most); err != nil {
			return workflows.Refuse(workflows.RefusalInvalid, fmt.Sprintf("%v: want at most %d characters of text", err, f.most))
		}
	}
	return nil
}

func (w *caseWorkflow) mayTake(r TakeRequest) error {
	if err := checkTexts(r.Sender, mostText, r.Assignee); err != nil {
		return err
	}
	return w.mayChange()
}

func (w *caseWorkflow) mayNote(r NoteRequest) error {
	if err := checkTexts(r.Sender, mostNote, ""); err != nil {
		return err
	}
	if len(w.Case.Notes) >= mostNotes {
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the case has %d notes, and takes no more", mostNotes))
	}
	return w.mayChange()
}

// mayDecide refuses a decision that the case does not take, or an approval by somebody
// who may not approve.
func (w *caseWorkflow) mayDecide(r DecideRequest) error {
	if err := checkTexts(r.Sender, mostText, ""); err != nil {
		return err
	}
	if err := w.mayChange(); err != nil || !w.ready {
		return err
	}
	if !slices.Contains(w.Case.Choices, r.Choice) {
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the case takes %s, not %q", joined(w.Case.Choices), r.Choice))
	}
	p := w.Case.Proposal
	switch {
	case p == nil || p.Choice != r.Choice:
		return nil
	case r.Actor() == workflows.ActorTemporalUI:
		return workflows.Refuse(workflows.RefusalApproval, "nobody has checked who typed this in the Temporal UI: a second person with an API key must approve the decision")
	case r.Actor() == p.Who: // it is not temporal-ui here
		return workflows.Refuse(workflows.RefusalApproval, fmt.Sprintf("%s has proposed %s: another person must approve it", p.Who, p.Choice))
	}
	return nil
}

func joined(all []order.Choice) string {
	s := make([]string, 0, len(all))
	for _, c := range all {
		s = append(s, string(c))
	}
	return strings.Join(s, ", ")
}

// accept returns nil when a request is certainly in the history, and check still takes it.
func (w *caseWorkflow) accept(ctx workflow.Context, check func() error) error {
	if err := workflow.Await(ctx, func() bool { return w.ready }); err != nil {
		return err
	}
	if err := workflows.AwaitAccepted(ctx); err != nil {
		return err
	}
	return check()
}

func (w *caseWorkflow) onTake(ctx workflow.Context, r TakeRequest) (order.Case, error) {
	if err := w.accept(ctx, func() error { return w.mayTake(r) }); err != nil {
		return w.Case, err
	}
	switch w.Case.Assignee = r.Assignee; {
	case r.Assignee != "":
	case r.Actor() == workflows.ActorTemporalUI:
		w.Case.Assignee = r.Who
	default:
		w.Case.Assignee = r.Actor()
	}
	err := w.save(ctx)
	return w.Case, err
}

func (w *caseWorkflow) onNote(ctx workflow.Context, r NoteRequest) (order.Case, error) {
	if err := w.accept(ctx, func() error { return w.mayNote(r) }); err != nil {
		return w.Case, err
	}
	w.Case.Notes = append(slices.Clone(w.Case.Notes), order.CaseNote{At: workflow.Now(ctx).UTC(), Who: r.Actor(), Text: r.Reason()})
	err := w.save(ctx)
	return w.Case, err
}

// onDecide carries a decision out, one after another. What the order refuses is the
// caller's refusal, and the case stays open.
func (w *caseWorkflow) onDecide(ctx workflow.Context, r DecideRequest) (order.Case, error) {
	check := func() error { return w.mayDecide(r) }
	if err := w.accept(ctx, check); err != nil {
		return w.Case, err
	}
	if err := workflow.Await(ctx, func() bool { return !w.deciding }); err != nil {
		return w.Case, err
	}
	if err := check(); err != nil { // another decision came first
		return w.Case, err
	}
	d := order.CaseDecision{Choice: r.Choice, Who: r.Actor(), Why: r.Reason(), At: workflow.Now(ctx).UTC()}
	proposed := d
	// Nobody has checked who typed a proposal in the Temporal UI, so it needs two keys still.
	if p := w.Case.Proposal; p != nil && p.Choice == r.Choice && p.Who != workflows.ActorTemporalUI {
		d = *p
		d.ApprovedBy, d.At = r.Actor(), workflow.Now(ctx).UTC()
	}
	done, err := w.resolve(ctx, d)
	switch {
	case err != nil:
		return w.Case, err
	case done.NeedsApproval && !w.Case.Status.Over():
		// It was not approved, or it is about another amount by now, which is shown to the
		// person who approves it.
		w.Case.Proposal, w.Case.Amount = &proposed, done.Amount
		err := w.save(ctx)
		return w.Case, err
	case done.Refused != "":
		return w.Case, workflows.Refuse(workflows.RefusalNotHeld, done.Refused)
	}
	return w.Case, nil
}

// resolve has a decision carried out, and ends the case with it. If the order refuses it,
// the matter may be over: perhaps because of this very decision, whose first attempt was
// lost.
func (w *caseWorkflow) resolve(ctx workflow.Context, d order.CaseDecision) (steps.Resolved, error) {
	w.deciding = true
	defer func() { w.deciding = false }()
	w.Requests++
	r := order.CaseRequest{
		Case: w.Case.ID, Kind: w.Case.Kind, OrderID: w.Case.OrderID, Amount: w.Case.Amount, Decision: d,
		Request: fmt.Sprintf("case-%s-%d-%d", w.Case.ID, workflow.Now(ctx).UnixMilli(), w.Requests),
	}
	done, err := resolveMatter.Remote(ctx, 0, "Decide: "+string(d.Choice), nil, r)
	switch {
	case err != nil:
		return done, err
	case done.Refused == "":
		return done, w.decided(ctx, d)
	case done.NeedsApproval:
		return done, nil
	}
	w.looks = append(w.looks, order.CaseEnd{ID: w.Case.ID}) // the deadline's decision looks itself
	if _, err := workflow.AwaitWithTimeout(ctx, endWithin, func() bool { return w.Case.Status.Over() }); err != nil {
		return done, err
	}
	if w.end != nil && w.end.Request == r.Request {
		return steps.Resolved{}, nil
	}
	if w.Case.Status.Over() {
		done.Refused = fmt.Sprintf("the case is %s: %s", w.Case.Status, w.Case.Outcome)
	}
	return done, nil
}
