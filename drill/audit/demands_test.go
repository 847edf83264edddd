package audit

import (
	"slices"
	"testing"
	"time"
)

// ofEvents returns events that happen one second after the other; a number says after
// how many seconds the next one happens instead.
func ofEvents(all ...any) (events []eventRow) {
	at := int64(0)
	for _, v := range all {
		switch v := v.(type) {
		case int:
			at += int64(v) * time.Second.Microseconds()
		case string:
			events = append(events, eventRow{seq: int64(len(events)) + 1, at: at, kind: v, ref: "ref"})
			at += time.Second.Microseconds()
		case eventRow:
			v.seq, v.at = int64(len(events))+1, at
			events = append(events, v)
			at += time.Second.Microseconds()
		}
	}
	return events
}

// TestDemandedMails: for each mail of an order, the facts that call for it, and those
// that do not.
func TestDemandedMails(t *testing.T) {
	delayed := eventRow{kind: "step.delayed", why: "Book parcel ord-1: 503"}
	for _, tt := range []struct {
		name     string
		events   []eventRow
		payments []paymentRow
		refunds  []refundRow
		lost     bool
		kills    []int // when, in seconds
		cases    []caseRow
		parcels  []parcelDoc
		want     []string
	}{
		{name: "the plain order", events: ofEvents("payment.ready", "payment.authorized", "parcel.booked", "payment.captured", "parcel.shipped", "parcel.delivered"), want: []string{"confirmation", "delivered", "shipped"}},
		{name: "two parcels", events: ofEvents("parcel.shipped", "parcel.shipped", "parcel.delivered", "parcel.delivered"), want: []string{"delivered", "delivered", "shipped", "shipped"}},
		{name: "in advance", events: ofEvents("payment.ready"), payments: []paymentRow{{provider: "manual", reference: "ref"}}, want: []string{"prepayment"}},
		{name: "cancelled", events: ofEvents("order.cancel_requested", "order.cancelled"), want: []string{"cancelled"}},
		{name: "expired", events: ofEvents("order.expired"), want: []string{"expired"}},
		{name: "brought back", events: ofEvents("order.returned")},
		{name: "declined, and tried again", events: ofEvents("payment.declined", 10, "payment.authorized")},
		{name: "declined, and never tried again", events: ofEvents("payment.declined", 45, "order.cancel_requested", "order.expired"), want: []string{"expired", "payment_problem"}},
		{name: "declined twice, one intent", events: ofEvents("payment.declined", 45, "payment.declined", 45, "order.cancel_requested"), want: []string{"payment_problem"}},
		{name: "declined, and a provider holds it up", events: ofEvents("payment.declined", eventRow{kind: "step.delayed", why: "Ask about payment ref: 503"}, 45, "order.cancel_requested", "order.expired"), want: []string{"expired"}},
		{name: "declined, and a provider holds it up for long", events: ofEvents("payment.declined", eventRow{kind: "step.delayed", why: "Ask about payment ref: 503"}, 200, "order.cancel_requested", "order.expired"), want: []string{"expired", "payment_problem"}},
		{name: "declined, and an attempt was lost", lost: true, events: ofEvents("payment.declined", 45, "order.cancel_requested", "order.expired"), want: []string{"expired"}},
		{name: "the carrier is late, and an attempt was lost", lost: true, events: ofEvents("payment.authorized", delayed, 45, "parcel.booked")},
		{name: "declined, and the shop is killed twice", kills: []int{5, 20}, events: ofEvents("payment.declined", 45, "order.cancel_requested", "order.expired"), want: []string{"expired"}},
		{name: "declined, and the shop was killed before", kills: []int{-5, 60}, events: ofEvents("payment.declined", 45, "order.cancel_requested", "order.expired"), want: []string{"expired", "payment_problem"}},
		{name: "the carrier is late, and the shop is killed twice", kills: []int{5, 20}, events: ofEvents("payment.authorized", delayed, 45, "parcel.booked")},
		{name: "the bank's page after a decline", events: ofEvents("payment.declined", 5, "payment.action_required", 60, "order.expired"), want: []string{"expired"}},
		{name: "the hold lapses", events: ofEvents("payment.asked_again"), want: []string{"pay_again"}},
		{name: "the carrier is late", events: ofEvents("payment.authorized", delayed, 45, "parcel.booked"), want: []string{"received"}},
		{name: "the carrier is late, and then it is cancelled", events: ofEvents("payment.authorized", delayed, 10, "order.cancel_requested")},
		{name: "on hold", events: ofEvents("payment.authorized", "order.on_hold", 45, "order.cancel_requested"), want: []string{"received"}},
		{name: "slow, but never delayed", events: ofEvents("payment.authorized", 45, "parcel.booked")},
		{name: "another step is delayed", events: ofEvents("payment.authorized", eventRow{kind: "step.delayed", why: "Capture 1 EUR: 503"}, 45, "parcel.booked")},
		{name: "refunds", refunds: []refundRow{{id: "1", status: "succeeded"}, {id: "2", status: "succeeded"}, {id: "3", status: "failed"}, {id: "4", status: "pending"}, {id: "5", status: "canceled"}, {id: "6", status: "released"}}, want: []string{"refund_failed", "refunded", "refunded"}},
		{name: "a dispute", events: ofEvents(eventRow{kind: "payment.disputed", why: "10 EUR, fraudulent: needs_response, respond by 2026-12-01"}), want: []string{"dispute"}},
		{name: "a dispute that was lost when it was heard of", events: ofEvents(eventRow{kind: "payment.disputed", why: "10 EUR, fraudulent: lost"})},
		{name: "cancelled with one of two parcels", parcels: make([]parcelDoc, 2), events: ofEvents("payment.authorized", "parcel.booked", "payment.captured", "order.cancel_requested", "order.cancelled"), want: []string{"cancelled"}},
		{name: "cancelled with both parcels", parcels: make([]parcelDoc, 2), events: ofEvents("payment.authorized", "parcel.booked", "payment.captured", "parcel.booked", "order.cancel_requested", "order.cancelled"), want: []string{"cancelled", "confirmation"}},
		{name: "collected", events: ofEvents("parcel.ready", "parcel.delivered"), parcels: []parcelDoc{{Reference: "ref", Method: "pickup"}}, want: []string{"ready"}},
		{name: "sent without a label", events: ofEvents("parcel.shipped", "parcel.delivered"), parcels: []parcelDoc{{Reference: "ref", Method: "own"}}, want: []string{"delivered", "shipped"}},
		{name: "a return", events: ofEvents("return.requested", "return.approved", "return.received", "return.closed"), want: []string{"return_approved", "return_received", "return_requested"}},
		{name: "a return that ends otherwise", events: ofEvents("return.requested", "return.rejected", "return.requested", "return.cancelled"), want: []string{"return_cancelled", "return_rejected", "return_requested", "return_requested"}},
		{name: "cases", cases: []caseRow{{over: never}, {over: 181e6}, {openedAt: 2e6, over: 181e6}}, want: []string{"case", "case"}},
		{name: "free", events: ofEvents("payment.not_needed", "parcel.booked", "parcel.shipped"), want: []string{"confirmation", "shipped"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := orderRow{id: "ord", total: 1000, doc: orderDoc{Shipments: tt.parcels}}
			if tt.name == "free" {
				o.total = 0
			}
			a := &audit{Input: Input{Terms: Terms{AskAfter: time.Second, ReceivedAfter: 3 * time.Second}}}
			a.timeline = map[string][]eventRow{o.id: tt.events}
			a.payments = map[string][]paymentRow{o.id: tt.payments}
			a.cases = map[string][]caseRow{o.id: tt.cases}
			for _, s := range tt.kills {
				a.Kills = append(a.Kills, time.Unix(int64(s), 0))
			}
			a.record.replacedIn = map[string]bool{o.id: tt.lost}
			a.record.refunds = map[string][]refundRow{o.id: tt.refunds}
			var got []string
			for template, why := range a.demandedMails(o) {
				got = append(got, slices.Repeat([]string{template}, len(why))...)
			}
			slices.Sort(got)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestUnsentMails: what the ledger says of a mail that was called for.
func TestUnsentMails(t *testing.T) {
	for _, tt := range []struct {
		name  string
		mails []mailRow
		lost  int
	}{
		{name: "sent", mails: []mailRow{{template: "expired", state: "sent", generation: 1}}},
		{name: "perhaps sent", mails: []mailRow{{template: "expired", state: "unknown", generation: 1}}},
		{name: "being sent when the shop died", mails: []mailRow{{template: "expired", state: "sending", generation: 1}}},
		{name: "to an address that is suppressed", mails: []mailRow{{template: "expired", state: "suppressed", generation: 1}}},
		{name: "never tried", lost: 1},
		{name: "refused", mails: []mailRow{{template: "expired", state: "rejected", generation: 1}}, lost: 1},
		{name: "only another one", mails: []mailRow{{template: "cancelled", state: "sent", generation: 1}}, lost: 1},
		{name: "only a copy that somebody asked for", mails: []mailRow{{template: "expired", state: "sent", generation: 2, askedBy: "key:ops"}}, lost: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := orderRow{id: "ord", status: "expired", total: 1000}
			a := &audit{wrong: map[string]bool{}, report: Report{Broken: map[Counter][]string{}}}
			a.timeline = map[string][]eventRow{o.id: ofEvents("order.expired")}
			a.record.mails = map[string][]mailRow{o.id: tt.mails}
			a.countUnsent(o)
			if n := a.report.Count(UnsentMails); n != tt.lost || a.wrong[o.id] != (tt.lost > 0) {
				t.Errorf("%d unsent mails, want %d: %v", n, tt.lost, a.report.Broken)
			}
		})
	}
}
