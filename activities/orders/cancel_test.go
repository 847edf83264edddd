package orders_test

import (
	"context"
	"errors"
	"testing"

	"purser/activities"
	"purser/activities/fake"
	"purser/activities/orders"
	"purser/order"
)

var price = order.Money{Amount: 2900, Currency: "EUR"}

// TestCancelIntent leaves no live intent behind, whatever is known of it
// (PAY-9, IDEM-3).
func TestCancelIntent(t *testing.T) {
	made := order.IntentRequest{OrderID: "ord_1", Number: 1, Amount: price, Key: "ord_1:intent:1"}
	for _, c := range []struct {
		name    string
		exists  bool
		known   bool
		request order.IntentRequest
		left    int
	}{
		{"known", true, true, made, 1},
		{"made, but its id never reached us", true, false, made, 1},
		{"never made: it is made and dies at once", false, false, made, 1},
		{"the bank does not want it: there is nothing", false, false, order.IntentRequest{OrderID: "ord_1", Key: "k"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			bank := new(fake.Bank)
			a := &orders.Activities{Intents: bank}
			cancel := orders.CancelPaymentRequest{Created: c.request, Key: "ord_1:cancel:1"}
			if c.exists {
				in, err := bank.CreateIntent(t.Context(), made)
				if err != nil {
					t.Fatal(err)
				}
				if c.known {
					cancel.ID = in.ID
				}
			}
			for range 2 { // again: nothing more happens
				in, err := a.CancelIntent(t.Context(), cancel)
				if err != nil || in.Status != order.PaymentCanceled {
					t.Fatalf("%+v, %v", in, err)
				}
			}
			if sum := bank.Count("ord_1"); sum.Intents != c.left || sum.Canceled != c.left {
				t.Errorf("%+v, want %d intents, all cancelled", sum, c.left)
			}
		})
	}
	t.Run("another try finds another intent", func(t *testing.T) {
		bank, again := new(fake.Bank), made
		again.Key += ":r1"
		for _, created := range []order.IntentRequest{made, again, made} {
			in, err := (&orders.Activities{Intents: bank}).CancelIntent(t.Context(), orders.CancelPaymentRequest{Created: created, Key: "ord_1:cancel:1"})
			if err != nil || in.Status != order.PaymentCanceled {
				t.Fatalf("%+v, %v", in, err)
			}
		}
		if sum := bank.Count("ord_1"); sum.Intents != 2 || sum.Canceled != 2 {
			t.Errorf("%+v, want 2 intents, both cancelled", sum)
		}
	})
	t.Run("one nobody knows", func(t *testing.T) {
		a := &orders.Activities{Intents: new(fake.Bank)}
		if in, err := a.CancelIntent(t.Context(), orders.CancelPaymentRequest{ID: "pi_nowhere", Key: "k"}); err != nil || in.Status != order.PaymentCanceled {
			t.Errorf("%+v, %v", in, err)
		}
	})
}

// TestVoidParcel leaves no live label behind, whatever is known of it (SHP-4,
// F69).
func TestVoidParcel(t *testing.T) {
	asked := order.ParcelRequest{OrderID: "ord_1", Reference: "ord_1-1", To: order.Address{Country: "GB"}}
	nowhere := asked
	nowhere.To.Country = "XX"
	for _, c := range []struct {
		name   string
		exists bool
		known  bool
		asked  order.ParcelRequest
		labels int
	}{
		{"booked", true, true, asked, 1},
		{"booked, but the answer never reached us", true, false, asked, 1},
		{"perhaps booked: a booking still on its way finds a void parcel", false, false, asked, 1},
		{"refused by the carrier: there is nothing", false, false, nowhere, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			carrier := new(fake.Carrier)
			a := &orders.Activities{Carrier: carrier}
			if c.exists {
				if _, err := a.BookParcel(t.Context(), c.asked); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 { // again: nothing more happens
				if err := a.VoidParcel(t.Context(), orders.VoidLabelRequest{Booked: c.known, Asked: c.asked}); err != nil {
					t.Fatal(err)
				}
			}
			if p, err := a.BookParcel(t.Context(), c.asked); err == nil && p.Status != order.ParcelVoided {
				t.Errorf("a late booking made a parcel that is %s", p.Status)
			}
			if n := carrier.Counts()[c.asked.Reference]; n != c.labels {
				t.Errorf("%d labels, want %d", n, c.labels)
			}
		})
	}
}

// TestCreateIntentSeals keeps the secret out of what enters a history (PAY-6).
func TestCreateIntentSeals(t *testing.T) {
	a := &orders.Activities{Intents: new(fake.Bank), Sealer: sealer{}}
	got, err := a.CreateIntent(t.Context(), order.IntentRequest{OrderID: "ord_1", Number: 1, Amount: price, Key: "k"})
	if err != nil || got.SealedSecret != "sealed for ord_1" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := (&orders.Activities{Intents: &fake.Bank{Before: down}}).CreateIntent(context.Background(), order.IntentRequest{}); !isType(err, activities.FailureUnavailable) {
		t.Error(err)
	}
}

func down(string, order.ID) error { return &order.ProviderError{Kind: order.ErrUnavailable} }

func isType(err error, kind string) bool {
	var app interface{ Type() string }
	return errors.As(err, &app) && app.Type() == kind
}

type sealer struct{}

func (sealer) Seal(id order.ID, _ string) (string, error) { return "sealed for " + string(id), nil }
