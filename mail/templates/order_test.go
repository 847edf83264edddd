package templates

import (
	"strings"
	"testing"
	"time"

	"purser/order"
)

// TestOrderMails proves EML-11: an order holds the data for every mail that it
// causes.
func TestOrderMails(t *testing.T) {
	w := newWriter(t)
	euro := func(n int64) order.Money { return order.Money{Amount: n, Currency: "EUR"} }
	o := order.Order{
		ID: "ord_1", Email: "ada@example.com", Locale: "de", ShipTo: order.Address{Name: "Ada"}, Total: euro(2900),
		Waiting:  &order.Waiting{Until: time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)},
		Lines:    []order.Line{{SKU: "mug", Name: "Becher", Quantity: 2, Price: 1450, Subtotal: 2900}},
		Payments: []order.Payment{{Number: 1, Reference: "pi_1", Decline: order.NewDecline("card_declined", "insufficient_funds")}, {Number: 2, Reference: "pi_2", Amount: 400, Standby: true, Change: "c1"}},
		Changes: []order.Amendment{{
			ID: "c1", Payment: 2, Until: time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC),
			Added: []order.Line{{SKU: "spoon", Name: "Löffel", Quantity: 1, Price: 400, Subtotal: 400}},
		}},
		Shipments: []order.Shipment{
			{Number: 1, Reference: "ord_1", Tracking: "PX 1"},
			{Number: 2, Reference: "ord_1-2", Method: order.NoParcel, Delivered: []order.DigitalDelivery{{SKU: "ebook", Name: "Zwölf Knoten", Text: "https://shop.example/get\nKennwort: <b>knoten</b>"}}},
		},
		Refunds: []order.Refund{
			{ID: "re_1", Amount: euro(500), Status: order.RefundSucceeded},
			{ID: "re_2", Amount: euro(700), Status: order.RefundFailed},
			{ID: "re_3", Amount: euro(100), Status: order.RefundPending},
		},
		Returns: []order.Return{
			{ID: "rt_1", Status: order.ReturnRequested},
			{ID: "rt_2", Status: order.ReturnApproved, Due: time.Date(2026, 4, 8, 12, 0, 0, 0, time.UTC)},
			{ID: "rt_3", Status: order.ReturnRejected, Message: "Der Becher ist benutzt."},
			{ID: "rt_4", Status: order.ReturnReceived, Refund: euro(1305)},
			{ID: "rt_5", Status: order.ReturnExpired},
			{ID: "rt_6", Status: order.ReturnCancelled},
		},
		Disputes: []order.Dispute{
			{ID: "dp_1", Amount: euro(2900), Reason: "fraudulent"},
			{ID: "dp_2", Amount: euro(2400), Reason: "product_not_received", AnswerBy: time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC)},
		},
	}
	for m, want := range map[order.Notification][]string{
		order.MailPrepayment: {"29,00", "pi_1"},
		order.MailReceived:   {"Becher", "29,00", "reserviert"}, order.MailConfirmation: {"Becher", "29,00"}, order.MailShipped: {"PX 1"}, order.MailDelivered: {"ord_1"},
		order.MailDigital:   {"Zwölf Knoten:\nhttps://shop.example/get\nKennwort: <b>knoten</b>\n", "So erhalten Sie"},
		order.MailCancelled: {"ord_1"}, order.MailExpired: {"ord_1"},
		order.MailPaymentProblem:  {"Die Karte ist nicht ausreichend gedeckt.", "29,00"},
		order.MailPayAgain:        {"29,00", "noch einmal", "11. März 2026"},
		order.MailPayMore:         {"Löffel", "4,00", "was hinzukommt", "10. März 2026"},
		order.MailRefunded:        {"5,00"},
		order.MailRefundFailed:    {"7,00"},
		order.MailDispute:         {"€24.00", "dp_2", "product_not_received", "March 11, 2026"}, // in the shop's language
		order.MailReturnRequested: {"ord_1", "rt_1"}, order.MailReturnApproved: {"rt_2", "1 Quay Street", "8. April 2026"}, order.MailReturnRejected: {"rt_3", "Der Becher ist benutzt."},
		order.MailReturnReceived: {"rt_4", "13,05"}, order.MailReturnExpired: {"rt_5"}, order.MailReturnCancelled: {"rt_6"},
		order.MailReturnInstructions: {"ord_1", "1 Quay Street"},
	} {
		l := o.MailFor(m)
		if m == order.MailPayAgain {
			l.Until = time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC)
		}
		subject, text, page, err := w.Write(l)
		if err != nil || subject == "" || page == "" {
			t.Errorf("%s: %v", m, err)
		}
		for _, s := range want {
			if !strings.Contains(text, s) {
				t.Errorf("%s lacks %q:\n%s", m, s, text)
			}
		}
	}
	back := o.MailFor(order.MailReturnApproved)
	if back.Label != "" {
		t.Errorf("a label that nobody has made: %+v", back)
	}
	o.Returns[1].Label = order.ReturnLabel{Status: order.ReturnLabelMade, LabelID: "lbl_1"}
	if _, text, _, err := w.Write(o.MailFor(order.MailReturnApproved)); err != nil || !strings.Contains(text, "als Datei return-rt_2.pdf") {
		t.Errorf("a return with a label: %v\n%s", err, text)
	}
	// The bank has set no deadline.
	o.Disputes = o.Disputes[:1]
	if _, text, _, err := w.Write(o.MailFor(order.MailDispute)); err != nil || !strings.Contains(text, "€29.00") || strings.Contains(text, "Send your evidence") {
		t.Errorf("a dispute without a deadline: %v\n%s", err, text)
	}
}

// TestDeclinesTranslated proves PAY-11: the reason of a declined card is given
// in the reader's language.
func TestDeclinesTranslated(t *testing.T) {
	w := newWriter(t)
	for _, code := range []string{
		"card_declined", "insufficient_funds", "expired_card", "incorrect_cvc", "incorrect_number", "invalid_expiry_month", "processing_error",
		"authentication_required", "payment_intent_authentication_failure", "card_velocity_exceeded", "currency_not_supported",
	} {
		texts := map[string]bool{}
		for _, locale := range []string{"en", "de", "fr", "es", "ja"} {
			in := w.words.in(locale)
			texts[in.reason(order.NewDecline(code, "").Message)] = true
		}
		if len(texts) != 5 {
			t.Errorf("%s is not translated into each language: %v", code, texts)
		}
	}
}
