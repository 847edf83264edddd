package order_test

import (
	"testing"
	"time"

	"purser/order"
)

// TestWaitingSame: a nil Waiting equals only another nil one, and each field counts.
func TestWaitingSame(t *testing.T) {
	until := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	some := order.Waiting{On: "payment", Until: until, Then: "expire", About: "pi_1"}
	on, later, then, about, elsewhere := some, some, some, some, some
	on.On, later.Until, then.Then, about.About = "carrier", until.Add(time.Second), "hold", "pi_2"
	elsewhere.Until = until.In(time.FixedZone("CET", 3600))
	for _, c := range []struct {
		name string
		a, b *order.Waiting
		want bool
	}{
		{name: "both nil", want: true},
		{name: "equal", a: &some, b: new(some), want: true},
		{name: "one is nil", a: &some, b: nil},
		{name: "one is nil, the other is zero", a: new(order.Waiting), b: nil},
		{name: "another subject", a: &some, b: &on},
		{name: "another time", a: &some, b: &later},
		{name: "the same time in another zone", a: &some, b: &elsewhere, want: true},
		{name: "another consequence", a: &some, b: &then},
		{name: "another reference", a: &some, b: &about},
	} {
		if c.a.Same(c.b) != c.want || c.b.Same(c.a) != c.want {
			t.Errorf("%s: %t, and the other way round %t, want %t", c.name, c.a.Same(c.b), c.b.Same(c.a), c.want)
		}
	}
}

// severalOf is an order with several refunds, disputes, parcels and payments.
func severalOf() order.Order {
	eur := func(n int64) order.Money { return order.Money{Amount: n, Currency: "EUR"} }
	return order.Order{
		ID: "ord_1", Email: "a@example.com", Total: eur(1000),
		Payments: []order.Payment{{Reference: "pi_1"}, {Reference: "pi_2"}},
		Refunds: []order.Refund{
			{ID: "r1", Amount: eur(100), Status: order.RefundSucceeded},
			{ID: "r2", Amount: eur(200), Status: order.RefundFailed},
			{ID: "r3", Amount: eur(300), Status: order.RefundSucceeded},
			{ID: "r4", Amount: eur(400), Status: order.RefundPending},
		},
		Disputes:  []order.Dispute{{ID: "dp_1", Amount: eur(500), Reason: "fraudulent"}, {ID: "dp_2", Amount: eur(600), Reason: "duplicate"}},
		Shipments: []order.Shipment{{Number: 1, Reference: "s1", Tracking: "T1"}, {Number: 2, Reference: "s2", Tracking: "T2"}, {Number: 3, Reference: "s3", Tracking: "T3"}},
	}
}

// TestMailAbout (EML-1): a mail about one of several refunds, disputes, parcels or
// payments is found by its reference, and is the latest one without a reference.
func TestMailAbout(t *testing.T) {
	for _, c := range []struct {
		name     string
		kind     order.Notification
		ref      string
		want     string
		amount   int64
		tracking string
	}{
		{name: "the latest refund that succeeded", kind: order.MailRefunded, want: "r3", amount: 300, tracking: "T3"},
		{name: "a refund", kind: order.MailRefunded, ref: "r1", want: "r1", amount: 100, tracking: "T3"},
		{name: "the refund that failed", kind: order.MailRefundFailed, want: "r2", amount: 200, tracking: "T3"},
		{name: "the latest dispute", kind: order.MailDispute, want: "dp_2", amount: 600, tracking: "T3"},
		{name: "a dispute", kind: order.MailDispute, ref: "dp_1", want: "dp_1", amount: 500, tracking: "T3"},
		{name: "the present parcel", kind: order.MailShipped, want: "s3", tracking: "T3"},
		{name: "a parcel", kind: order.MailDelivered, ref: "s2", want: "s2", tracking: "T2"},
		{name: "the first parcel", kind: order.MailDelivered, ref: "s1", tracking: "T1"},
		{name: "the present payment", kind: order.MailPaymentProblem, want: "pi_2", tracking: "T3"},
		{name: "a payment", kind: order.MailPaymentProblem, ref: "pi_1", want: "pi_1", tracking: "T3"},
	} {
		m := severalOf().MailAbout(c.kind, c.ref)
		if m.Ref != c.want || m.Amount.Amount != c.amount || m.Tracking != c.tracking {
			t.Errorf("%s: it is about %q, %d, %s, want %q, %d, %s", c.name, m.Ref, m.Amount.Amount, m.Tracking, c.want, c.amount, c.tracking)
		}
	}
}

// TestMailWithRef (EML-1): the mail that has no reference is about the first parcel, also
// when others have followed.
func TestMailWithRef(t *testing.T) {
	for _, c := range []struct {
		kind          order.Notification
		ref, tracking string
	}{
		{kind: order.MailDelivered, tracking: "T1"},
		{kind: order.MailShipped, ref: "s2", tracking: "T2"},
		{kind: order.MailRefunded, ref: "r1", tracking: "T3"},
		{kind: order.MailConfirmation, tracking: "T3"},
		{kind: order.MailConfirmation, ref: "elsewhere", tracking: "T3"},
	} {
		if m := severalOf().MailWithRef(c.kind, c.ref); m.Ref != c.ref || m.Tracking != c.tracking {
			t.Errorf("%s with the reference %q: it is about %q, %s, want %s", c.kind, c.ref, m.Ref, m.Tracking, c.tracking)
		}
	}
}

// TestDigitalMail (SHP-8): the mail with the links of an order is the same one whatever
// number the shipment has, and is sent once.
func TestDigitalMail(t *testing.T) {
	o := severalOf()
	o.Shipments = append(o.Shipments, order.Shipment{Number: 4, Reference: "s4", Method: order.NoParcel, Delivered: []order.DigitalDelivery{{SKU: "ebook", Text: "one"}}})
	first := o.MailAbout(order.MailDigital, "s4")
	if first.Ref != "" || len(first.Delivered) != 1 || first.Delivered[0].Text != "one" || first.Key() != o.MailFor(order.MailDigital).Key() {
		t.Errorf("%+v", first)
	}
	o.Shipments = append(o.Shipments, order.Shipment{Number: 5, Reference: "s5", Method: order.NoParcel, Delivered: []order.DigitalDelivery{{SKU: "ebook", Text: "two"}}})
	if second := o.MailAbout(order.MailDigital, "s5"); second.Ref != "s5" || second.Delivered[0].Text != "two" {
		t.Errorf("%+v", second)
	}
	if m := o.MailFor(order.MailShipped); m.Tracking != "T3" {
		t.Errorf("the present parcel is %q", m.Tracking)
	}
}

// TestResendNamed (EML-1, IDEM-3): a mail that is sent again is found by its key, even
// if the order's latest refund or dispute is another one.
func TestResendNamed(t *testing.T) {
	for _, ref := range []string{"", "r1", "r3", "dp_2", "re-with-dashes", "9:1"} {
		for _, generation := range []int{1, 2, 12} {
			was := order.Mail{OrderID: "ord_1", Notification: order.MailRefunded, Ref: ref, Generation: generation}
			r := order.Resend{OrderID: was.OrderID, Notification: was.Notification, Ref: "r4"}
			if got := r.Named(was.Key(), generation); got.Ref != ref || got.Key() != was.Key() {
				t.Errorf("%s is found as %s, about %q", was.Key(), got.Key(), got.Ref)
			}
		}
	}
}
