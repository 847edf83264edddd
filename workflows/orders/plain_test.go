package orders_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
)

// TestPlain checks an order without any fault (PAY-1, PAY-8, PAY-15, SHP-4, EML-1).
func TestPlain(t *testing.T) {
	w := newFixture(t)
	w.at(time.Minute, w.pay)
	w.arrive(0)
	w.run().ended(order.Delivered).mailed(order.MailConfirmation, order.MailShipped, order.MailDelivered)
	want := []order.Kind{
		order.OrderPlaced, order.StockReserved, order.PaymentReady, order.PaymentWasAuthorized, order.ParcelWasBooked,
		order.PaymentWasCaptured, order.MailSent, order.ParcelWasShipped, order.MailSent, order.ParcelArrived, order.MailSent,
	}
	if d := cmp.Diff(want, w.kinds()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"create", "capture"}, w.record.Attempts(id)); d != "" {
		t.Error("PAY-2:", d)
	}
}

// TestRecordedFirst (WHK-13): the steps after a payment wait until the record has the
// payment.
func TestRecordedFirst(t *testing.T) {
	w := newFixture(t)
	w.at(time.Minute, func() { w.down(time.Hour, order.ErrUnavailable, "SaveOrder"); w.pay() })
	w.at(50*time.Minute, func() {
		if n := w.called("BookParcel") + w.called("CaptureIntent"); n != 0 {
			w.Errorf("%d steps were taken before the record had the payment", n)
		}
	})
	w.arrive(2 * time.Hour)
	w.run().ended(order.Delivered).mailed(delivered...)
}
