// Package cases has the workflow of a case: a matter that a person decides.
package cases

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/cases"
	"purser/activities/mails"
	"purser/order"
	"purser/workflows"
)

// Run is the input of CaseWorkflow.
type Run struct {
	// Case is the case as it opens. Only its id is set if the workflow of a case that is
	// recorded was lost.
	Case order.Case `json:"case"`
	// State is the state in which the run before this one ended; nil in the first run.
	State *State `json:"state,omitempty"`
}

// State is everything that a case's behaviour depends on.
type State struct {
	Case     order.Case              `json:"case"`
	Fence    int64                   `json:"fence"`           // of the last write
	Requests int                     `json:"requests"`        // decisions that were sent on
	Mails    map[steps.Occasion]bool `json:"mails,omitempty"` // those that were begun
}

// caseWorkflow is one run of a case.
type caseWorkflow struct {
	State
	ready    bool
	deciding bool            // a decision is being carried out
	looks    []order.CaseEnd // what may have ended the matter, to be looked at
	end      *order.CaseEnd  // how the matter has ended, as the order says
	looked   bool            // the record has just said that the matter lasts
	notifyAt time.Time       // when the shop is told that the case is open
	late     bool            // that was put off once
	lookAt   time.Time       // when an overdue case looks again
	sending  int             // mails that have no outcome yet
	shown    order.CaseStatus
}

// CaseWorkflow waits until a person has decided about a matter, or the matter is over. It
// tells the shop when the case opens and before it is due, and does what the kind of case
// says at the deadline. It is the only writer of the case.
func CaseWorkflow(ctx workflow.Context, r Run) (order.Case, error) {
	w := &caseWorkflow{State: State{Case: r.Case}, shown: r.Case.Status}
	if r.State != nil {
		w.State, w.shown = *r.State, r.State.Case.Status
	}
	if w.Mails == nil {
		w.Mails = map[steps.Occasion]bool{}
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx) // only a decision ends a case
	if err := w.listen(ctx); err != nil {
		return w.Case, err
	}
	if r.State == nil {
		if err := w.open(ctx); err != nil {
			return w.Case, err
		}
	}
	w.ready = true
	w.notifyAt, w.lookAt = workflow.Now(ctx).Add(notifyAfter), workflow.Now(ctx).Add(lookEvery)
	mailing, stop := workflow.WithCancel(ctx)
	for !w.Case.Status.Over() {
		again, err := w.step(ctx, mailing)
		if err != nil {
			return w.Case, err
		}
		if again {
			return w.Case, workflow.NewContinueAsNewError(ctx, CaseWorkflow, Run{Case: order.Case{ID: w.Case.ID}, State: &w.State})
		}
	}
	stop() // a mail about a case that is over is not sent any more
	err := w.show(ctx)
	if err == nil {
		err = workflow.Await(ctx, func() bool { return w.sending == 0 && workflow.AllHandlersFinished(ctx) })
	}
	return w.Case, err
}

// open writes the case, or takes over what the record has of it. A matter that is over
// already, as the record has it, needs nobody.
func (w *caseWorkflow) open(ctx workflow.Context) error {
	w.Fence = workflow.Now(ctx).UnixMicro()
	opened, err := openCase.Run(ctx, 0, "Write the case", w.Case, nil)
	if workflows.IsFailure(err, activities.FailureNotFound) {
		w.Case.Status, w.Case.Outcome = order.CaseClosed, "the record does not have it"
		return nil
	}
	if err != nil {
		return err
	}
	w.Case = opened.Case
	if !opened.Open && !w.Case.Status.Over() {
		return w.close(ctx, order.CaseClosed, "the matter was over before a person looked")
	}
	return nil
}

// notifyAfter is how long a case is open before the shop is told. An attempt to write the order
// that was lost in its middle may have opened a case that the next attempt replaces.
const notifyAfter = time.Minute

// lookEvery is how often an overdue case looks by itself whether its matter is over.
const lookEvery = 24 * time.Hour

// next returns what the case does next by itself, and when.
func (w *caseWorkflow) next(now time.Time) (at time.Time, then string) {
	switch c := w.Case; {
	case !w.Mails[steps.CaseOpened]:
		return w.notifyAt, "the shop is told about the case"
	case c.Overdue:
		return w.lookAt, "the case looks whether its matter is over"
	case !w.Mails[steps.CaseDueSoon] && now.Before(c.DueAt):
		return c.RemindAt(), "the shop is told that the case is due"
	case c.Default != "":
		return c.DueAt, string(c.Default) + " is decided"
	default:
		return c.DueAt, "the case is overdue"
	}
}

