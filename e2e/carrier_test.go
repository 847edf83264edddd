package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/catalog"
	"purser/order"
	"purser/sandbox/faults"
	"purser/shop"
)

// carrierKey is the API key of the sandbox's carrier.
const carrierKey = "carrier_sandbox"

// loseBookings makes the sandbox's carrier book parcels without a response.
var loseBookings = faults.Fault{Provider: "carrier", Match: "POST /v1/labels", Do: faults.Reset, When: faults.After}

// scan makes the carrier give a parcel a status.
func (s *stack) scan(reference string, status order.ParcelStatus) {
	s.t.Helper()
	a := send(s.t, http.MethodPost, s.at.Sandbox+"/carrier/sandbox/labels/"+reference+"/advance", carrierKey, text(`{"status":"`+string(status)+`"}`))
	if a.status != http.StatusOK {
		s.t.Fatalf("scan %s: HTTP %d %s", reference, a.status, a.body)
	}
}

// atCarrier returns a parcel's status at the carrier; "" if it was never booked.
func (s *stack) atCarrier(reference string) order.ParcelStatus {
	s.t.Helper()
	var labels struct {
		Data []struct{ Status order.ParcelStatus }
	}
	send(s.t, http.MethodGet, s.at.Sandbox+"/carrier/v1/labels?reference="+url.QueryEscape(reference), carrierKey, nil).decode(s.t, &labels)
	if len(labels.Data) == 0 {
		return ""
	}
	return labels.Data[0].Status
}

// only puts a product with a single piece on sale, and returns a request for it.
func (s *stack) only(t *testing.T, sku string) order.Request {
	t.Helper()
	s.stocked(t, catalog.Product{SKU: sku, Name: "Cup", Price: 700, Currency: "EUR", OnHand: 1})
	return wish(sku, 1, "EUR")
}

// soldOutStill checks that the only piece of a product is not on sale.
func (s *stack) soldOutStill(t *testing.T, r order.Request) {
	t.Helper()
	if _, err := s.shop.Place(within(t), r, ""); problem(t, err).Code != "out_of_stock" {
		t.Errorf("the only piece is on sale: %v", err)
	}
}

// paid places an order and pays it.
func (s *stack) paid(t *testing.T, r order.Request) shop.Placed {
	t.Helper()
	p := s.place(t, r, "")
	s.pay(t, p, "pm_card_visa")
	return p
}

// resolve takes a person's decision about an order with the command.
func (s *stack) resolve(t *testing.T, id order.ID, c order.Choice) {
	t.Helper()
	if code, _, complaint := run(t, []string{"PURSER_DATA=" + s.dir}, "order", "resolve", string(id), string(c), "--reason=looked at it"); code != 0 {
		t.Fatalf("resolve %s: exit code %d: %s", c, code, complaint)
	}
}

// awaitOrder waits until an order is as it should be, and returns it.
func (s *stack) awaitOrder(t *testing.T, id order.ID, be string, ok func(shop.Order) bool) shop.Order {
	t.Helper()
	for deadline := time.Now().Add(testTimeout / 4); ; {
		o := s.order(t, id)
		if ok(o) {
			return o
		}
		if time.Now().After(deadline) {
			t.Fatalf("the order does not become %s: %+v", be, o)
		}
		pause(t, 20*time.Millisecond)
	}
}

func (s *stack) awaitHold(t *testing.T, id order.ID, k order.HoldKind) shop.Order {
	t.Helper()
	return s.awaitOrder(t, id, "held: "+string(k), func(o shop.Order) bool { return o.Status == order.OnHold && o.Hold.Kind == k })
}

// part runs a subtest, to which the failures of the stack's own methods belong.
func (s *stack) part(name string, test func(*stack, *testing.T)) {
	s.t.Run(name, func(t *testing.T) {
		own := *s
		own.t = t
		test(&own, t)
	})
}

