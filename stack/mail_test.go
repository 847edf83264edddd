package stack

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/config"
	"purser/mail"
	"purser/order"
	standin "purser/sandbox/ses"
)

// mailStack returns a stack whose mails go to a stand-in of SES.
func mailStack(t *testing.T, cfg *config.Config) (*Stack, *standin.Server) {
	t.Helper()
	cfg.Data = t.TempDir()
	s := &Stack{cfg: cfg, log: slog.New(slog.DiscardHandler)}
	if err := s.openVault(); err != nil {
		t.Fatal(err)
	}
	ses, err := standin.New(*s.playedSES())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/ses", ses.Handler()))
	t.Cleanup(server.Close)
	s.sandboxURL = server.URL
	return s, ses
}

// TestEnvironmentTag proves EML-12: mails carry the environment that is set, and no
// tag if none is set.
func TestEnvironmentTag(t *testing.T) {
	for _, tt := range []struct{ name, set, want string }{
		{name: "none"},
		{name: "production", set: "production", want: "production"},
		{name: "all characters", set: "Stage_2-eu", want: "Stage_2-eu"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, ses := mailStack(t, &config.Config{MailFrom: "Mugs <orders@shop.example>", SESEnvironment: tt.set})
			mailer, err := s.newSES()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := mailer.SendMail(t.Context(), mail.Message{
				ID: order.Mail{OrderID: "ord_1", Notification: order.MailShipped, Generation: 1}.Key(), Generation: 1,
				Stream: mail.Transactional, Template: "shipped", To: []mail.Address{{Email: "sam@shop.example"}},
				Content: mail.Content{Subject: "Hello", Text: "Hello"},
			}); err != nil {
				t.Fatal(err)
			}
			got, tagged := ses.Accepted()[0].Tags["environment"]
			if got != tt.want || tagged != (tt.want != "") {
				t.Errorf("environment %q, tagged %t; want %q", got, tagged, tt.want)
			}
		})
	}
}

// TestPreferencesShopName: the pages on which shoppers unsubscribe show the same
// name as the mails that link to them.
func TestPreferencesShopName(t *testing.T) {
	for _, tt := range []struct{ name, from, shop, want string }{
		{name: "only the sender", from: "Mugs & More <orders@shop.example>", want: "Mugs & More"},
		{name: "a name of its own", from: "Orders <orders@shop.example>", shop: "Mugs & More", want: "Mugs & More"},
		{name: "a sender without a name", from: "orders@shop.example", shop: "Becher", want: "Becher"},
		{name: "no name", from: "orders@shop.example", want: "Purser"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := mailStack(t, &config.Config{MailFrom: tt.from, MailBrand: config.MailBrand{ShopName: tt.shop, ShopLocale: "en", ShopZone: "UTC"}})
			m, err := s.newMail()
			if err != nil {
				t.Fatal(err)
			}
			if got := s.mailService(&providers{mail: m}).Shop; got != tt.want {
				t.Errorf("the pages show %q, want %q", got, tt.want)
			}
			_, text, _, err := m.templates.Write(order.Mail{
				Notification: order.MailShipped, OrderID: "ord_1", Tracking: "PX 1", Total: order.Money{Amount: 1450, Currency: "EUR"},
				Lines: []order.Line{{SKU: "mug", Name: "Mug", Quantity: 1, Price: 1450, Subtotal: 1450}},
			})
			if err != nil || !strings.Contains(text, tt.want) {
				t.Errorf("the mail does not show %q: %v\n%s", tt.want, err, text)
			}
		})
	}
}
