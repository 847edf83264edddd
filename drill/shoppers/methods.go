package shoppers

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"purser/order"
)

// Methods lists the types of payment methods that the shop must offer, as Stripe names
// them.
const Methods = "card,ideal,bancontact,eps,sepa_debit"

// redirects are the ways to pay for which the shopper leaves for the bank's page. Like
// debits, they take euros alone and know no hold.
var redirects = []string{"pm_sandbox_ideal", "pm_sandbox_bancontact", "pm_sandbox_eps"}

// The accounts that debits are taken from, by what becomes of the debits.
const (
	goodAccount     = "pm_success_de"
	emptyAccount    = "pm_failed_de"
	disputedAccount = "pm_disputed_de"
)

// DebitsTake is how long the bank takes for a debit about which nobody decides at the
// bank: it is longer than the shop lets a shopper pay.
func DebitsTake(payWithin time.Duration) time.Duration { return payWithin + 15*time.Second }

// buyIn places an order in euros and begins to pay it by a method that knows no hold.
// The order must be delivered.
func (v *visit) buyIn(ctx context.Context, method string) error {
	v.euros = true
	if err := v.buy(ctx, method); err != nil {
		return err
	}
	return v.think(ctx, 2*time.Second)
}

// leave begins to pay on the page of the shopper's bank.
func (v *visit) leave(ctx context.Context) error {
	return v.buyIn(ctx, redirects[v.random.IntN(len(redirects))])
}

// paysAtBank is a shopper who leaves for the bank's page and pays there.
func paysAtBank(ctx context.Context, v *visit) error {
	if err := v.leave(ctx); err != nil {
		return err
	}
	if err := v.decideAtBank(ctx, "3ds", "succeed"); err != nil {
		return err
	}
	return v.end(ctx)
}

// refusedAtBank is a shopper whom the bank refuses, and who pays with a card then.
func refusedAtBank(ctx context.Context, v *visit) error {
	if err := v.leave(ctx); err != nil {
		return err
	}
	if err := v.decideAtBank(ctx, "3ds", "fail"); err != nil {
		return err
	}
	if _, err := v.pay(ctx, "pm_card_visa"); err != nil {
		return err
	}
	return v.end(ctx)
}

// neverComesBack is a shopper who does not come back from the bank's page.
func neverComesBack(ctx context.Context, v *visit) error {
	if err := v.leave(ctx); err != nil {
		return err
	}
	v.must(order.Expired)
	return v.end(ctx)
}

// cancelsAtBank cancels an order that was paid on the bank's page, or is about to be.
func cancelsAtBank(ctx context.Context, v *visit) error {
	if err := v.leave(ctx); err != nil {
		return err
	}
	if v.random.IntN(4) > 0 {
		if err := v.decideAtBank(ctx, "3ds", "succeed"); err != nil {
			return err
		}
		if err := v.think(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	if err := v.cancel(ctx); err != nil {
		return err
	}
	return v.end(ctx)
}

// refundedAfterBank gets a part back of what was paid on the bank's page.
func refundedAfterBank(ctx context.Context, v *visit) error {
	if err := v.leave(ctx); err != nil {
		return err
	}
	if err := v.decideAtBank(ctx, "3ds", "succeed"); err != nil {
		return err
	}
	return v.partBack(ctx)
}

// paysByDebit is a shopper whose bank lets the debit pass, before or after the time to
// pay is over: the order waits for as long as the debit is processing.
func paysByDebit(ctx context.Context, v *visit) error {
	if err := v.buyIn(ctx, goodAccount); err != nil {
		return err
	}
	if v.random.IntN(2) == 0 {
		if err := v.decideAtBank(ctx, "settle", "succeed"); err != nil {
			return err
		}
	}
	return v.end(ctx)
}

// debitFails is a shopper whose bank refuses the debit: in time for another payment, or
// when the time to pay is over.
func debitFails(ctx context.Context, v *visit) error {
	if err := v.buyIn(ctx, emptyAccount); err != nil {
		return err
	}
	if v.random.IntN(2) == 0 {
		v.must(order.Expired)
		return v.end(ctx)
	}
	if err := v.decideAtBank(ctx, "settle", "fail"); err != nil {
		return err
	}
	if _, err := v.pay(ctx, "pm_card_visa"); err != nil {
		return err
	}
	return v.end(ctx)
}

// cancelsDebit cancels an order while its debit is processing. The shop waits for what
// becomes of the debit, and refunds it then.
func cancelsDebit(ctx context.Context, v *visit) error {
	if err := v.buyIn(ctx, goodAccount); err != nil {
		return err
	}
	if err := v.cancel(ctx); err != nil {
		return err
	}
	if err := v.think(ctx, 5*time.Second); err != nil {
		return err
	}
	outcome := []string{"succeed", "fail"}[v.random.IntN(2)]
	if err := v.decideAtBank(ctx, "settle", outcome); err != nil {
		return err
	}
	return v.end(ctx)
}

// claimsDebitBack is a shopper who has the bank take back a debit that it has let pass.
// It is perhaps taken back before the goods go out.
func claimsDebitBack(ctx context.Context, v *visit) error {
	if err := v.buyIn(ctx, disputedAccount); err != nil {
		return err
	}
	if err := v.decideAtBank(ctx, "settle", "succeed"); err != nil {
		return err
	}
	return v.end(ctx, claimed)
}

// mandate is what Stripe needs to be told with a debit: that the shopper allows it.
const mandate = "mandate_data[customer_acceptance][type]"

// methodForm returns the form that confirms a payment with a payment method.
func methodForm(method string) url.Values {
	form := url.Values{"payment_method": {method}}
	switch method {
	case goodAccount, emptyAccount, disputedAccount:
		form.Set(mandate, "offline")
	}
	return form
}

// decideAtBank decides about a payment at the bank: on the page to which the shopper
// left (3ds), or days after a debit (settle). A payment that was decided before stays as
// it is.
func (v *visit) decideAtBank(ctx context.Context, page, outcome string) error {
	err := retry(ctx, func() error {
		_, err := v.site.stripe(ctx, http.MethodPost, "/sandbox/"+page+"/"+v.intent(), url.Values{"outcome": {outcome}}, "")
		return err
	})
	if page == "3ds" {
		v.perhapsLate()
	}
	if err != nil && ctx.Err() == nil {
		return nil
	}
	return err
}