// TestCarrierDown (SHP-1, SHP-3, SHP-4): an order whose carrier does not respond, or
// does not void the parcel of a cancelled order, keeps its money and its stock until
// it is certain where the parcel is.
func TestCarrierDown(t *testing.T) {
	t.Parallel()
	onOneEngine(t, func(t *testing.T, env []string) {
		s := newStack(t, env, "--sandbox-pace=0s", "--received-after=1s")
		s.part("received mail (EML-1)", (*stack).receivedMail)
		s.part("cancel after a lost booking", (*stack).cancelLostBooking)
		s.part("the carrier voids it later", (*stack).voidRefusedForNow)
		s.part("the parcel is out and the shopper gets the money", (*stack).voidRefusedRefund)
		s.part("the parcel is out and the shopper keeps it", (*stack).voidRefusedKeep)
	})
}

// receivedMail compares a plain order with one whose parcel cannot be booked for a
// while: only the latter gets the mail that the order was received.
func (s *stack) receivedMail(t *testing.T) {
	plain := s.paid(t, wish("mug-blue", 1, "EUR"))
	s.until(t, plain.ID, order.PaymentWasCaptured)
	s.misbehave(t, faults.Rules{Faults: []faults.Fault{{Provider: "carrier", Match: "POST /v1/labels", Do: faults.Status, Status: 503}}})
	late := s.paid(t, wish("mug-blue", 1, "EUR"))
	s.mailed(late.ID, order.MailReceived)
	if o := s.order(t, late.ID); o.Status != order.Authorized || o.Waiting == nil || o.Waiting.On != "parcels" {
		t.Errorf("while the carrier is down: %s, waiting for %+v", o.Status, o.Waiting)
	}
	s.behave(t)
	s.until(t, late.ID, order.PaymentWasCaptured)
	for id, want := range map[order.ID][]string{
		plain.ID: {"confirmation", "shipped", "delivered"},
		late.ID:  {"received", "confirmation", "shipped", "delivered"},
	} {
		s.deliver(t, id)
		if diff := cmp.Diff(want, s.notifications(id)); diff != "" {
			t.Errorf("mails (-want +got):\n%s", diff)
		}
	}
}

// deliver takes an order's parcel from the shop to the shopper.
func (s *stack) deliver(t *testing.T, id order.ID) {
	t.Helper()
	parcel := s.order(t, id).Shipment().Reference
	for _, st := range []order.ParcelStatus{order.ParcelInTransit, order.ParcelDelivered} {
		s.scan(parcel, st)
		s.awaitOrder(t, id, string(st), func(o shop.Order) bool { return o.Shipment().Status == st })
	}
	s.follow(t, id)
}

// lostBooking returns a paid order whose parcel is booked, which Purser does not
// know.
func (s *stack) lostBooking(t *testing.T, r order.Request) (p shop.Placed, parcel string) {
	t.Helper()
	s.misbehave(t, faults.Rules{Faults: []faults.Fault{loseBookings}})
	p = s.paid(t, r)
	s.awaitEventAbout(p.ID, order.StepDelayed, "Book parcel")
	parcel = s.order(t, p.ID).Shipment().Reference
	if st := s.atCarrier(parcel); st != order.ParcelBooked {
		t.Fatalf("at the carrier the parcel is %q", st)
	}
	return p, parcel
}

// untouched checks that nothing of an order was compensated: the money is held and
// the goods are not on sale.
func (s *stack) untouched(t *testing.T, id order.ID, r order.Request) {
	t.Helper()
	if n := s.intents()[string(id)]; n.Authorized != 1 || n.Canceled != 0 || n.Returned != 0 {
		t.Errorf("Stripe saw %+v", n)
	}
	s.soldOutStill(t, r)
}

func (s *stack) cancelLostBooking(t *testing.T) {
	r := s.only(t, "cup-lost")
	p, parcel := s.lostBooking(t, r)
	result := s.cancelling(p.ID)
	s.awaitEventAbout(p.ID, order.StepDelayed, "Void parcel")
	s.untouched(t, p.ID, r)
	if o := s.order(t, p.ID); o.Status != order.Cancelling {
		t.Errorf("while the carrier does not respond, the order is %s", o.Status)
	}
	s.behave(t)
	if c := <-result; c.check() != nil || c.order.Status != order.Cancelled {
		t.Errorf("cancel: %v, %s", c.check(), c.order.Status)
	}
	if st := s.atCarrier(parcel); st != order.ParcelVoided {
		t.Errorf("at the carrier the parcel is %q", st)
	}
	if n := s.intents()[string(p.ID)]; n.Canceled != 1 || n.Taken != 0 {
		t.Errorf("Stripe saw %+v", n)
	}
	s.place(t, r, "") // the only piece is on sale again
}

