package stripe_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"

	"purser/sandbox/faults"
	"purser/sandbox/journal"
	"purser/sandbox/stripe"
)

// testServer is a stand-in behind an HTTP server.
type testServer struct {
	t      *testing.T
	server *stripe.Server
	url    string
}

func start(t *testing.T, c stripe.Config) testServer {
	t.Helper()
	c.Log = slog.New(slog.DiscardHandler)
	s, err := stripe.New(c)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	return testServer{t, s, h.URL}
}

type response struct {
	status int
	header http.Header
	ID     string            `json:"id"`
	Status string            `json:"status"`
	Secret string            `json:"client_secret"`
	Meta   map[string]string `json:"metadata"`
	Next   struct {
		Redirect struct {
			URL string `json:"url"`
		} `json:"redirect_to_url"`
	} `json:"next_action"`
	Data  []struct{ ID string } `json:"data"`
	Error struct {
		Type, Code, Param string
		DeclineCode       string                      `json:"decline_code"`
		PaymentIntent     struct{ ID, Status string } `json:"payment_intent"`
	} `json:"error"`
	raw string
}

// ask sends form parameters "a=b&c=d" with an API key such as sk_test_1.
func (b testServer) ask(apiKey, method, path, params, idem string) response {
	b.t.Helper()
	var body io.Reader
	if method == "POST" {
		body = strings.NewReader(params)
	} else if params != "" {
		path += "?" + params
	}
	r, err := http.NewRequest(method, b.url+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+apiKey)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if idem != "" {
		r.Header.Set("Idempotency-Key", idem)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	a := response{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	if err := json.Unmarshal(raw, &a); err != nil {
		b.t.Fatalf("%s %s: %v: %s", method, path, err, raw)
	}
	return a
}

const (
	sk, pk  = "sk_test_1", "pk_test_1"
	intents = "/v1/payment_intents"
	manual  = "amount=1000&currency=eur&capture_method=manual&metadata[order_id]=ord_1&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never"
)

func TestIdempotency(t *testing.T) {
	now := time.Now()
	b := start(t, stripe.Config{Now: func() time.Time { return now }})
	first := b.ask(sk, "POST", intents, manual, "k")
	again := b.ask(sk, "POST", intents, manual, "k")
	if first.ID == "" || again.raw != first.raw || again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("IDEM-2: first %+v, again %+v", first, again)
	}
	if a := b.ask(sk, "POST", intents, manual+"&description=x", "k"); a.status != 400 || a.Error.Type != "idempotency_error" {
		t.Errorf("other parameters: %+v", a)
	}
	if a := b.ask(sk, "POST", intents, "currency=eur", "bad"); a.status != 400 || a.Error.Code != "parameter_missing" {
		t.Errorf("missing amount: %+v", a)
	}
	if a := b.ask(sk, "POST", intents, manual, "bad"); a.status != 200 {
		t.Errorf("a validation failure was kept: %+v", a)
	}
	early := b.ask(sk, "POST", intents+"/"+first.ID+"/capture", "", "cap")
	if _, err := b.server.Confirm(first.ID, "pm_card_visa"); err != nil {
		t.Fatal(err)
	}
	late := b.ask(sk, "POST", intents+"/"+first.ID+"/capture", "", "cap")
	if early.Error.Code != "payment_intent_unexpected_state" || late.raw != early.raw || late.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("IDEM-3: a refusal in the wrong state must be kept: %+v", late)
	}
	now = now.Add(25 * time.Hour)
	if a := b.ask(sk, "POST", intents+"/"+first.ID+"/capture", "", "cap"); a.Status != "succeeded" {
		t.Errorf("after a day the key is free: %+v", a)
	}
}

func TestStored500(t *testing.T) {
	faultControl := faults.New(1)
	b := start(t, stripe.Config{Faults: faultControl})
	if err := faultControl.Add(faults.Fault{Provider: "stripe", Match: "POST /v1/", Do: faults.Status, When: faults.After, Times: 1}); err != nil {
		t.Fatal(err)
	}
	for n, replayed := range []string{"", "true", "true"} {
		a := b.ask(sk, "POST", intents, manual, "k")
		if a.status != 500 || a.header.Get("Idempotent-Replayed") != replayed {
			t.Errorf("response %d: %d, replayed %q", n, a.status, a.header.Get("Idempotent-Replayed"))
		}
	}
	if n := b.server.Counts()["ord_1"].Intents; n != 1 {
		t.Errorf("%d intents", n)
	}
}

