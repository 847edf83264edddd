package orders_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities"
	"purser/catalog"
	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// ask returns a request for quantities, each written as "sku=n".
func ask(id string, quantities ...string) order.ChangeRequest {
	r := order.ChangeRequest{ID: id}
	for _, q := range quantities {
		sku, n, _ := strings.Cut(q, "=")
		l := order.RequestLine{SKU: sku}
		if _, err := fmt.Sscan(n, &l.Quantity); err != nil {
			panic(err)
		}
		r.Lines = append(r.Lines, l)
	}
	return r
}

// elsewhere is another address in the country of the fixture's order.
var elsewhere = order.Address{Name: "Ada", Line1: "2 Quay", City: "Bath", PostalCode: "BA1 1AA", Country: "GB"}

// change asks for a change.
func (r *runner) change(ask order.ChangeRequest) *updateResult {
	got := new(updateResult)
	r.update(string(orders.Change), "", got, orders.ChangeRequest{ChangeRequest: ask, Sender: sentBy("key:shop", "the shopper has called")})
	return got
}

// changes scripts a change at a time, and checks the response: whether it has a secret to pay
// with, or the words with which it is refused.
func (w *fixture) changes(at time.Duration, ask order.ChangeRequest, want string) {
	w.at(at, func() {
		got := w.change(ask)
		refused := want
		if want == "secret" {
			refused = ""
		}
		w.wants("change "+ask.ID, got, refused)
		w.afterwards = append(w.afterwards, func() {
			if got.err != nil {
				return
			}
			if p := got.result.(orders.Placed); (p.SealedSecret != "") != (want == "secret") {
				w.Errorf("change %s: the secret is %q, want %q", ask.ID, p.SealedSecret, want)
			}
		})
	})
}

// payChange lets the shopper pay the payment of the last change, and reports it.
func (w *fixture) payChange() { w.sendEvents(w.paid(w.bank.Pay(w.changePayment().Reference))) }

// changePayment returns the payment of the last change that has one.
func (w *fixture) changePayment() order.Payment {
	for _, p := range slices.Backward(w.order().Payments) {
		if p.Change != "" {
			return p
		}
	}
	return order.Payment{}
}

// is checks the order's goods, its total and its changes, each written as "id status amount".
func is(total int64, goods string, changes ...string) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		o := w.order()
		var lines, got []string
		sum := o.Shipping.Total()
		for _, l := range o.Lines {
			lines = append(lines, fmt.Sprintf("%s=%d", l.SKU, l.Quantity))
			sum += l.Total()
		}
		for _, a := range o.Changes {
			got = append(got, fmt.Sprintf("%s %s %d", a.ID, a.Status, a.Amount))
		}
		if o.Total.Amount != total || sum != total || strings.Join(lines, " ") != goods {
			t.Errorf("the order has %s for %s, which cost %d; want %s for %d", lines, o.Total, sum, goods, total)
		}
		if d := cmp.Diff(changes, got); d != "" {
			t.Error("changes (-want +got):", d)
		}
	}
}

// took checks how much the bank took altogether, and how much of it was given back.
func took(taken, returned int64) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		if sum := w.bank.Count(id); sum.Taken != taken || sum.Returned != returned {
			t.Errorf("the bank took %d and returned %d, want %d and %d (%+v)", sum.Taken, sum.Returned, taken, returned, sum)
		}
	}
}

// packed scripts that a person makes the parcel of all goods after some time, and that it
// arrives.
func (w *fixture) packed(at time.Duration) {
	w.adds(at, mugsIn("a", 0), "")
	w.deliver(at + time.Hour)
}

var paidMore = also(delivered, order.MailPayMore)