// step does what is due, or waits until something is. It reports whether the workflow
// must continue as new.
func (w *caseWorkflow) step(ctx, mailing workflow.Context) (again bool, err error) {
	if err := w.show(ctx); err != nil {
		return false, err
	}
	now := workflow.Now(ctx)
	at, then := w.next(now)
	switch {
	case len(w.looks) > 0 || Reviewed.Waits(ctx):
		return false, w.look(ctx)
	case now.Before(at):
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() && workflow.AllHandlersFinished(ctx) && w.sending == 0 {
			return true, nil
		}
		return false, w.wait(ctx, at, then)
	case !w.looked: // the message about the end may be lost, or came before a reset
		w.looks = append(w.looks, order.CaseEnd{ID: w.Case.ID})
		return false, nil
	}
	w.looked = false
	return false, w.act(ctx, mailing, at)
}

// act does what was due at a time.
func (w *caseWorkflow) act(ctx, mailing workflow.Context, at time.Time) error {
	now := workflow.Now(ctx)
	switch c := w.Case; {
	case !w.Mails[steps.CaseOpened] && now.Sub(at) > notifyAfter && !w.late: // no worker ran, so the order could not write either
		w.late, w.notifyAt = true, now.Add(notifyAfter)
	case !w.Mails[steps.CaseOpened]:
		w.mail(mailing, steps.CaseOpened)
	case c.Overdue:
		w.lookAt = now.Add(lookEvery)
	case !now.Before(c.DueAt):
		return w.due(ctx, mailing)
	default:
		w.mail(mailing, steps.CaseDueSoon)
	}
	return nil
}

// wait returns when the case is over, may be, or a time has come.
func (w *caseWorkflow) wait(ctx workflow.Context, at time.Time, then string) error {
	w.looked = false
	_, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
		Timeout: max(at.Sub(workflow.Now(ctx)), time.Millisecond), TimerOptions: workflow.TimerOptions{Summary: then},
	}, func() bool { return w.Case.Status.Over() || len(w.looks) > 0 || Reviewed.Waits(ctx) })
	return err
}

// look asks the record whether the matter is over. A message says only that it may be:
// it can come from an attempt that was superseded.
func (w *caseWorkflow) look(ctx workflow.Context) error {
	for {
		e, ok, err := Reviewed.DecodeNow(ctx)
		if !ok {
			break
		}
		if err == nil {
			w.looks = append(w.looks, e)
		}
	}
	ends := w.looks
	w.looks = nil
	seen, err := lookAtMatter.Run(ctx, 0, "Ask the record whether the matter is over", w.Case, nil)
	w.looked = true
	switch {
	case err != nil || w.Case.Status.Over():
		return err
	case seen.Ended != nil: // before this workflow was reset
		w.Case = *seen.Ended
		return nil
	case seen.Open:
		return nil
	}
	end := order.CaseEnd{Outcome: "the matter is over"}
	for _, e := range ends {
		if e.Decision != nil || e.Outcome != "" {
			end = e
		}
	}
	w.end = &end
	if d := end.Decision; d != nil {
		return w.decided(ctx, *d)
	}
	return w.close(ctx, order.CaseClosed, end.Outcome)
}

// due does what happens at the deadline, once.
func (w *caseWorkflow) due(ctx, mailing workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return !w.deciding }); err != nil || w.Case.Status.Over() {
		return err
	}
	if w.Case.Default != "" {
		done, err := w.resolve(ctx, order.CaseDecision{
			Choice: w.Case.Default, Who: workflows.ActorPurser, Why: "nobody has decided in time", At: workflow.Now(ctx).UTC(),
		})
		if err != nil || done.Refused == "" {
			return err
		}
		if err := w.look(ctx); err != nil || w.Case.Status.Over() {
			return err
		}
	}
	w.Case.Overdue = true
	w.mail(mailing, steps.CaseOverdue)
	return w.save(ctx)
}

// decided ends the case with a decision that was carried out.
func (w *caseWorkflow) decided(ctx workflow.Context, d order.CaseDecision) error {
	if w.Case.Status.Over() {
		return nil
	}
	w.Case.Decision, w.Case.Proposal = &d, nil
	return w.close(ctx, order.CaseDecided, d.String())
}

