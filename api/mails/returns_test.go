package mails_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	"purser/mail"
	"purser/order"
	"purser/records"
)

// resender stands in for the workflow that sends mails again.
type resender struct {
	mu    sync.Mutex
	asked []order.Resend
	fail  error
}

func (d *resender) ResendMail(_ context.Context, r order.Resend) (mail.Outcome, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, r)
	return mail.Outcome{State: mail.StateSent, Receipt: mail.Receipt{Provider: "ses", ProviderID: "p1"}}, d.fail
}

// TestReturnInstructions proves EML-11 and API-3: a shop can have the
// instructions to return an order sent to its shopper, with a last day, if the
// order can be returned.
func TestReturnInstructions(t *testing.T) {
	t.Parallel()
	d := &resender{}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.Mails.Resender = d })
	o := s.Place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID) + "/return-instructions"
	if a := s.Ask("POST", target, apitest.ShopKey, `{"reason":"too small"}`); a.Status != 409 || a.Problem(t).Code != "wrong_state" {
		t.Errorf("not paid yet: %d %s", a.Status, a.Body)
	}
	for _, to := range []order.Status{order.AwaitingPayment, order.Authorized, order.Paid, order.Shipped} {
		if _, err := s.Orders.Save(t.Context(), o.ID, to, order.ParcelScanned, "purser", "", ""); err != nil {
			t.Fatal(err)
		}
	}
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	for _, tt := range []struct {
		name, key, body string
		status          int
		want            string
	}{
		{name: "by the shop", key: apitest.ShopKey, body: `{"reason":"too small"}`, status: 200, want: `"state":"sent"`},
		{name: "with a day and a label", key: apitest.OperatorKey, body: `{"reason":"broken","until":"` + tomorrow + `","link":"https://shop.example/label"}`, status: 200, want: `"provider":"ses"`},
		{name: "by a viewer", key: apitest.ViewerKey, body: `{"reason":"x"}`, status: 403, want: "forbidden"},
		{name: "without a reason", key: apitest.ShopKey, body: `{}`, status: 422, want: "reason"},
		{name: "a reason of two lines", key: apitest.ShopKey, body: `{"reason":"a\nb"}`, status: 422, want: "reason"},
		{name: "a day in the past", key: apitest.ShopKey, body: `{"reason":"x","until":"2020-01-01"}`, status: 422, want: "until"},
		{name: "a day in a hundred years", key: apitest.ShopKey, body: `{"reason":"x","until":"2126-01-01"}`, status: 422, want: "until"},
		{name: "not a day", key: apitest.ShopKey, body: `{"reason":"x","until":"soon"}`, status: 422, want: "until"},
		{name: "a link that runs a script", key: apitest.ShopKey, body: `{"reason":"x","link":"javascript:alert(1)"}`, status: 422, want: "link"},
	} {
		if a := s.Ask("POST", target, tt.key, tt.body, "Idempotency-Key", "k-1"); a.Status != tt.status || !strings.Contains(string(a.Body), tt.want) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, a.Status, a.Body, tt.status, tt.want)
		}
	}
	if len(d.asked) != 2 || d.asked[0].Key != "key:web:k-1" || d.asked[0].Actor != "key:web" || d.asked[0].Why != "too small" || d.asked[0].Notification != order.MailReturnInstructions || !d.asked[0].Until.IsZero() {
		t.Fatalf("asked %+v", d.asked)
	}
	if got := d.asked[1].Key; got != "key:ops:k-1" { // the same Idempotency-Key, sent by another caller
		t.Errorf("key %q", got)
	}
	if r := d.asked[1]; r.Until.Format(time.RFC3339) != tomorrow+"T23:59:59Z" || r.Link != "https://shop.example/label" {
		t.Errorf("asked %+v", r)
	}
	if a := s.Ask("POST", target, apitest.ShopKey, `{"reason":"x"}`, "Purser-Customer", "cus_2"); a.Status != 404 {
		t.Errorf("another customer's order: %d", a.Status)
	}
	d.fail = order.ErrMailing
	if a := s.Ask("POST", target, apitest.ShopKey, `{"reason":"x"}`); a.Status != 409 || a.Problem(t).Code != "mailing" {
		t.Errorf("while the last mail is being sent: %d %s", a.Status, a.Body)
	}
	d.fail = errors.Join(order.ErrNotFound)
	resend := "/v1/orders/" + string(o.ID) + "/mails/"
	for template, want := range map[string]int{"delivered": 404, "return_instructions": 422} {
		if a := s.Ask("POST", resend+template+"/resend", apitest.OperatorKey, `{"reason":"x"}`); a.Status != want {
			t.Errorf("%s again: %d %s, want %d", template, a.Status, a.Body, want)
		}
	}
}
