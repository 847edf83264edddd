//go:build !lean

package starter_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/mail"
	"purser/order"
)

// TestAftercareHasTheSameResults (REC-10, IDEM-1, SHP-4): every Update and every kind of
// provider event has the same result, whether the order's workflow still runs, has ended, or
// is not known to Temporal any more. In the last two cases AftercareWorkflow is stopped before
// each message, so that it begins with what the record has.
func TestAftercareHasTheSameResults(t *testing.T) {
	d := newOrderFixture(t)
	d.stock(100)
	scripts := []script{
		{name: "delivered, then returned and kept", begin: (*messenger).deliver, ends: order.Returned, does: func(m *messenger) {
			m.messages()
			m.bringBack()
			m.resolve(order.ChooseRelease)
			m.resolve(order.ChooseVoid)
			m.resolve(order.ChooseKeep, order.OrderResolved)
			m.resolve(order.ChooseKeep)
			m.cancel()
		}},
		{name: "delivered, then returned and refunded", begin: (*messenger).deliver, ends: order.Returned, does: func(m *messenger) {
			m.bringBack()
			m.resolve(order.ChooseRefund, order.OrderResolved, order.CancelRequested, order.PaymentRefunded, order.OrderReturned, order.MailSent)
			m.placeAgain()
		}},
		{name: "delivered, then returned, sent again and cancelled", begin: (*messenger).deliver, ends: order.Cancelled, does: func(m *messenger) {
			m.bringBack()
			m.resolve(order.ChooseRebook, order.ReturnWasCancelled, order.OrderResolved, order.ParcelWasBooked)
			m.cancel(order.CancelRequested, order.ParcelWasVoided, order.PaymentRefunded, order.StockReleased, order.OrderCancelled, order.MailSent, order.MailSent)
			m.placeAgain()
		}},
		{name: "cancelled", begin: (*messenger).cancelUnpaid, ends: order.Cancelled, does: func(m *messenger) {
			m.messages()
			m.scan(order.ParcelReturned, order.EventIgnored)
		}},
	}
	var forgotten []*messenger
	for _, s := range scripts {
		m := d.messenger(s.name, nothing)
		s.begin(m)
		forgotten = append(forgotten, m)
	}
	d.open() // an engine that does not know them
	for i, s := range scripts {
		t.Run(s.name, func(t *testing.T) {
			defer func(was *testing.T) { d.T = was }(d.T)
			d.T = t
			all := []*messenger{d.messenger(s.name, running), d.messenger(s.name, history), forgotten[i]}
			s.begin(all[0])
			s.begin(all[1])
			for _, m := range all {
				s.does(m)
				if o := m.order(); o.Status != s.ends {
					t.Errorf("%s: the order is %s, want %s", m.kept, o.Status, s.ends)
				}
				events := m.since()
				slices.SortStableFunc(events, func(a, b order.Event) int { // mails go out concurrently
					return strings.Compare(string(a.Kind)+a.Why, string(b.Kind)+b.Why)
				})
				m.results = append(m.results, m.plain(m.order()), m.plain(events))
				if diff := cmp.Diff(all[0].results, m.results); diff != "" {
					t.Errorf("%s (-), %s (+): %s", running, m.kept, diff)
				}
			}
		})
	}
}

// script is what happens to an order: until it ends, and then.
type script struct {
	name  string
	begin func(*messenger)
	does  func(*messenger)
	ends  order.Status
}

// messages sends every message that leaves the order in its phase.
func (m *messenger) messages() {
	delivered := m.order().Status == order.Delivered
	m.placeAgain()
	m.cancel()
	for _, c := range order.Choices() {
		m.resolve(c)
	}
	in, _ := m.bank.IntentOf(m.id)
	own := m.payment(in.PaymentEvent())
	if delivered {
		m.report(own, order.PaymentConfirmed)
		m.report(own) // again
		m.refundAtBank(in.ID)
	} else {
		m.report(own, order.EventIgnored)
		m.report(own)
	}
	m.surplus(false, order.PaymentVoided)
	m.surplus(true, order.PaymentRefunded, order.MailSent)
	dispute := func(s order.DisputeStatus, kinds ...order.Kind) {
		m.report(order.ProviderEvent{Provider: "bank", Type: "dispute", Dispute: &order.Dispute{
			ID: "dp_1", PaymentRef: in.ID, Amount: order.Money{Amount: 700, Currency: "EUR"}, Reason: "fraudulent", Status: s,
		}}, kinds...)
	}
	dispute(order.DisputeNeedsResponse, order.PaymentDisputed, order.MailSent)
	dispute(order.DisputeLost, order.DisputeClosed)
	dispute(order.DisputeUnderReview, order.EventIgnored)
	m.report(order.ProviderEvent{Provider: "fake", Type: "bounce", Mail: &order.MailTrouble{
		Notification: order.MailConfirmation, Kind: mail.Bounced, Bounce: mail.Permanent, Provider: "fake", ProviderID: "fake-1",
	}}, order.MailBounced)
	m.report(order.ProviderEvent{Provider: "bank", Type: "review.opened"}, order.EventIgnored)
}