// TestChangeAddress: the parcels of an order whose address is changed go there, and
// a price that depends on the address does not change with it.
func TestChangeAddress(t *testing.T) {
	to := func(id string, a order.Address) order.ChangeRequest { return order.ChangeRequest{ID: id, ShipTo: &a} }
	sentTo := func(a order.Address) func(*testing.T, *fixture) {
		return func(t *testing.T, w *fixture) {
			t.Helper()
			if got := w.carrier.Asked(w.order().Shipment().Reference).To; got != a || w.order().ShipTo != a {
				t.Errorf("the parcel goes to %+v, the order to %+v; want %+v", got, w.order().ShipTo, a)
			}
		}
	}
	abroad := elsewhere
	abroad.Country, abroad.PostalCode = "DE", "10115"
	runScenarios(t, []scenario{
		{name: "before it is paid", script: func(w *fixture) {
			w.changes(time.Second, to("c1", elsewhere), "secret")
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.changes(30*time.Hour, to("c2", elsewhere), "it is delivered: the shopper can send goods back")
		}, ends: order.Delivered, mails: delivered, check: both(sentTo(elsewhere), oneIntent, is(2900, "mug=2", "c1 made 0"))},
		{name: "before a person packs", script: func(w *fixture) {
			w.byOperator()
			w.changes(30*time.Minute, to("c1", elsewhere), "")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: sentTo(elsewhere)},
		{name: "the carrier is asked already", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.changes(time.Hour, to("c1", elsewhere), "a parcel is booked or is being booked")
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: sentTo(newPlacement().Request.ShipTo)},
		{name: "the carrier has it", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.changes(3*time.Hour, to("c1", elsewhere), "when it is delivered, the shopper can send goods back")
		}, ends: order.Delivered, mails: delivered},
		{name: "to a country with other taxes", script: func(w *fixture) {
			w.prices.Rules = func(r order.Request) (*order.Pricing, error) {
				rate := map[string]string{"GB": "20", "DE": "19"}[r.ShipTo.Country]
				return &order.Pricing{Taxes: []order.TaxRate{{Name: "VAT", Rate: rate, Included: true}}}, nil
			}
			w.byOperator()
			w.changes(10*time.Minute, to("c1", abroad), "cancel it and place another order")
			w.changes(20*time.Minute, to("c2", elsewhere), "")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: sentTo(elsewhere)},
		{name: "to a country with the same price, which then needs customs data", script: func(w *fixture) {
			w.placement.Terms.ShipFrom = "GB"
			w.byOperator()
			w.changes(10*time.Minute, to("c1", abroad), "")
			w.adds(time.Hour, mugsIn("a", 0), "")
			w.has(2*time.Hour, order.OnHold, order.WaitOperator)
			w.changes(3*time.Hour, to("c2", elsewhere), "a parcel is booked")
			w.at(4*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled},
		{name: "the hold about customs data is mended by another address", script: func(w *fixture) {
			w.placement.Terms.ShipFrom = "DE"
			w.at(time.Minute, w.pay)
			w.has(time.Hour, order.OnHold, order.WaitOperator)
			w.changes(2*time.Hour, to("c1", abroad), "")
			w.at(3*time.Hour, func() { w.release() })
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: sentTo(abroad)},
		{name: "where the shop does not ship", script: func(w *fixture) {
			w.prices.Rules = func(r order.Request) (*order.Pricing, error) {
				if r.ShipTo.Country != "GB" {
					return nil, fmt.Errorf("%w: no shipping to %s", order.ErrNoShipping, r.ShipTo.Country)
				}
				return nil, nil
			}
			w.byOperator()
			w.changes(10*time.Minute, to("c1", abroad), "no shipping to DE")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered},
	})
}

// TestChangeFewer (REF-1): goods that are taken out are not charged or refunded, are not
// sent and are for sale again.
func TestChangeFewer(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "held", script: func(w *fixture) {
			w.byOperator()
			w.changes(10*time.Minute, ask("c1", "mug=1"), "")
			w.changes(11*time.Minute, ask("c1", "mug=1"), "")
			w.changes(12*time.Minute, ask("c1", "mug=2"), "with another request")
			w.changes(13*time.Minute, ask("c2", "mug=0"), "cancel it instead")
			w.changes(14*time.Minute, ask("c3", "pin=0"), `the order has no "pin"`)
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(
			hasRefunds("change-c1 released 1450"), took(1450, 0), hasStock(1, onHand-1), is(2900, "mug=2", "c1 made -1450"))},
		{name: "captured", script: func(w *fixture) {
			w.byOperator()
			w.placement.Terms.Capture = orders.CapturePlaced
			w.changes(10*time.Minute, ask("c1", "mug=1"), "")
			w.refunds(20*time.Minute, order.RefundRequest{ID: "change-c2", All: true}, "are those of changes")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(
			hasRefunds("change-c1 succeeded 1450"), took(2900, 1450), hasStock(1, onHand-1))},
		{name: "with discount and tax", script: func(w *fixture) {
			w.placement.Pricing = withRules()
			w.byOperator()
			w.changes(10*time.Minute, ask("c1", "mug=1"), "")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(hasRefunds("change-c1 released 1566"), took(2154, 0), is(3720, "mug=2", "c1 made -1566"))},
		{name: "paid in advance: it is to be paid back", script: func(w *fixture) {
			w.placement.Request.Payment, w.placement.Terms.Parcels = order.PayManually, orders.ParcelsByOperator
			w.at(time.Minute, func() { w.book(2900, "b1") })
			w.changes(2*time.Minute, ask("c1", "mug=3"), "place another order for more goods")
			w.changes(3*time.Minute, ask("c2", "mug=1"), "")
			w.has(4*time.Minute, order.Authorized, order.WaitOperator)
			w.refunds(5*time.Minute, order.RefundRequest{ID: "r1", Amount: order.Money{Amount: 1450, Currency: "EUR"}, PaidOut: "transfer 9"}, "")
			w.packed(6 * time.Minute)
		}, ends: order.Delivered, mails: also(delivered, order.MailPrepayment, order.MailRefunded)},
	})
}

// TestChangeUnpaid: an order that is not paid costs what it costs with its new
// goods, and the payment before is cancelled or returned.
func TestChangeUnpaid(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "more", script: func(w *fixture) {
			w.changes(time.Minute, ask("c1", "mug=3", "pin=2"), "secret")
			w.changes(2*time.Minute, ask("c1", "mug=3", "pin=2"), "secret")
			w.at(5*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered, check: both(is(4398, "mug=3 pin=2", "c1 made 1498"), took(4398, 0), hasStock(3, onHand-3))},
		{name: "less", script: func(w *fixture) {
			w.changes(time.Minute, ask("c1", "mug=1"), "secret")
			w.at(5*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered, check: both(is(1450, "mug=1", "c1 made -1450"), took(1450, 0), hasStock(1, onHand-1))},
		{name: "other goods", script: func(w *fixture) {
			w.changes(time.Minute, ask("c1", "mug=0", "pin=4"), "secret")
			w.at(5*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered, check: both(is(96, "pin=4", "c1 made -2804"), took(96, 0), hasStock(0, onHand))},
		{name: "too little to be charged", script: func(w *fixture) {
			w.changes(time.Minute, ask("c1", "mug=0", "pin=2"), "the minimum is 0.50 EUR")
			w.at(5*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered, check: both(is(2900, "mug=2"), took(2900, 0))},
		{name: "with discount, fee and tax", script: func(w *fixture) {
			w.placement.Pricing = withRules()
			w.prices.Rules = func(order.Request) (*order.Pricing, error) {
				rules := withRules()
				rules.Discounts = nil
				return rules, nil
			}
			w.changes(time.Minute, ask("c1", "mug=3"), "secret") // 14.50 and 20 per cent tax
			w.changes(2*time.Minute, ask("c2", "mug=2"), "secret")
			w.at(5*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered, check: is(3836, "mug=2", "c1 made 1740", "c2 made -1624")},
		{name: "the shopper pays the payment before at the same time", script: func(w *fixture) {
			w.at(59*time.Second, func() { w.fail("CancelIntent", 2, order.ErrUnavailable) })
			w.at(time.Minute, func() {
				first := w.intent()
				w.change(ask("c1", "mug=3"))
				w.at(time.Minute+500*time.Millisecond, func() { w.sendEvents(w.paid(w.bank.Pay(first))) })
				w.register(w.cues[len(w.cues)-1])
			})
			w.at(5*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered, check: both(took(4350, 0), calledTimes("CancelIntent", 3))},
		{name: "it is paid as the change is priced: the rest is asked for", script: func(w *fixture) {
			w.placement.Terms.Parcels = orders.ParcelsByOperator
			w.at(time.Minute, func() {
				w.sendEvents(w.paid(w.bank.Pay(w.intent())))
				w.change(ask("c1", "mug=3"))
			})
			w.at(5*time.Minute, w.payChange)
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: both(is(4350, "mug=3", "c1 made 1450"), took(4350, 0))},
		{name: "nobody is told to pay the payment before while the new one is created", script: func(w *fixture) {
			w.at(time.Minute, func() { w.down(3*time.Minute, order.ErrUnavailable, "CreateIntent") })
			w.changes(time.Minute+time.Second, ask("c1", "mug=3"), "secret")
			for at, refusal := range map[time.Duration]string{
				time.Minute: workflows.RefusalAnswered, 2 * time.Minute: workflows.RefusalInFlight, 5 * time.Minute: workflows.RefusalAnswered,
			} {
				w.at(at, func() {
					got := new(updateResult)
					w.place(fmt.Sprint("place-", at), hash, got)
					w.afterwards = append(w.afterwards, func() {
						if got.refusal() != refusal {
							w.Errorf("after %s the secret is asked for: %q, want %q", at, got.refusal(), refusal)
						}
					})
				})
			}
			w.at(6*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered, check: took(4350, 0)},
		{name: "more than there is", script: func(w *fixture) {
			w.changes(time.Minute, ask("c1", "mug=6"), "not enough stock")
			w.at(5*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered, check: both(is(2900, "mug=2"), oneIntent)},
		{name: "the shopper has as much time as for a new order", script: func(w *fixture) {
			w.changes(29*time.Minute, ask("c1", "mug=3"), "secret")
			w.at(58*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered, check: took(4350, 0)},
		{name: "and then it expires", script: func(w *fixture) {
			w.changes(29*time.Minute, ask("c1", "mug=3"), "secret")
			w.at(58*time.Minute, func() { w.stillRuns(order.AwaitingPayment) })
		}, ends: order.Expired, mails: []order.Notification{order.MailExpired}, check: both(took(0, 0), hasStock(0, onHand))},
		{name: "the response of the new payment is lost", script: func(w *fixture) {
			w.at(time.Minute, func() { w.fail("CreateIntent", 2, order.ErrUnknownOutcome) })
			w.changes(time.Minute+time.Second, ask("c1", "mug=3"), "secret")
			w.at(10*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered, check: both(took(4350, 0), func(t *testing.T, w *fixture) {
			if n := w.bank.Count(id).Intents; n != 2 {
				t.Errorf("%d intents, want 2", n)
			}
		})},
		{name: "paid in advance", script: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.changes(time.Hour, ask("c1", "mug=3"), "")
			w.changes(2*time.Hour, ask("c2", "mug=1"), "")
			w.at(3*time.Hour, func() { w.book(1450, "b1") })
			w.deliver(30 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailPrepayment, order.MailPrepayment, order.MailPrepayment), check: is(1450, "mug=1", "c1 made 1450", "c2 made -2900")},
		{name: "its time is over", script: func(w *fixture) {
			w.changes(40*time.Minute, ask("c1", "mug=1"), "place another order")
		}, ends: order.Expired, mails: []order.Notification{order.MailExpired}},
	})
}

// TestChangeRefused: the kinds of refusals, by which the API tells its callers what is wrong.
func TestChangeRefused(t *testing.T) {
	w := newFixture(t)
	w.byOperator()
	var got []*updateResult
	asks := []order.ChangeRequest{
		{ID: "c 1", Lines: ask("", "mug=1").Lines},
		{ID: "c2"},
		ask("c3", "mug=1001"), ask("c4", "mug=0"), ask("c5", "mug=9"), ask("c6", "kettle=1"), ask("c7", "pin=1"),
		{ID: "c8", ShipTo: &order.Address{Country: "GB"}},
	}
	for n, r := range asks {
		w.at(time.Duration(10+n)*time.Minute, func() { got = append(got, w.change(r)) })
	}
	w.packed(time.Hour)
	w.at(61*time.Minute, func() { got = append(got, w.change(ask("c9", "mug=1"))) })
	w.run().ended(order.Delivered)
	want := []string{
		workflows.RefusalInvalid, workflows.RefusalInvalid, workflows.RefusalInvalid, activities.FailureChange, activities.FailureOutOfStock,
		activities.FailureUnknownSKU, activities.FailureMinimum, workflows.RefusalInvalid, workflows.RefusalChangeTooLate,
	}
	for n, r := range got {
		if r.refusal() != want[n] {
			t.Errorf("request %d: %v, want %s", n, r.err, want[n])
		}
	}
}

// price puts a product on sale at a price in EUR.
func (w *fixture) price(sku string, amount int64) {
	w.Helper()
	err := w.record.PutProducts(context.Background(), []catalog.Product{{SKU: sku, Name: sku, Price: amount, Currency: "EUR", OnHand: onHand}})
	if err != nil {
		w.Fatalf("product: %v", err)
	}
}

// unpaid reports whether a payment at the bank can still be paid.
func (w *fixture) unpaid(ref string) bool {
	in, err := w.bank.GetIntent(context.Background(), ref)
	return err == nil && in.Status.Unpaid()
}