func (w *caseWorkflow) close(ctx workflow.Context, as order.CaseStatus, outcome string) error {
	w.Case.Status, w.Case.Outcome, w.Case.ClosedAt = as, outcome, workflow.Now(ctx).UTC()
	w.Case.Proposal = nil
	return w.save(ctx)
}

// save writes the case. The fence rises with the time, also over a reset.
func (w *caseWorkflow) save(ctx workflow.Context) error {
	w.Fence = max(w.Fence+1, workflow.Now(ctx).UnixMicro())
	workflow.SetCurrentDetails(ctx, details(w.Case))
	_, err := saveCase.Run(ctx, 0, "Write the case", steps.Save{Case: w.Case, Fence: w.Fence}, nil)
	return err
}

// mail tells the shop about the case, once for each occasion.
func (w *caseWorkflow) mail(ctx workflow.Context, on steps.Occasion) {
	w.Mails[on] = true
	if on == steps.CaseOpened && w.Case.Kind == order.CaseDifference {
		return // the ledger's own mail has told about it
	}
	w.mailInBackground(ctx, on)
}

// mailInBackground sends a mail for as long as it takes, up to workflows.MailWithin; the
// case goes on in the meantime. The mail's ID has it sent once. A mail that is not sent
// when the case is over is skipped.
func (w *caseWorkflow) mailInBackground(ctx workflow.Context, on steps.Occasion) {
	about := w.Case
	w.sending++
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { w.sending-- }()
		m, err := prepareMail.Run(ctx, 0, "Write the mail: "+string(on), steps.MailRequest{Case: about, Occasion: on}, nil)
		if err == nil && len(m.To) > 0 {
			_, err = sendMessage.Run(ctx, workflows.MailWithin, "Mail: the case is "+string(on), m, nil)
			if temporal.IsCanceledError(err) {
				ctx, _ = workflow.NewDisconnectedContext(ctx)
				_, err = skipMessage.Run(ctx, workflows.MailWithin, "Skip the mail: the case is over", mails.SkipRequest{Message: m, Why: "the case is over"}, nil)
			}
		}
		if err != nil && !temporal.IsCanceledError(err) {
			workflow.GetLogger(ctx).Error("the mail about a case is not sent", "case", about.ID, "occasion", on, "error", err)
		}
	})
}

// StartAttributes returns the search attributes of a case that opens.
func StartAttributes(c order.Case) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(workflows.AttrCase.ValueSet(string(c.Kind)), workflows.AttrCaseStatus.ValueSet(string(c.Status)), workflows.AttrDeadline.ValueSet(c.DueAt))
}

// show updates what the Temporal UI shows.
func (w *caseWorkflow) show(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, details(w.Case))
	status := w.Case.Status
	if status == w.shown || status == "" {
		return nil
	}
	w.shown = status
	if status.Over() {
		return workflow.UpsertTypedSearchAttributes(ctx, workflows.AttrCaseStatus.ValueSet(string(status)), workflows.AttrDeadline.ValueUnset())
	}
	return workflow.UpsertTypedSearchAttributes(ctx, workflows.AttrCase.ValueSet(string(w.Case.Kind)), workflows.AttrCaseStatus.ValueSet(string(status)), workflows.AttrDeadline.ValueSet(w.Case.DueAt))
}

// details describes a case, as Markdown.
func details(c order.Case) string {
	s := fmt.Sprintf("**%s**: %s", c.Status, c.Why)
	for _, line := range []struct{ name, text string }{
		{"Purser", c.Record}, {"Provider", c.Provider}, {"Outcome", c.Outcome}, {"Assignee", c.Assignee},
	} {
		if line.text != "" {
			s += fmt.Sprintf("\n\n%s: %s", line.name, line.text)
		}
	}
	if c.Amount.Amount != 0 {
		s += fmt.Sprintf("\n\nAmount: %s", c.Amount)
	}
	if c.Proposal != nil {
		s += fmt.Sprintf("\n\nProposed, and to be approved by a second person with an API key: %s", c.Proposal)
	}
	for _, n := range c.Notes {
		s += fmt.Sprintf("\n\n- %s %s: %s", n.At.Format("2006-01-02 15:04 MST"), n.Who, n.Text)
	}
	if !c.Status.Over() {
		s += fmt.Sprintf("\n\nDue at %s. Decide with the Update `%s`: `%s`", c.DueAt.Format("2006-01-02 15:04 MST"), DecideCase, joined(c.Choices))
	}
	return s
}
