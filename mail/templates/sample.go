package templates

import (
	"strings"
	"time"

	"purser/mail"
	"purser/order"
)

// Sample returns example data for a template, for previews. Its currency fits
// the locale.
func Sample(t Template, locale string) Data {
	placed := time.Date(2026, time.January, 24, 9, 41, 0, 0, time.UTC)
	prices := map[string][2]int64{"EUR": {1250, 1890}, "USD": {1450, 2150}, "JPY": {1800, 2600}, "GBP": {1150, 1690}}
	currency := "EUR"
	switch {
	case strings.HasPrefix(locale, "ja"):
		currency = "JPY"
	case locale == "en-GB":
		currency = "GBP"
	case strings.HasPrefix(locale, "en"):
		currency = "USD"
	}
	price := prices[currency]
	d := Data{
		Name: "Ada Löwe", OrderID: "ord_7k2m9q4x1v8w3z6t5r0y2n4c8b", PlacedAt: placed,
		Lines: []order.Line{
			{SKU: "mug-blue", Name: "Mug, harbour blue", Quantity: 2, Price: price[0], Subtotal: 2 * price[0]},
			{SKU: "note-a5", Name: "Notebook A5, ruled, 120 pages", Quantity: 1, Price: price[1], Subtotal: price[1]},
		},
		Total:  order.Money{Amount: 2*price[0] + price[1], Currency: currency},
		Amount: order.Money{Amount: price[1], Currency: currency}, Tracking: "PX 4410 2231 89", Carrier: "Parcel Express",
		Until: placed.Add(30 * time.Minute),
	}
	switch t {
	case Cancelled:
		d.Reason = "a product sold out while you were paying"
	case Dispute:
		d.Reason, d.Reference, d.Until = "product_not_received", "dp_1PqRsT2eZvKYlo2C", placed.AddDate(0, 0, 9)
	case Prepayment:
		d.Amount, d.Reference, d.Until = d.Total, "3Q8P-5ST7-8CDS", placed.AddDate(0, 0, 7)
	case PayAgain:
		d.Amount, d.Until = d.Total, placed.Add(150*time.Hour)
	case PayMore:
		d.Lines = d.Lines[:1]
		d.Total.Amount = d.Lines[0].Subtotal
		d.Amount = d.Total
	case PayDifference:
		d.Credit = order.Money{Amount: d.Total.Amount - d.Amount.Amount, Currency: currency}
		d.Until = placed.AddDate(0, 0, 7)
	case ReturnInstructions:
		d.Until, d.Link = placed.AddDate(0, 0, 30), "https://shop.example/returns/label"
	case ReturnApproved:
		d.Until, d.Link = placed.AddDate(0, 0, 30), "https://shop.example/returns/label"
		d.Reference, d.Lines, d.Total = "rt-1042", nil, order.Money{}
	case ReturnRequested, ReturnRejected, ReturnReceived, ReturnExpired, ReturnCancelled:
		d.Reference, d.Lines, d.Total = "rt-1042", nil, order.Money{}
	case DigitalDelivery:
		d.Lines, d.Total = nil, order.Money{}
		d.Delivered = []order.DigitalDelivery{{SKU: "book-knots", Name: "Twelve knots, an e-book", Text: "https://shop.example/downloads/twelve-knots\nThe file opens with any e-book reader."}}
	case Refunded, RefundFailed:
		d.Lines, d.Total = nil, order.Money{}
	}
	if t.Stream() == mail.Marketing {
		d.Unsubscribe = "https://shop.example/unsubscribe?token=sample"
	}
	if t == Campaign {
		d = Data{Name: d.Name, Unsubscribe: d.Unsubscribe, Values: map[string]string{"code": "SPRING-ADA"}, Words: sampleWords}
	}
	return d
}

var sampleWords = map[string]mail.Words{
	"en": {
		Subject: "Spring has come to {shop}", Preview: "Ten per cent on everything blue.", Heading: "Everything blue, for less",
		Body:   []string{"The harbour thaws and so do our prices: until Sunday everything blue costs ten per cent less.", "Your code is {code}."},
		Button: "Look around", Link: "https://shop.example/blue",
	},
	"de": {
		Subject: "Frühling bei {shop}", Preview: "Zehn Prozent auf alles Blaue.", Heading: "Alles Blaue, für weniger",
		Body:   []string{"Im Hafen taut es, und bei den Preisen auch: Bis Sonntag kostet alles Blaue zehn Prozent weniger.", "Ihr Code ist {code}."},
		Button: "Umsehen", Link: "https://shop.example/blue",
	},
}

// SampleShop returns an example shop, for previews without a configured shop.
func SampleShop() Shop {
	return Shop{
		Name: "Harbour & Sons", Imprint: "Harbour & Sons Ltd\n1 Quay Street, 10115 Harbourtown", Support: "help@shop.example",
		PayTo:    "Harbour & Sons Ltd\nDE02 1203 0000 0000 2020 51",
		OrderURL: "https://shop.example/orders/", TrackingURL: "https://carrier.example/track/{tracking}",
	}
}