func TestDeclines(t *testing.T) { // F9
	b := start(t, stripe.Config{})
	for method, want := range map[string][2]string{
		"pm_card_chargeDeclined":                       {"card_declined", "generic_decline"},
		"pm_card_visa_chargeDeclinedInsufficientFunds": {"card_declined", "insufficient_funds"},
		"pm_card_chargeDeclinedExpiredCard":            {"expired_card", ""},
		"pm_card_chargeDeclinedIncorrectCvc":           {"incorrect_cvc", ""},
		"pm_card_chargeDeclinedProcessingError":        {"processing_error", ""},
	} {
		id := b.ask(sk, "POST", intents, manual, "").ID
		a := b.ask(sk, "POST", intents+"/"+id+"/confirm", "payment_method="+method, "")
		if a.status != 402 || a.Error.Type != "card_error" || a.Error.Code != want[0] || a.Error.DeclineCode != want[1] ||
			a.Error.PaymentIntent.ID != id || a.Error.PaymentIntent.Status != "requires_payment_method" {
			t.Errorf("%s: %s", method, a.raw)
		}
	}
}

// TestBrowser does what a shopper's browser does: it pays with the publishable
// key, visits the bank's page and returns to the shop.
func TestBrowser(t *testing.T) { // PAY-6
	b := start(t, stripe.Config{})
	in := b.ask(sk, "POST", intents, manual, "")
	secret := "client_secret=" + url.QueryEscape(in.Secret)
	if a := b.ask(pk, "GET", intents+"/"+in.ID, "client_secret=x", ""); a.status != 404 {
		t.Errorf("a wrong secret: %d", a.status)
	}
	for _, path := range []string{intents, "/v1/events", intents + "/" + in.ID + "/capture"} {
		if a := b.ask(pk, "POST", path, secret, ""); a.status != 403 {
			t.Errorf("publishable key on %s: %d", path, a.status)
		}
	}
	a := b.ask(pk, "POST", intents+"/"+in.ID+"/confirm", secret+"&return_url=http://shop.test/done&payment_method_data[type]=card&payment_method_data[card][number]=4000+0027+6000+3184&payment_method_data[card][exp_month]=12&payment_method_data[card][exp_year]=60&payment_method_data[card][cvc]=123", "")
	if a.Status != "requires_action" || a.Meta != nil || a.Next.Redirect.URL == "" {
		t.Fatalf("confirm: %s", a.raw)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := client.Get(a.Next.Redirect.URL)
	if err != nil || page.StatusCode != 200 {
		t.Fatalf("the bank's page: %v", err)
	}
	page.Body.Close()
	done, err := client.PostForm(a.Next.Redirect.URL, url.Values{"outcome": {"succeed"}})
	if err != nil {
		t.Fatal(err)
	}
	done.Body.Close()
	if to := done.Header.Get("Location"); !strings.HasPrefix(to, "http://shop.test/done?") || !strings.Contains(to, "redirect_status=succeeded") {
		t.Errorf("redirected to %q", to)
	}
	if a := b.ask(pk, "GET", intents+"/"+in.ID, secret, ""); a.Status != "requires_capture" {
		t.Errorf("after the bank: %s", a.raw)
	}
}

// TestRestart checks that all committed state survives a restart, including the
// idempotency keys and the undelivered webhooks.
func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stripe.db")
	open := func() (*journal.Journal, testServer) {
		j, err := journal.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return j, start(t, stripe.Config{Journal: j, WebhookSecret: "whsec_1"})
	}
	killed, b := open()
	in := b.ask(sk, "POST", intents, manual, "k")
	if _, err := b.server.Confirm(in.ID, "pm_card_authenticationRequired"); err != nil {
		t.Fatal(err)
	}
	killed.Close()
	j, b := open()
	defer j.Close()
	if a := b.ask(sk, "POST", intents, manual, "k"); a.raw != in.raw || a.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the key was forgotten: %s", a.raw)
	}
	if err := b.server.Authenticate(in.ID, true); err != nil {
		t.Fatal(err)
	}
	if a := b.ask(sk, "POST", intents+"/"+in.ID+"/capture", "amount_to_capture=600", ""); a.Status != "succeeded" {
		t.Errorf("capture: %s", a.raw)
	}
	got := b.deliver(7)
	for typ, n := range map[string]int{
		"payment_intent.created": 1, "payment_intent.requires_action": 1, "charge.succeeded": 1,
		"payment_intent.amount_capturable_updated": 1, "charge.refunded": 1, "charge.captured": 1, "payment_intent.succeeded": 1,
	} {
		if got[typ] != n {
			t.Errorf("%s was delivered %d times, want %d", typ, got[typ], n)
		}
	}
}

