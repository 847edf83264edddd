package orders_test

import (
	"bytes"
	"testing"
	"time"

	"purser/mail"
	"purser/order"
	"purser/workflows/orders"
)

// labelled scripts that a return is asked for, and approved with a label, three days after
// placing.
func (w *fixture) labelled(id string) {
	w.at(time.Minute, w.pay)
	w.arrive(0)
	w.steps(3*day, func() *updateResult { return w.requestReturn(id, 1) }, func() *updateResult { return w.approveWithLabel(id) })
}

func (w *fixture) approveWithLabel(id string) *updateResult {
	got := new(updateResult)
	w.update(string(orders.DecideReturn), "", got, orders.DecideReturnRequest{
		ReturnDecision: order.ReturnDecision{ID: id, Step: order.StepApprove, Label: true}, Sender: sentBy("key:ops", "looked at it"),
	})
	return got
}

// attached returns the files of the mails about a milestone.
func (w *fixture) attached(n order.Notification) (all []mail.Attachment) {
	for _, m := range w.mailer.Sent() {
		if m.Template == string(n) {
			all = append(all, m.Attachments...)
		}
	}
	return all
}

// hasLabel checks the state of the label of an order's only return, at the order and at the carrier.
func hasLabel(s order.ReturnLabelStatus, at order.ParcelStatus) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		l := w.order().Returns[0].Label
		p, made := w.carrier.Parcels()[l.Reference]
		if l.Status != s || p.Status != at || made && at != order.ParcelVoided && l.LabelID != p.LabelID {
			t.Errorf("the label is %+v, at the carrier %+v; want %s and %q", l, p, s, at)
		}
		if asked := w.carrier.Asked(l.Reference); made && (!asked.Return || asked.To.Line1 != "1 Quay" || len(asked.Lines) != 1 || asked.Lines[0].Quantity != 1) {
			t.Errorf("asked for %+v", asked)
		}
	}
}

// hasFiles checks how many of the mails about an approved return carry the label.
func hasFiles(n int) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		all := w.attached(order.MailReturnApproved)
		for _, a := range all {
			if a.Name != "return-rt1.pdf" || a.Type != "application/pdf" || !bytes.HasPrefix(a.Data, []byte("%PDF-")) {
				t.Errorf("the mail carries %s, %s, %d bytes", a.Name, a.Type, len(a.Data))
			}
		}
		if len(all) != n {
			t.Errorf("%d files are mailed, want %d", len(all), n)
		}
	}
}