// voidRefusedForNow lets the carrier refuse to void the parcel of a paid order, and
// void it after all when a person has the order tried again.
func (s *stack) voidRefusedForNow(t *testing.T) {
	r := s.only(t, "cup-release")
	p := s.paid(t, r)
	s.until(t, p.ID, order.PaymentWasCaptured)
	s.misbehave(t, faults.Rules{Faults: []faults.Fault{{Provider: "carrier", Match: "POST /v1/labels/", Do: faults.Status, Status: http.StatusConflict}}})
	result := s.cancelling(p.ID)
	o := s.awaitHold(t, p.ID, order.HoldVoid)
	s.untouched(t, p.ID, r)
	s.resolve(t, p.ID, order.ChooseRelease) // the carrier still refuses
	again := s.awaitOrder(t, p.ID, "held again", func(now shop.Order) bool { return now.Status == order.OnHold && now.Version > o.Version+1 })
	if diff := cmp.Diff(o.Hold, again.Hold); diff != "" {
		t.Errorf("held again (-before +after):\n%s", diff)
	}
	s.untouched(t, p.ID, r)
	s.behave(t)
	s.resolve(t, p.ID, order.ChooseRelease)
	s.follow(t, p.ID)
	if c := <-result; c.check() != nil || c.status >= http.StatusBadRequest {
		t.Errorf("cancel: HTTP %d, %v", c.status, c.check())
	}
	if st := s.atCarrier(o.Shipment().Reference); st != order.ParcelVoided {
		t.Errorf("at the carrier the parcel is %q", st)
	}
	o = s.order(t, p.ID)
	if n := s.intents()[string(p.ID)]; o.Status != order.Cancelled || n.Refunds != 1 || n.Returned != n.Taken {
		t.Errorf("in the end: %s, Stripe saw %+v", o.Status, n)
	}
	s.place(t, r, "")
}

// heldForVoid returns an order that is being cancelled while its parcel is on the
// way: neither the booking nor the scan had reached Purser.
func (s *stack) heldForVoid(t *testing.T, r order.Request) (p shop.Placed, parcel string, result <-chan cancelResult) {
	t.Helper()
	p, parcel = s.lostBooking(t, r)
	result = s.cancelling(p.ID)
	s.awaitEvent(p.ID, order.CancelRequested)
	s.misbehave(t, faults.Rules{Webhooks: []faults.WebhookFault{{Provider: "carrier", Do: "drop"}}})
	s.scan(parcel, order.ParcelInTransit)
	s.behave(t)
	s.awaitHold(t, p.ID, order.HoldVoid)
	s.untouched(t, p.ID, r)
	return p, parcel, result
}

func (s *stack) voidRefusedRefund(t *testing.T) {
	r := s.only(t, "cup-refund")
	p, _, result := s.heldForVoid(t, r)
	s.resolve(t, p.ID, order.ChooseRefund)
	s.follow(t, p.ID)
	if c := <-result; c.check() != nil || c.status >= http.StatusBadRequest {
		t.Errorf("cancel: HTTP %d, %v", c.status, c.check())
	}
	if o, n := s.order(t, p.ID), s.intents()[string(p.ID)]; o.Status != order.Cancelled || n.Canceled != 1 || n.Taken != 0 {
		t.Errorf("in the end: %s, Stripe saw %+v", o.Status, n)
	}
	s.soldOutStill(t, r) // the shopper has it
}

