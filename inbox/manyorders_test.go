package inbox_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"purser/inbox"
	"purser/mail"
	"purser/order"
	inboxrecords "purser/records/inbox"
)

// attemptLedger is an empty ledger that passes on how a delivery ended.
type attemptLedger struct {
	inbox.Ledger
	states chan inboxrecords.State
}

func (attemptLedger) Due(context.Context, time.Time, inboxrecords.Place, int) ([]inboxrecords.Item, error) {
	return nil, nil
}

func (s attemptLedger) RecordDelivery(_ context.Context, _ []int64, st inboxrecords.State, _ string, _ time.Time) error {
	s.states <- st
	return nil
}

// slow stands in for workflows that respond after 20 ms.
type slow struct{ *workflows }

func (s slow) Report(ctx context.Context, id order.ID, events []order.ProviderEvent) error {
	select {
	case <-time.After(20 * time.Millisecond):
		return s.workflows.Report(ctx, id, events)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestMails_ofAThousandOrders proves WHK-14: a report about a thousand orders
// takes longer than the time-out of a single order, is handled at the first
// attempt all the same, and notifies each order once.
func TestMails_ofAThousandOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &mailReports{}
		for n := range 1000 {
			e.events = append(e.events, order.ProviderEvent{ID: fmt.Sprint("mail:", n), OrderID: order.ID(fmt.Sprint("ord_", n)), Mail: &order.MailTrouble{}})
		}
		l, w := attemptLedger{states: make(chan inboxrecords.State, 8)}, newWorkflows()
		r := &inbox.Relay{Orders: slow{w}, Ledger: l, Mails: e}
		stop := start(r)
		r.HandMail(inboxrecords.Item{ID: 1}, mail.Report{Feedback: []mail.Feedback{{ProviderID: "m1"}}})
		if st := <-l.states; st != inboxrecords.Delivered || e.calls != 1 || len(w.reports) != 1000 {
			t.Errorf("%s after %d attempts, %d orders notified", st, e.calls, len(w.reports))
		}
		stop()
	})
}
