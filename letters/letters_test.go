package letters

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"purser/order"
)

func newWriter(t testing.TB) *Writer {
	t.Helper()
	w, err := New(Shop{Name: "Mugs & More", OrderURL: "https://shop.example/orders/"})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func mailOf(m order.Milestone) order.Mail {
	return order.Mail{
		OrderID: "ord_1", Milestone: m, To: "ada@example.com", Name: "Ada <Löwe>",
		Lines:    []order.Line{{SKU: "mug", Name: "Mug \"A&B\"", Quantity: 2, Subtotal: 2500}},
		Total:    order.Money{Amount: 2500, Currency: "KWD"},
		Tracking: "PX1", Reason: "sold out",
	}
}

func TestWrite(t *testing.T) {
	w := newWriter(t)
	for _, tt := range []struct {
		milestone     order.Milestone
		subject, says string
	}{
		{order.MailConfirmation, "Thank you for your order at Mugs & More", "your payment"},
		{order.MailShipped, "Your order from Mugs & More is on its way", "PX1"},
		{order.MailDelivered, "Your order from Mugs & More has arrived", "delivered"},
		{order.MailCancelled, "Your order at Mugs & More was cancelled", "sold out"},
		{order.MailExpired, "Your order at Mugs & More has lapsed", "You pay nothing"},
	} {
		t.Run(string(tt.milestone), func(t *testing.T) {
			subject, text, page, err := w.Write(mailOf(tt.milestone))
			if err != nil {
				t.Fatal(err)
			}
			if subject != tt.subject {
				t.Errorf("subject %q, want %q", subject, tt.subject)
			}
			for _, s := range []string{tt.says, "Ada <Löwe>", `2 x Mug "A&B": 2.500 KWD`, "Total: 2.500 KWD", "https://shop.example/orders/ord_1", "ord_1"} {
				if !strings.Contains(text, s) {
					t.Errorf("text lacks %q:\n%s", s, text)
				}
			}
			for _, s := range []string{tt.says, "Ada &lt;Löwe&gt;", "Mug &#34;A&amp;B&#34;", "2.500 KWD", `href="https://shop.example/orders/ord_1"`, "Mugs &amp; More"} {
				if !strings.Contains(page, s) {
					t.Errorf("page lacks %q:\n%s", s, page)
				}
			}
		})
	}
}

func TestUnknownMilestone(t *testing.T) {
	if _, _, _, err := newWriter(t).Write(mailOf("birthday")); !errors.Is(err, order.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}

// TestHostileText (EML-11): whatever a name holds, the subject is one line and
// the page has no element of the shopper's making.
func TestHostileText(t *testing.T) {
	w := newWriter(t)
	frame := strings.Count(page(t, w, mailOf(order.MailCancelled)), "<")
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"\r\nBcc: x@example.com", "$& $1 ${HOME}", "{{.ID}}", "<script>alert(1)</script>", "\u202eevil", "\x00",
		}))
		m := mailOf(order.MailCancelled)
		m.Name, m.Reason, m.Lines[0].Name = "x"+text.Draw(rt, "name"), "x"+text.Draw(rt, "reason"), text.Draw(rt, "line")
		shop := *w
		shop.shop.Name = text.Draw(rt, "shop")
		subject, plain, p, err := shop.Write(m)
		if err != nil {
			rt.Fatal(err)
		}
		if strings.ContainsFunc(subject, unicode.IsControl) {
			rt.Fatalf("subject %q", subject)
		}
		if n := strings.Count(plain, "\n"); n > 20 {
			rt.Fatalf("%d lines of text:\n%s", n, plain)
		}
		if n := strings.Count(p, "<"); n != frame {
			rt.Fatalf("%d tags, want %d:\n%s", n, frame, p)
		}
	})
}

func page(t *testing.T, w *Writer, m order.Mail) string {
	_, _, p, err := w.Write(m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
