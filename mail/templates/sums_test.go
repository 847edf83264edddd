package templates

import (
	"strings"
	"testing"

	"purser/order"
)

// samplePriced returns the sample order with a discount, shipping, a tax that is
// contained and one that is added.
func samplePriced(t Template, locale string) Data {
	d := Sample(t, locale)
	d.Lines[0].Discount, d.Lines[0].Tax = 250, &order.Tax{Name: "VAT", Rate: "20", Amount: 375, Included: true}
	d.Lines[1].Discount, d.Lines[1].Tax = 90, &order.Tax{Name: "City tax", Rate: "8.875", Amount: 160}
	d.Shipping = &order.Fee{Name: "Express", Price: 490, Discount: 90, Tax: &order.Tax{Name: "VAT", Rate: "20", Amount: 67, Included: true}}
	d.Total.Amount = d.Lines[0].Total() + d.Lines[1].Total() + d.Shipping.Total()
	return d
}

func sampleFree(t Template, locale string) Data {
	d := Sample(t, locale)
	d.Lines[0].Discount, d.Lines[1].Discount, d.Total.Amount = d.Lines[0].Subtotal, d.Lines[1].Subtotal, 0
	return d
}

// TestGoldenPriced proves EML-11 for orders with discounts, shipping and taxes, and for
// orders that cost nothing, in every language.
func TestGoldenPriced(t *testing.T) {
	w := newWriter(t)
	for _, locale := range languages {
		golden(t, w, Confirmation, locale, samplePriced(Confirmation, locale), "confirmation-priced")
		golden(t, w, Confirmation, locale, sampleFree(Confirmation, locale), "confirmation-free")
		golden(t, w, Received, locale, sampleFree(Received, locale), "received-free")
	}
}

// TestSums: what the shopper reads adds up to the total, taxes of one rate are added up,
// and an order that costs nothing is not said to be paid.
func TestSums(t *testing.T) {
	w := newWriter(t)
	for _, c := range []struct {
		name, locale string
		data         func(Template, string) Data
		has          []string
		lacks        []string
	}{
		{
			name: "priced, in German", locale: "de", data: samplePriced,
			has: []string{
				"  Rabatt: -3,40\u00a0€\n  Versand (Express): 4,00\u00a0€\n  City tax 8,875\u00a0%: 1,60\u00a0€\n\n  Summe: 46,10\u00a0€\n  Darin VAT 20\u00a0%: 4,42\u00a0€\n",
				"Zahlung",
			},
		},
		{name: "priced, in English", locale: "en", data: samplePriced, has: []string{"  City tax 8.875%: $1.60\n", "  Including VAT 20%: $4.42\n", "your payment"}},
		{name: "free", locale: "en", data: sampleFree, has: []string{"  Discount: -$50.50\n\n  Total: $0.00\n", "it costs nothing"}, lacks: []string{"your payment", "Shipping", "Including"}},
		{name: "without rules", locale: "en", data: Sample, has: []string{"your payment"}, lacks: []string{"Discount", "Shipping", "Including", "costs nothing"}},
		{name: "a hostile name", locale: "en", data: func(n Template, locale string) Data {
			d := samplePriced(n, locale)
			d.Shipping.Name, d.Lines[1].Tax.Name = "Express\r\nTotal: $0.01", "<b>Tax</b>\u2028"
			return d
		}, has: []string{"Shipping (Express Total: $0.01): $4.00", "<b>Tax</b> 8.875%: $1.60"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := w.WriteTemplate(Confirmation, c.locale, c.data(Confirmation, c.locale))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range c.has {
				if !strings.Contains(got.Text, s) {
					t.Errorf("no %q in\n%s", s, got.Text)
				}
			}
			for _, s := range c.lacks {
				if strings.Contains(got.Text, s) {
					t.Errorf("%q in\n%s", s, got.Text)
				}
			}
			if strings.Contains(got.HTML, "<b>") {
				t.Error("a name is an element of the page")
			}
		})
	}
}

// TestPricedOrderMails: an order's mails have its shipping fee, and those about other
// sums have not.
func TestPricedOrderMails(t *testing.T) {
	o := order.Order{
		ID: "ord_1", Email: "ada@example.com", ShipTo: order.Address{Name: "Ada"}, Total: order.Money{Amount: 3390, Currency: "EUR"},
		Lines:    []order.Line{{SKU: "mug", Name: "Mug", Quantity: 2, Price: 1450, Subtotal: 2900}},
		Shipping: &order.Fee{Name: "Post", Price: 490},
		Refunds:  []order.Refund{{ID: "re_1", Amount: order.Money{Amount: 500, Currency: "EUR"}, Status: order.RefundSucceeded}},
	}
	for m, shown := range map[order.Notification]bool{order.MailConfirmation: true, order.MailCancelled: true, order.MailRefunded: false} {
		_, text, _, err := newWriter(t).Write(o.MailFor(m))
		if err != nil || strings.Contains(text, "Shipping (Post): €4.90") != shown {
			t.Errorf("%s: %v\n%s", m, err, text)
		}
	}
}
