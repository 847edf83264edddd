package stripe_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/sandbox/faults"
	"purser/sandbox/journal"
	"purser/sandbox/stripe"
)

// searcher is a stand-in whose clock stands still until the test moves it.
type searcher struct {
	testServer
	now *time.Time
}

func searching(t *testing.T, c stripe.Config) searcher {
	t.Helper()
	now := time.Unix(1_790_000_000, 0)
	c.Now = func() time.Time { return now }
	return searcher{start(t, c), &now}
}

// made creates an intent of an order, for an account.
func (b searcher) made(account, order string) string {
	b.t.Helper()
	p := payment()
	p.AddMetadata("order_id", order)
	p.AddMetadata("payment_number", "1")
	if account != "" {
		p.SetStripeAccount(account)
	}
	in, err := b.official().intents.New(p)
	if err != nil {
		b.t.Fatal(err)
	}
	return in.ID
}

// find searches with Stripe's own client, through all pages.
func (b searcher) find(p *sdk.PaymentIntentSearchParams) (found []*sdk.PaymentIntent, err error) {
	it := b.official().intents.Search(p)
	for it.Next() {
		found = append(found, it.PaymentIntent())
	}
	return found, it.Err()
}

func query(text string) *sdk.PaymentIntentSearchParams {
	return &sdk.PaymentIntentSearchParams{SearchParams: sdk.SearchParams{Query: text}}
}

// TestSearchQueries checks what queries find: the language is Stripe's.
func TestSearchQueries(t *testing.T) {
	b := searching(t, stripe.Config{})
	b.made("", "ord_1")
	b.made("", `it's \ "quoted"`)
	canceled := b.made("", "ORD_3")
	if _, err := b.official().intents.Cancel(canceled, nil); err != nil {
		t.Fatal(err)
	}
	other := payment()
	other.Currency, other.Amount = sdk.String("usd"), sdk.Int64(2000)
	if _, err := b.official().intents.New(other); err != nil {
		t.Fatal(err)
	}
	*b.now = b.now.Add(time.Minute)
	for text, want := range map[string]int{
		`metadata['order_id']:'ord_1'`:                                    1,
		`metadata["order_id"]:"ord_1"`:                                    1,
		`metadata['order_id']:'ord_3'`:                                    1, // exact, but for the case
		`metadata['order_id']:'ord'`:                                      0,
		`metadata['order_id']:'it\'s \\ "quoted"'`:                        1,
		`metadata['order_id']:"it's \\ \"quoted\""`:                       1,
		`metadata['order_id']:null`:                                       1,
		`-metadata['order_id']:null`:                                      3,
		`-metadata['order_id']:'ord_1'`:                                   3,
		`metadata['other']:'ord_1'`:                                       0,
		`metadata['order_id']:'ord_1' AND metadata['payment_number']:'1'`: 1,
		`metadata['order_id']:'ord_1' metadata['payment_number']:'2'`:     0,
		`metadata['order_id']:'ord_1' or  metadata['order_id']:'ORD_3'`:   2,
		`status:'canceled'`:                                               1,
		`-status:'canceled' and currency:'EUR'`:                           2,
		`currency:'usd'`:                                                  1,
		`amount>1000`:                                                     1,
		`amount>=1000 amount<"2000"`:                                      3,
		`amount=2000`:                                                     1,
		`-amount:2000`:                                                    3,
		`created<1790000000`:                                              0,
		`created<=1790000000`:                                             4,
	} {
		if found, err := b.find(query(text)); err != nil || len(found) != want {
			t.Errorf("%s: %d intents, %v; want %d", text, len(found), err, want)
		}
	}
}

// TestSearchRefuses checks that a query that Stripe's language or the stand-in does not
// have is refused, and why.
func TestSearchRefuses(t *testing.T) {
	b := searching(t, stripe.Config{})
	for _, tt := range []struct{ name, query, why string }{
		{"no query", ``, "empty string"},
		{"spaces", `  `, "no clause"},
		{"an unknown field", `description:'x'`, "a clause begins with"},
		{"a field of other objects", `email:'ada@example.com'`, "a clause begins with"},
		{"customers", `customer:'cus_1'`, "a clause begins with"},
		{"a word", `ord_1`, "a clause begins with"},
		{"parentheses", `(status:'canceled')`, "a clause begins with"},
		{"AND and OR", `status:'canceled' AND currency:'eur' OR amount:1`, "cannot be combined"},
		{"a space and OR", `status:'canceled' currency:'eur' OR amount:1`, "cannot be combined"},
		{"AND at the end", `status:'canceled' AND`, "no clause follows"},
		{"eleven clauses", strings.Repeat(`amount:1 `, 11), "more than 10"},
		{"a string without quotes", `status:canceled`, "is quoted"},
		{"an open quote", `status:'canceled`, "not closed"},
		{"a part of a string", `status~'cancel'`, "not supported"},
		{"a string that is greater", `currency>'eur'`, "not supported"},
		{"a word for a number", `amount:'ten'`, "whole number"},
		{"a key without quotes", `metadata[order_id]:'ord_1'`, "the key of the metadata"},
		{"no key", `metadata:'ord_1'`, "the key of the metadata"},
		{"no operator", `status'canceled'`, "an operator"},
		{"no space", `status:'canceled'amount:1`, "separated"},
		{"more than null", `amount>null`, "null is compared"},
		{"5,001 characters", `status:'` + strings.Repeat("x", 5001-9) + `'`, "5000 characters"},
	} {
		a := b.ask(sk, "GET", intents+"/search?query="+url.QueryEscape(tt.query), "", "")
		if a.status != 400 || a.Error.Param != "query" || !strings.Contains(a.raw, tt.why) {
			t.Errorf("%s: %s", tt.name, a.raw)
		}
	}
}