// TestReturnLabel (REF-9, EML-10, SHP-1): the label of a return is made once, and its file is
// in the mail, which waits for it. It is voided if the goods do not come.
func TestReturnLabel(t *testing.T) {
	expired := also(delivered, also(asksBack, order.MailReturnExpired)...)
	runScenarios(t, []scenario{
		{name: "made, mailed, and used", script: func(w *fixture) {
			w.labelled("rt1")
			w.steps(5*day, func() *updateResult { return w.approveWithLabel("rt1") }, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(delivered, also(comesBack, refunded)...), check: both(
			hasReturns("rt1 closed 1450"), hasLabel(order.ReturnLabelMade, order.ParcelBooked), hasFiles(1), calledTimes("LabelFile", 1), hasEvent(order.ReturnLabelWasMade, "TRACK-"), calm)},
		{name: "the goods do not come: it is voided", script: func(w *fixture) { w.labelled("rt1") }, ends: order.Delivered, mails: expired, check: both(
			hasReturns("rt1 expired 0"), hasLabel(order.ReturnLabelVoid, order.ParcelVoided), hasFiles(1), hasEvent(order.ReturnLabelVoided, "rt1"))},
		{name: "cancelled: it is voided", script: func(w *fixture) {
			w.labelled("rt1")
			w.steps(5*day, func() *updateResult { return w.decideReturn("rt1", order.StepCancel) })
		}, ends: order.Delivered, mails: also(delivered, also(asksBack, order.MailReturnCancelled)...), check: hasLabel(order.ReturnLabelVoid, order.ParcelVoided)},
		{name: "cancelled when the carrier has the parcel already", script: func(w *fixture) {
			w.labelled("rt1")
			w.at(4*day, func() {
				if _, err := w.carrier.Scan(w.order().Returns[0].Label.Reference, order.ParcelInTransit); err != nil {
					w.Fatalf("scan: %v", err)
				}
			})
			w.steps(5*day, func() *updateResult { return w.decideReturn("rt1", order.StepCancel) })
		}, ends: order.Delivered, mails: also(delivered, also(asksBack, order.MailReturnCancelled)...), check: both(hasLabel(order.ReturnLabelLeft, order.ParcelInTransit), calm)},
		{name: "the carrier's responses are lost: there is one label", script: func(w *fixture) {
			w.at(3*day, func() { w.fail("BookParcel", 4, order.ErrUnknownOutcome); w.fail("LabelFile", 3, order.ErrUnavailable) })
			w.labelled("rt1")
		}, ends: order.Delivered, mails: expired, check: both(hasLabel(order.ReturnLabelVoid, order.ParcelVoided), hasFiles(1), calm)},
		{name: "the carrier is down: the approval does not wait, a person is asked after a day, and the mail goes out when it is back", script: func(w *fixture) {
			w.at(3*day-time.Hour, func() { w.down(6*day, order.ErrUnavailable, "BookParcel") })
			w.labelled("rt1")
			w.attends(3*day+20*time.Hour, 0, order.ReturnApproved)
			w.at(5*day, func() {
				if c := w.caseOf(order.CaseReturnLabel); c.About != "label of return rt1" || len(w.attached(order.MailReturnApproved)) != 0 {
					w.Errorf("the case is %+v", c)
				}
			})
			w.attends(8*day, 0, order.ReturnApproved)
		}, ends: order.Delivered, mails: expired, check: both(hasLabel(order.ReturnLabelVoid, order.ParcelVoided), hasFiles(1), calm)},
		{name: "the carrier is down, and a person does without: the mail has no label", script: func(w *fixture) {
			w.at(3*day-time.Hour, func() { w.down(90*day, order.ErrUnavailable, "BookParcel") })
			w.labelled("rt1")
			w.at(5*day, func() {
				w.says("keep", w.decideAbout(w.caseOf(order.CaseReturnLabel).ID, order.ChooseKeep, "", 0), "", "")
			})
		}, ends: order.Delivered, mails: expired, check: both(hasLabel(order.ReturnLabelLeft, ""), hasFiles(0), calm)},
		{name: "the carrier refuses it: a person is asked at once, and it is tried again", script: func(w *fixture) {
			w.at(3*day, func() { w.fail("BookParcel", 1, order.ErrRejected) })
			w.labelled("rt1")
			w.at(3*day+2*time.Hour-time.Minute, func() { w.says("release", w.release(), "", "") })
		}, ends: order.Delivered, mails: expired, check: both(hasLabel(order.ReturnLabelVoid, order.ParcelVoided), hasFiles(1), calm)},
		{name: "cancelled while it is being made: what was perhaps made is voided, and nothing is mailed about it", script: func(w *fixture) {
			w.at(3*day, func() { w.down(5*day, order.ErrUnknownOutcome, "BookParcel") })
			w.labelled("rt1")
			w.steps(4*day, func() *updateResult { return w.decideReturn("rt1", order.StepCancel) })
		}, ends: order.Delivered, mails: also(delivered, order.MailReturnRequested, order.MailReturnCancelled), check: both(hasLabel(order.ReturnLabelVoid, order.ParcelVoided), hasFiles(0), calm)},
		{name: "the goods come before it is made", script: func(w *fixture) {
			w.at(3*day, func() { w.down(6*day, order.ErrUnavailable, "BookParcel") })
			w.labelled("rt1")
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(delivered, order.MailReturnRequested, order.MailReturnReceived, refunded), check: both(hasLabel(order.ReturnLabelVoid, order.ParcelVoided), hasReturns("rt1 closed 1450"), calm)},
		{name: "the store does not keep the file: the carrier is asked for it again", script: func(w *fixture) {
			w.runner.labels.Fail = func(op, key string) error {
				return &order.ProviderError{Provider: "store", Op: op, Kind: order.ErrUnavailable}
			}
			w.labelled("rt1")
		}, ends: order.Delivered, mails: expired, check: both(hasFiles(1), calledTimes("LabelFile", 2))},
		{name: "the history grows long while the mail waits", script: func(w *fixture) {
			w.at(3*day-time.Hour, func() { w.down(5*day, order.ErrUnavailable, "BookParcel") })
			w.labelled("rt1")
			w.at(4*day+12*time.Hour, func() { w.env.SetContinueAsNewSuggested(true); w.sendEvents(w.paid(w.intentEvent())) })
		}, ends: order.Delivered, mails: expired, check: both(hasLabel(order.ReturnLabelVoid, order.ParcelVoided), hasFiles(1), calm)},
		{name: "goods that lack customs data: a person is asked at once", script: func(w *fixture) {
			w.placement.Terms.Parcels = orders.ParcelsByOperator
			w.placement.Terms.ShipFrom = "DE"
			w.at(time.Minute, w.pay)
			w.adds(time.Hour, byHand("a", 0), "")
			w.marks(2*time.Hour, 1, order.ParcelDelivered, "")
			w.steps(3*day, func() *updateResult { return w.requestReturn("rt1", 1) }, func() *updateResult { return w.approveWithLabel("rt1") })
			w.at(4*day, func() {
				w.says("keep", w.decideAbout(w.caseOf(order.CaseReturnLabel).ID, order.ChooseKeep, "", 0), "", "")
			})
		}, ends: order.Delivered, mails: expired, check: both(hasFiles(0), calledTimes("BookParcel", 0), hasEvent(order.OrderNeedsAttention, "mug (hsCode, origin)"))},
	})
}

// TestReturnLabelTerminated (REF-9, REC-10): a workflow that is terminated while the label is
// made leaves a state from which the aftercare makes it, and mails it once.
func TestReturnLabelTerminated(t *testing.T) {
	w := newFixture(t)
	w.terminatedAfter = 100 * time.Hour
	w.at(time.Minute, w.pay)
	w.at(2*time.Hour, func() { w.scan(order.ParcelInTransit) })
	w.at(24*time.Hour, func() {
		w.down(70*time.Hour, order.ErrUnavailable, "SendMail") // so that the order's workflow goes on
		w.scan(order.ParcelDelivered)
	})
	w.at(25*time.Hour, func() { w.down(120*time.Hour, order.ErrUnknownOutcome, "BookParcel") })
	w.steps(26*time.Hour, func() *updateResult { return w.requestReturn("rt1", 1) }, func() *updateResult { return w.approveWithLabel("rt1") })
	w.at(130*time.Hour, func() { w.sendEvents() })
	w.run().ended(order.Delivered)
	both(hasLabel(order.ReturnLabelVoid, order.ParcelVoided), hasFiles(1))(t, w)
	if t.Failed() {
		w.logTimeline()
	}
}
