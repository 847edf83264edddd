package e2e_test

import (
	"testing"

	"purser/order"
	"purser/shop"
)

// sendBack sends a mug of an order back, and returns the order when the return is closed.
func (s *stack) sendBack(t *testing.T, id order.ID, returnID string, instead ...order.RequestLine) shop.Order {
	t.Helper()
	ask := order.ReturnRequest{ID: returnID, Reason: "another one", Lines: []order.ReturnItem{{SKU: "mug-blue", Quantity: 1}}, Exchange: instead}
	if _, err := s.shop.RequestReturn(within(t), id, ask); err != nil {
		t.Fatalf("request: %v", err)
	}
	if _, err := s.shop.DecideReturn(within(t), id, order.ReturnDecision{ID: returnID, Step: order.StepApprove}, "in time"); err != nil {
		t.Fatalf("approve: %v", err)
	}
	got := shop.ReturnReceipt{Reason: "unpacked", ReturnReceipt: order.ReturnReceipt{Lines: []order.ReceivedItem{{SKU: "mug-blue", Quantity: 1, Restock: true}}}}
	if _, err := s.shop.ReceiveReturn(within(t), id, returnID, got); err != nil {
		t.Fatalf("receive: %v", err)
	}
	return s.awaitOrder(t, id, "returned", func(o shop.Order) bool { return o.Returns[len(o.Returns)-1].Status == order.ReturnClosed })
}

// exchanged exchanges a mug of an order for a kettle, and returns the order with the order of
// the kettle.
func (s *stack) exchanged(t *testing.T, id order.ID, returnID string) (o shop.Order, kettle order.ID) {
	t.Helper()
	o = s.sendBack(t, id, returnID, order.RequestLine{SKU: "kettle-steel", Quantity: 1})
	return o, o.Returns[len(o.Returns)-1].Exchange.OrderID
}

// TestExchange (REF-9): the value of goods that came back pays for another order, whose
// shopper pays the difference; if that order is cancelled, the first one refunds the value,
// once. The ledger has no difference then.
func TestExchange(t *testing.T) {
	t.Parallel()
	onOneEngine(t, func(t *testing.T, env []string) {
		s := newStack(t, env)
		p := s.paid(t, wish("mug-blue", 2, "EUR"))
		s.follow(t, p.ID)

		o, kettle := s.exchanged(t, p.ID, "first")
		if x := o.Returns[0].Exchange; x.Credit.Amount != 1450 || o.Payment().Refunded != 1450 || o.Refunds[0].Status != order.RefundCredited || o.Returns[0].Refund.Amount != 0 {
			t.Errorf("exchanged: %+v, %+v", x, o.Refunds)
		}
		s.mailed(kettle, order.MailDifference)
		secret, err := s.shop.ClientSecret(within(t), kettle)
		if err != nil {
			t.Fatal(err)
		}
		s.pay(t, shop.Placed{Order: shop.Order{ID: kettle}, ClientSecret: secret}, "pm_card_visa")
		s.follow(t, kettle)
		if k := s.order(t, kettle); k.Status != order.Delivered || k.ExchangeOf.OrderID != p.ID || k.Payments[0].Captured != 1450 || k.Payment().Captured != 5900-1450 {
			t.Errorf("the kettle's order is %s, of %+v, with %+v", k.Status, k.ExchangeOf, k.Payments)
		}
		if _, err := s.shop.ClientSecret(within(t), kettle); problem(t, err).Code != "wrong_state" {
			t.Errorf("the secret of a delivered order: %v", err)
		}

		_, kettle = s.exchanged(t, p.ID, "second")
		for range 2 {
			s.cancelOrder(t, kettle)
		}
		o = s.awaitOrder(t, p.ID, "refunded", func(o shop.Order) bool {
			return o.Returns[1].Refund.Amount == 1450 && len(o.Returns[1].Exchange.Returned) == 1
		})
		s.mailed(p.ID, order.MailRefunded)
		if o.Payment().Refunded != 2900 || o.Returns[0].Exchange.Credit.Amount != 1450 || len(o.Returns[0].Exchange.Returned) > 0 {
			t.Errorf("refunded %d, with %+v", o.Payment().Refunded, o.Returns)
		}
		// A check that finds a difference is not done before it has looked a second time.
		if check, err := s.shop.CheckLedger(within(t), ""); err != nil || !check.Done || check.Orders < 3 || check.Differences > 0 {
			t.Errorf("the ledger: %+v, %v", check, err)
		}
	})
}

// TestChange (PAY-8): an order that a person packs is changed when it is paid: what is added
// is a payment of its own, and both are captured; an unpaid one has another payment.
func TestChange(t *testing.T) {
	t.Parallel()
	onOneEngine(t, func(t *testing.T, env []string) {
		s := newStack(t, append([]string{"PURSER_PARCELS=operator"}, env...))
		p := s.place(t, wish("mug-blue", 2, "EUR"), "")
		less := order.ChangeRequest{ID: "less", Reason: "one is enough", Lines: []order.RequestLine{{SKU: "mug-blue", Quantity: 1}}}
		changed, err := s.shop.Change(within(t), p.ID, less)
		if err != nil || changed.Total.Amount != 1450 || changed.ClientSecret == "" || changed.ClientSecret == p.ClientSecret {
			t.Fatalf("unpaid: %+v, %v", changed, err)
		}
		s.pay(t, changed, "pm_card_visa")
		s.until(t, p.ID, order.PaymentWasAuthorized)

		more := order.ChangeRequest{ID: "more", Reason: "and a kettle", Lines: []order.RequestLine{{SKU: "kettle-steel", Quantity: 1}}}
		for range 2 {
			if changed, err = s.shop.Change(within(t), p.ID, more); err != nil || changed.Total.Amount != 1450 || changed.ClientSecret == "" {
				t.Fatalf("paid: %+v, %v", changed, err)
			}
		}
		s.mailed(p.ID, order.MailPayMore)
		s.pay(t, changed, "pm_card_visa")
		s.awaitOrder(t, p.ID, "changed", func(o shop.Order) bool { return o.Total.Amount == 1450+5900 })
		if _, err := s.shop.AddParcel(within(t), p.ID, shop.ParcelRequest{ID: "all", Reason: "packed"}); err != nil {
			t.Fatalf("pack: %v", err)
		}
		s.follow(t, p.ID)
		o := s.order(t, p.ID)
		captured := int64(0)
		for _, p := range o.Payments {
			captured += p.Captured
		}
		if o.Status != order.Delivered || captured != 1450+5900 || len(o.Shipment().Lines) != 2 {
			t.Errorf("the order is %s, with %+v in %+v", o.Status, o.Payments, o.Shipments)
		}
		if _, err := s.shop.Change(within(t), p.ID, order.ChangeRequest{ID: "late", Reason: "too late", Lines: less.Lines}); problem(t, err).Code != "too_late" {
			t.Errorf("delivered: %v", err)
		}
	})
}
