package e2e_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"purser/order"
)

// TestShopBuys buys from the sample shop in a browser: with a card, which the bank
// declines at first, with a card that the bank asks about, and with a method that
// redirects and knows no hold; each ends in a paid order (PAY-1, PAY-6, PAY-12).
func TestShopBuys(t *testing.T) {
	t.Parallel()
	s := newStack(t, []string{"PURSER_PAYMENT_METHODS=card,ideal"})
	s.finds(t, "steel kettle", isThere)
	b := browse(t)
	b.open(s.at.API+"/shop", "Blue enamel mug")
	b.shoot("shop-to-buy")

	id := b.chooses("card", "4000 0000 0000 0002")
	b.press("Pay", "Your card was declined.")
	b.shoot("shop-declined")
	b.sets("form.number.value", "4242 4242 4242 4242")
	b.press("Pay", "Order "+string(id)+" is ")
	s.until(t, id, order.PaymentWasCaptured)
	b.shoot("shop-bought")

	id = b.chooses("card", "4000 0027 6000 3184")
	b.press("Pay", "Sandbox Bank")
	b.press("Yes, pay", "Order "+string(id)+" is ")
	s.until(t, id, order.PaymentWasCaptured)

	id = b.chooses("ideal", "")
	b.press("Pay", "Sandbox Bank")
	b.shoot("shop-bank")
	b.press("No", "Order "+string(id)+" is awaiting payment.")
	if o := s.order(t, id); o.Status != order.AwaitingPayment {
		t.Errorf("after the shopper refused at the bank, the order is %s", o.Status)
	}
	id = b.chooses("ideal", "")
	b.press("Pay", "Sandbox Bank")
	b.press("Yes, pay", "Order "+string(id)+" is ")
	s.until(t, id, order.PaymentWasCaptured)
	if o := s.order(t, id); o.Payment().Status != order.PaymentCaptured || o.Payment().Captured != o.Total.Amount {
		t.Errorf("paid by a redirect: %+v", o.Payment())
	}
	b.problems = nil // the browser reports the declined card's 402
	b.clean(s.at.API, s.at.Sandbox)

	shown := b.open(s.at.Sandbox+"/", "Purser's sandbox")
	if !strings.Contains(shown, "4000 0027 6000 3184") || !strings.Contains(shown, "/mail/") {
		t.Errorf("the sandbox's page:\n%s", shown)
	}
	b.shoot("sandbox")
	b.open(s.at.Sandbox+"/stripe/sandbox/", string(id))
	b.clean(s.at.API, s.at.Sandbox)
}

var orderIn = regexp.MustCompile(`order (ord_\w+)`)

// chooses finds a product that is sold in euros, which the methods that redirect need,
// presses its button to buy and chooses how to pay, and returns the order's id.
func (b *tab) chooses(method, number string) order.ID {
	b.t.Helper()
	b.await("the shop", "in stock")
	b.enter("keetle")
	b.await("the search", "1 product in ")
	shown := b.press("Buy", ", order ord_")
	if strings.Contains(shown, "IBAN") {
		b.t.Errorf("the form for a card asks for an account:\n%s", shown)
	}
	b.sets("form.type.value", method)
	if number != "" {
		b.sets("form.number.value", number)
	}
	return order.ID(orderIn.FindStringSubmatch(shown)[1])
}

// sets sets a field of the page's form.
func (b *tab) sets(field, value string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](field+" = "+strconv.Quote(value)+"; choose(); "+field)); err != nil {
		b.t.Fatal(err)
	}
}