// TestSearchLag checks that a search finds an intent a minute after it was made, and a
// change of it a minute after the change, also after a restart.
func TestSearchLag(t *testing.T) {
	j, err := journal.Open(t.TempDir() + "/journal")
	if err != nil {
		t.Fatal(err)
	}
	b := searching(t, stripe.Config{Journal: j})
	b.made("", "ord_1")
	wants := func(when, want string) {
		t.Helper()
		found, err := b.find(query(`metadata['order_id']:'ord_1'`))
		got := ""
		for _, in := range found {
			got += string(in.Status)
		}
		if err != nil || got != want {
			t.Errorf("%s: found %q, %v; want %q", when, got, err, want)
		}
	}
	*b.now = b.now.Add(time.Minute - time.Nanosecond)
	wants("within a minute", "")
	*b.now = b.now.Add(time.Nanosecond)
	wants("after a minute", "requires_payment_method")
	found, _ := b.find(query(`metadata['order_id']:'ord_1'`))
	if _, err := b.official().intents.Cancel(found[0].ID, nil); err != nil {
		t.Fatal(err)
	}
	wants("canceled just now", "requires_payment_method")
	*b.now = b.now.Add(time.Minute)
	wants("canceled a minute ago", "canceled")
	again := searching(t, stripe.Config{Journal: j, SearchLag: time.Hour})
	b.testServer, b.now = again.testServer, again.now
	wants("restarted", "")
	*b.now = b.now.Add(time.Hour)
	wants("an hour after the restart", "canceled")
}

// TestSearchPages checks the pages of a search: their sizes and their cursors.
func TestSearchPages(t *testing.T) {
	b := searching(t, stripe.Config{})
	for range 25 {
		b.made("", "ord_1")
	}
	*b.now = b.now.Add(time.Minute)
	for _, limit := range []int64{1, 24, 25, 100} {
		p := query(`metadata['order_id']:'ord_1'`)
		p.Limit = sdk.Int64(limit)
		found, err := b.find(p)
		ids := map[string]bool{}
		for _, in := range found {
			ids[in.ID] = true
		}
		if err != nil || len(found) != 25 || len(ids) != 25 {
			t.Errorf("%d at a time: %d intents, %d of them different, %v", limit, len(found), len(ids), err)
		}
	}
	single := query(`status:'requires_payment_method'`)
	single.Single = true
	if found, err := b.find(single); err != nil || len(found) != 10 {
		t.Errorf("a page has %d intents, %v", len(found), err)
	}
	for name, params := range map[string]string{
		"a page of nothing": "page=xyz", "limit of none": "limit=0", "limit of 101": "limit=101",
		"a cursor of a list": "starting_after=pi_1", "what is not served": "expand[]=total_count", "a page of 5,001 characters": "page=" + strings.Repeat("x", 5001),
	} {
		if a := b.ask(sk, "GET", intents+"/search?query=amount:1&"+params, "", ""); a.status != 400 {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
}

// TestSearchAccess checks whose intents a search finds, and for whom: those of the
// request's account, with the secret key, 20 times a second, unless a fault comes first.
func TestSearchAccess(t *testing.T) {
	control := faults.New(1)
	b := searching(t, stripe.Config{Faults: control, PerSecond: 100})
	own, connected := b.made("", "ord_1"), b.made("acct_1", "ord_1")
	*b.now = b.now.Add(time.Minute)
	for account, want := range map[string]string{"": own, "acct_1": connected, "acct_2": ""} {
		p := query(`metadata['order_id']:'ord_1'`)
		if account != "" {
			p.SetStripeAccount(account)
		}
		found, err := b.find(p)
		if got := fmt.Sprint(len(found)); err != nil || want == "" && got != "0" || want != "" && (got != "1" || found[0].ID != want) {
			t.Errorf("account %q: %s intents, %v", account, got, err)
		}
	}
	path := intents + "/search?query=" + url.QueryEscape(`status:'canceled'`)
	if a := b.ask(pk, "GET", path+"&client_secret=x", "", ""); a.status != 403 {
		t.Errorf("publishable key: %s", a.raw)
	}
	if a := b.ask("", "GET", path, "", ""); a.status != 401 {
		t.Errorf("no key: %s", a.raw)
	}
	*b.now = b.now.Add(time.Second)
	for n := range 21 {
		if a := b.ask(sk, "GET", path, "", ""); (a.status == 429) != (n == 20) {
			t.Errorf("search %d: %s", n+1, a.raw)
		}
	}
	if err := control.Add(faults.Fault{Provider: "stripe", Match: "GET /v1/payment_intents/search", Do: faults.Status, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if a := b.ask(sk, "GET", path, "", ""); a.status != 500 {
		t.Errorf("a fault: %s", a.raw)
	}
}
