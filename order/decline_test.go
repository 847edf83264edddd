package order_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"purser/order"
)

// TestDecline tells the shopper what helps, and never what the bank suspects
// (PAY-11).
func TestDecline(t *testing.T) {
	for _, c := range []struct{ code, decline, want string }{
		{"card_declined", "insufficient_funds", "insufficient funds"},
		{"expired_card", "", "expired"},
		{"card_declined", "expired_card", "expired"},
		{"incorrect_cvc", "incorrect_cvc", "security code"},
		{"payment_intent_authentication_failure", "", "not confirmed"},
		{"card_declined", "generic_decline", "was declined"},
		{"card_declined", "do_not_honor", "was declined"},
		{"expired_card", "some_new_reason", "expired"},
		{"", "", "was declined"},
	} {
		d := order.NewDecline(c.code, c.decline)
		if d.Code != c.code || d.DeclineCode != c.decline || !strings.Contains(d.Message, c.want) {
			t.Errorf("%s/%s: %+v, want %q", c.code, c.decline, d, c.want)
		}
	}
}

var suspicions = []string{"stolen_card", "lost_card", "fraudulent", "pickup_card", "merchant_blacklist", "restricted_card", "security_violation"}

func TestDeclineKeepsSuspicions(t *testing.T) {
	general := order.NewDecline("card_declined", "generic_decline").Message
	for _, s := range suspicions {
		if got := order.NewDecline("card_declined", s).Message; got != general {
			t.Errorf("%s: the shopper sees %q", s, got)
		}
		if got := order.NewDecline(s, "").Message; got != general {
			t.Errorf("%s as the code: the shopper sees %q", s, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.SampledFrom(suspicions), rapid.String())
		m := strings.ToLower(order.NewDecline(word.Draw(t, "code"), word.Draw(t, "decline code")).Message)
		for _, s := range []string{"stolen", "lost", "fraud", "suspect", "police", "blacklist"} {
			if strings.Contains(m, s) {
				t.Fatalf("the shopper sees %q", m)
			}
		}
		if m == "" {
			t.Fatal("the shopper gets no message")
		}
	})
}