func (s *stack) voidRefusedKeep(t *testing.T) {
	r := s.only(t, "cup-keep")
	p, parcel, result := s.heldForVoid(t, r)
	s.resolve(t, p.ID, order.ChooseKeep)
	if c := <-result; c.check() != nil || c.status == http.StatusOK {
		t.Errorf("cancel: HTTP %d, %v", c.status, c.check())
	}
	s.until(t, p.ID, order.PaymentWasCaptured)
	s.scan(parcel, order.ParcelDelivered)
	s.follow(t, p.ID)
	if o, n := s.order(t, p.ID), s.intents()[string(p.ID)]; o.Status != order.Delivered || o.Reason != "" || n.Taken != 700 || n.Returned != 0 {
		t.Errorf("in the end: %s %q, Stripe saw %+v", o.Status, o.Reason, n)
	}
	if diff := cmp.Diff([]string{"confirmation", "delivered", "shipped"}, sorted(s.notifications(p.ID))); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	s.soldOutStill(t, r)
}

// TestReturned (REF-8, SHP-4): a parcel that comes back holds its order, which goes
// on as a person decides.
func TestReturned(t *testing.T) {
	t.Parallel()
	onOneEngine(t, func(t *testing.T, env []string) {
		s := newStack(t, env, "--sandbox-pace=0s")
		s.part("sent again", (*stack).returnedRebook)
		s.part("refunded", (*stack).returnedRefund)
	})
}

// comeBack returns an order whose parcel came back to the shop.
func (s *stack) comeBack(t *testing.T, r order.Request) shop.Order {
	t.Helper()
	p := s.paid(t, r)
	s.until(t, p.ID, order.PaymentWasCaptured)
	parcel := s.order(t, p.ID).Shipment().Reference
	s.scan(parcel, order.ParcelInTransit)
	s.until(t, p.ID, order.ParcelWasShipped)
	s.scan(parcel, order.ParcelReturned)
	o := s.awaitHold(t, p.ID, order.HoldReturned)
	if n := s.intents()[string(p.ID)]; n.Captured != 1 || n.Refunds != 0 {
		t.Errorf("nobody has decided yet, and Stripe saw %+v", n)
	}
	return o
}

func (s *stack) returnedRebook(t *testing.T) {
	r := s.only(t, "cup-again")
	first := s.comeBack(t, r)
	s.resolve(t, first.ID, order.ChooseRebook)
	second := s.awaitOrder(t, first.ID, "booked again", func(o shop.Order) bool { return len(o.Shipments) == 2 && o.Shipments[1].LabelID != "" })
	if second.Status != order.Paid || !second.Shipments[0].Replaced {
		t.Errorf("booked again: %s, parcels %+v", second.Status, second.Shipments)
	}
	s.deliver(t, first.ID)
	if diff := cmp.Diff([]string{"confirmation", "shipped", "shipped", "delivered"}, s.notifications(first.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	old, now := first.Shipment().Tracking, second.Shipment().Tracking
	if body := s.text(s.mailsOf(first.ID)[2]); old == now || !strings.Contains(body, now) || strings.Contains(body, old) {
		t.Errorf("the mail about parcel %s, which replaces %s:\n%s", now, old, body)
	}
	if o, n := s.order(t, first.ID), s.intents()[string(first.ID)]; o.Status != order.Delivered || n.Captured != 1 || n.Refunds != 0 {
		t.Errorf("in the end: %s, Stripe saw %+v", o.Status, n)
	}
	s.soldOutStill(t, r)
}

func (s *stack) returnedRefund(t *testing.T) {
	r := s.only(t, "cup-return")
	o := s.comeBack(t, r)
	s.resolve(t, o.ID, order.ChooseRefund)
	if body := s.text(s.mailed(o.ID, order.MailRefunded)); !strings.Contains(body, "€7.00") {
		t.Errorf("the refund:\n%s", body)
	}
	s.awaitOrder(t, o.ID, "returned", func(o shop.Order) bool { return o.Status == order.Returned })
	if diff := cmp.Diff([]string{"confirmation", "shipped", "refunded"}, s.notifications(o.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	if n := s.intents()[string(o.ID)]; n.Refunds != 1 || n.Returned != n.Taken || n.Taken != 700 {
		t.Errorf("Stripe saw %+v", n)
	}
	s.soldOutStill(t, r) // nobody has put it back on the shelf
}