// deliver receives n webhooks, checks their signatures with Stripe's library
// and counts their types.
func (b testServer) deliver(n int) map[string]int {
	b.t.Helper()
	types := make(chan string, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		e, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), "whsec_1")
		if err != nil {
			b.t.Errorf("WHK-1: %v", err)
		}
		types <- string(e.Type)
	}))
	defer receiver.Close()
	b.server.SetWebhookURL(receiver.URL)
	ctx, stop := context.WithCancel(b.t.Context())
	defer stop()
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = b.server.Run(ctx) }()
	got := map[string]int{}
	for range n {
		select {
		case typ := <-types:
			got[typ]++
		case <-time.After(20 * time.Second):
			b.t.Fatalf("only %v arrived", got)
		}
	}
	stop()
	<-stopped
	return got
}

func TestListsAndRefunds(t *testing.T) {
	b := start(t, stripe.Config{WebhookSecret: "whsec_1"})
	var ids []string
	for range 5 {
		ids = append(ids, b.ask(sk, "POST", intents, "amount=1000&currency=eur&payment_method=pm_card_visa&confirm=true", "").ID)
	}
	page := b.ask(sk, "GET", intents, "limit=2&starting_after="+ids[4], "")
	if len(page.Data) != 2 || page.Data[0].ID != ids[3] || page.Data[1].ID != ids[2] || !strings.Contains(page.raw, `"has_more":true`) {
		t.Errorf("page: %s", page.raw)
	}
	if n := len(b.ask(sk, "GET", intents, "created[lt]=1", "").Data); n != 0 {
		t.Errorf("%d intents from 1970", n)
	}
	for _, c := range []struct {
		params string
		status int
	}{{"amount=700", 200}, {"amount=301", 400}, {"amount=0", 400}, {"amount=x", 400}, {"", 200}, {"amount=1", 400}} {
		if a := b.ask(sk, "POST", "/v1/refunds", "payment_intent="+ids[0]+"&"+c.params, ""); a.status != c.status {
			t.Errorf("REF-1: refund %q: %s", c.params, a.raw)
		}
	}
	if n := len(b.ask(sk, "GET", "/v1/refunds", "payment_intent="+ids[0], "").Data); n != 2 {
		t.Errorf("%d refunds listed", n)
	}
	missed := "type=payment_intent.succeeded&delivery_success=false"
	if n := len(b.ask(sk, "GET", "/v1/events", missed, "").Data); n != 5 {
		t.Errorf("WHK-20: %d events never delivered, want 5", n)
	}
	b.deliver(17) // 5 × created, charge.succeeded, succeeded; 2 × charge.refunded
	if n := len(b.ask(sk, "GET", "/v1/events", missed, "").Data); n != 0 {
		t.Errorf("WHK-20: %d events never delivered, want none", n)
	}
}

func TestRefusals(t *testing.T) {
	b := start(t, stripe.Config{Key: sk, PublishableKey: pk})
	for _, c := range []struct {
		key, method, path, params string
		status                    int
	}{
		{method: "GET", path: intents, status: 401},
		{key: "sk_test_2", method: "GET", path: intents, status: 401},
		{key: "pk_test_2", method: "GET", path: intents, status: 401},
		{key: sk, method: "GET", path: "/v1/nothing", status: 404},
		{key: sk, method: "GET", path: intents + "/pi_no", status: 404},
		{key: sk, method: "POST", path: intents + "/pi_no/capture", status: 404},
		{key: sk, method: "POST", path: intents, params: "amount=10&currency=eur", status: 400},
		{key: sk, method: "POST", path: intents, params: "amount=100000000&currency=eur", status: 400},
		{key: sk, method: "POST", path: intents, params: "amount=-5&currency=eur", status: 400},
		{key: sk, method: "POST", path: intents, params: "amount=500&currency=zzz", status: 400},
		{key: sk, method: "POST", path: intents, params: "amount=5125&currency=kwd", status: 400},
		{key: sk, method: "POST", path: intents, params: "amount=150&currency=isk", status: 400},
		{key: sk, method: "POST", path: intents, params: "amount=500&currency=eur&color=blue", status: 400},
		{key: sk, method: "GET", path: intents, params: "limit=101", status: 400},
		{key: sk, method: "POST", path: intents, params: "amount=500&currency=eur&statement_descriptor_suffix=123", status: 400},
		{key: sk, method: "POST", path: intents, params: "amount=500&currency=eur&payment_method=pm_card_none", status: 400},
	} {
		if a := b.ask(c.key, c.method, c.path, c.params, ""); a.status != c.status || a.Error.Type == "" {
			t.Errorf("%s %s %s: want %d, got %d: %s", c.method, c.path, c.params, c.status, a.status, a.raw)
		}
	}
	if n := b.server.Counts(); len(n) != 0 {
		t.Errorf("a refused request left a trace: %v", n)
	}
}
