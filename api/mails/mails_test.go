package mails_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/api"
	"purser/api/apitest"
	"purser/api/mails"
	"purser/mail"
	"purser/order"
	"purser/records"
)

// mailShop returns an API with the operations that need the record of mails.
func mailShop(t testing.TB) *apitest.Shop {
	return apitest.New(t, func(c *api.Config, store *records.Store) {
		c.Mails = &mails.Service{Orders: store, Records: store, Links: apitest.Links(), Shop: "Mugs & More", Latest: 1000}
	})
}

// TestMailOperations proves BNC-1, BNC-4, BNC-5 and EML-9: it lists what
// operators can see and do, and who is refused.
func TestMailOperations(t *testing.T) {
	t.Parallel()
	s := mailShop(t)
	recordFeedback(t, s, "ada@example.com", mail.Bounced, mail.Permanent)
	for _, tt := range []struct {
		name, method, target, key, body string
		status                          int
		want                            string
	}{
		{name: "list", method: "GET", target: "/v1/mail/suppressions", key: apitest.OperatorKey, status: 200, want: `"email":"ada@example.com","scope":"all","reason":"bounced"`},
		{name: "add", method: "POST", target: "/v1/mail/suppressions", key: apitest.OperatorKey, body: `{"email":"Bob@Example.com","scope":"marketing","reason":"asked by phone"}`, status: 201, want: `"email":"bob@example.com"`},
		{name: "find", method: "GET", target: "/v1/mail/suppressions?email=BOB@example.com", key: apitest.OperatorKey, status: 200, want: `"actor":"key:ops"`},
		{name: "page", method: "GET", target: "/v1/mail/suppressions?limit=1", key: apitest.OperatorKey, status: 200, want: `"nextCursor":"1"`},
		{name: "next page", method: "GET", target: "/v1/mail/suppressions?limit=1&cursor=1", key: apitest.OperatorKey, status: 200, want: `"suppressions":[{`},
		{name: "remove", method: "DELETE", target: "/v1/mail/suppressions?email=ada@example.com&reason=bounced&why=repaired", key: apitest.OperatorKey, status: 204},
		{name: "remove again", method: "DELETE", target: "/v1/mail/suppressions?email=ada@example.com&why=repaired", key: apitest.OperatorKey, status: 404, want: "not_found"},
		{name: "audit", method: "GET", target: "/v1/mail/audit?email=ada@example.com", key: apitest.OperatorKey, status: 200, want: `"action":"unsuppress"`},
		{name: "pause", method: "POST", target: "/v1/mail/marketing", key: apitest.OperatorKey, body: `{"action":"pause","reason":"holidays"}`, status: 200, want: `"paused":true,"why":"holidays"`},
		{name: "status", method: "GET", target: "/v1/mail/marketing", key: apitest.ViewerKey, status: 200, want: `"bouncesPerMillion":50000,"complaintsPerMillion":1000,"pauseAtPercent":80`},
		{name: "resume", method: "POST", target: "/v1/mail/marketing", key: apitest.OperatorKey, body: `{"action":"resume","reason":"back"}`, status: 200, want: `"paused":false`},
		{name: "stats", method: "GET", target: "/v1/mail/stats?from=2026-01-01&to=2026-01-31", key: apitest.ViewerKey, status: 200, want: `"total":{`},

		{name: "list as a shop", method: "GET", target: "/v1/mail/suppressions", key: apitest.ShopKey, status: 403, want: "forbidden"},
		{name: "add as a viewer", method: "POST", target: "/v1/mail/suppressions", key: apitest.ViewerKey, body: `{"email":"a@b.example","scope":"all","reason":"x"}`, status: 403, want: "forbidden"},
		{name: "remove without a key", method: "DELETE", target: "/v1/mail/suppressions?email=a@b.example&why=x", status: 401, want: "unauthorized"},
		{name: "not an address", method: "POST", target: "/v1/mail/suppressions", key: apitest.OperatorKey, body: `{"email":"bob","scope":"all","reason":"x"}`, status: 422, want: "email"},
		{name: "an address of two lines", method: "POST", target: "/v1/mail/suppressions", key: apitest.OperatorKey, body: `{"email":"bob@example.com\r\nBcc: x@y.example","scope":"all","reason":"x"}`, status: 422, want: "email"},
		{name: "an unknown scope", method: "POST", target: "/v1/mail/suppressions", key: apitest.OperatorKey, body: `{"email":"a@b.example","scope":"world","reason":"x"}`, status: 422, want: "scope"},
		{name: "no reason", method: "POST", target: "/v1/mail/suppressions", key: apitest.OperatorKey, body: `{"email":"a@b.example","scope":"all","reason":""}`, status: 422, want: "reason"},
		{name: "a bad cursor", method: "GET", target: "/v1/mail/suppressions?cursor=-1", key: apitest.OperatorKey, status: 422, want: "cursor"},
		{name: "an unknown action", method: "POST", target: "/v1/mail/marketing", key: apitest.OperatorKey, body: `{"action":"stop","reason":"x"}`, status: 422, want: "action"},
		{name: "a reason of two lines", method: "POST", target: "/v1/mail/marketing", key: apitest.OperatorKey, body: `{"action":"pause","reason":"a\nb"}`, status: 422, want: "reason"},
		{name: "not a day", method: "GET", target: "/v1/mail/stats?from=soon", key: apitest.ViewerKey, status: 422, want: "from"},
		{name: "backwards", method: "GET", target: "/v1/mail/stats?from=2026-02-01&to=2026-01-01", key: apitest.ViewerKey, status: 422, want: "earlier"},
		{name: "centuries", method: "GET", target: "/v1/mail/stats?from=1026-02-01&to=2026-01-01", key: apitest.ViewerKey, status: 422, want: "400 days"},
	} {
		a := s.Ask(tt.method, tt.target, tt.key, tt.body)
		if a.Status != tt.status || !strings.Contains(string(a.Body), tt.want) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, a.Status, a.Body, tt.status, tt.want)
		}
	}
	if strings.Contains(s.Log.String(), "example.com") {
		t.Error("SEC-5: an address is in the log")
	}
}

// recordFeedback records feedback on a mail.
func recordFeedback(t testing.TB, s *apitest.Shop, to string, k mail.Kind, b mail.Bounce) {
	t.Helper()
	f := mail.Feedback{Provider: "ses", ProviderID: "m-" + to + string(k), Recipient: to, Kind: k, Bounce: b, At: time.Now()}
	if _, err := s.Store.RecordFeedback(t.Context(), time.Now().UnixNano(), []mail.Feedback{f}); err != nil {
		t.Fatal(err)
	}
}

// TestOrderMails proves BNC-5 and EML-9: a caller who can see an order can see
// its mails and their feedback.
func TestOrderMails(t *testing.T) {
	t.Parallel()
	s := mailShop(t)
	id := s.Place(t, "c").ID
	m := porttest.MessageOf(id, order.MailConfirmation)
	if _, err := s.Store.ClaimMail(t.Context(), m, "ses"); err != nil {
		t.Fatal(err)
	}
	if err := s.Store.RecordMailOutcome(t.Context(), m, mail.Outcome{State: mail.StateSent, Receipt: mail.Receipt{Provider: "ses", ProviderID: "p1"}}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Store.RecordFeedback(t.Context(), 1, []mail.Feedback{{Provider: "ses", ProviderID: "p1", Recipient: "ada@example.com", Kind: mail.Delivered, At: time.Now()}})
	if err != nil {
		t.Fatal(err)
	}
	a := s.Ask("GET", "/v1/orders/"+string(id)+"/mails", apitest.ShopKey, "")
	var got struct {
		Mails []struct {
			Template, State string
			Feedback        []struct{ Kind mail.Kind }
		}
	}
	if err := json.Unmarshal(a.Body, &got); err != nil || len(got.Mails) != 1 || got.Mails[0].Template != "confirmation" ||
		len(got.Mails[0].Feedback) != 1 || got.Mails[0].Feedback[0].Kind != mail.Delivered {
		t.Errorf("%v: %s", err, a.Body)
	}
	if a := s.Ask("GET", "/v1/orders/"+string(id)+"/mails", apitest.ShopKey, "", "Purser-Customer", "somebody-else"); a.Status != 404 {
		t.Errorf("another customer's order: %d", a.Status)
	}
	if a := s.Ask("GET", "/v1/orders/nonsense/mails", apitest.ViewerKey, ""); a.Status != 404 {
		t.Errorf("an unknown order: %d", a.Status)
	}
}

// postForm sends a form, as a browser or a mail program does, without a key.
func postForm(s *apitest.Shop, path, form string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func page(s *apitest.Shop, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// TestUnsubscribe proves BNC-6, F49 and EML-13: a GET changes nothing, one POST
// unsubscribes, and mail about orders continues.
func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	s := mailShop(t)
	message := mail.Message{ID: "camp_1:7", Stream: mail.Marketing, To: []mail.Address{{Email: "ada@example.com"}}}
	u, err := url.Parse(apitest.Links().Unsubscribe(message))
	if err != nil {
		t.Fatal(err)
	}
	blocked := func(want bool) {
		t.Helper()
		why, err := s.Store.Blocked(t.Context(), "ada@example.com", mail.Marketing)
		if err != nil || (why != "") != want {
			t.Errorf("marketing blocked: %q %v, want %t", why, err, want)
		}
		if why, err := s.Store.Blocked(t.Context(), "ada@example.com", mail.Transactional); err != nil || why != "" {
			t.Errorf("mail about orders is blocked: %q %v", why, err)
		}
	}
	for range 3 {
		w := page(s, u.Path)
		if w.Code != 200 || !strings.Contains(w.Body.String(), "<button>Unsubscribe</button>") || !strings.Contains(w.Body.String(), "Mugs &amp; More") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		if strings.Contains(w.Body.String(), "<script") {
			t.Error("the page has a script")
		}
	}
	blocked(false)
	if w := postForm(s, u.Path, "List-Unsubscribe=One-Click"); w.Code != 200 || !strings.Contains(w.Body.String(), "You are unsubscribed") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	blocked(true)
	if w := page(s, u.Path); !strings.Contains(w.Body.String(), "You get no marketing mail") {
		t.Errorf("%s", w.Body)
	}
	preferences := strings.Replace(u.Path, mail.UnsubscribePath, mail.PreferencesPath, 1)
	if w := page(s, preferences); w.Code != 200 || strings.Contains(w.Body.String(), "checked") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	blocked(true)
	if w := postForm(s, preferences, "list=reminders&whole=yes"); w.Code != 200 || strings.Count(w.Body.String(), "checked") != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if why, err := s.Store.BlockedList(t.Context(), "ada@example.com", mail.Reminders); err != nil || why != "" {
		t.Errorf("reminders: %q %v", why, err)
	}
	if w := postForm(s, preferences, "list=reminders&list=campaigns&whole=yes"); w.Code != 200 || strings.Count(w.Body.String(), "checked") != 2 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	blocked(false)
	recordFeedback(t, s, "ada@example.com", mail.Complained, "")
	if w := page(s, preferences); !strings.Contains(w.Body.String(), "reported one of our mails as spam") {
		t.Errorf("%s", w.Body)
	}
	if strings.Contains(s.Log.String(), "example.com") || strings.Contains(s.Log.String(), strings.TrimPrefix(u.Path, mail.UnsubscribePath)[:20]) {
		t.Error("SEC-5: an address or a link is in the log")
	}
}

// TestBadLinks proves BNC-6 and F51: forged, changed and huge requests are
// refused and counted, and change nothing.
func TestBadLinks(t *testing.T) {
	t.Parallel()
	s := mailShop(t)
	ada := apitest.Links().Token(mail.Subscription{Email: "ada@example.com", List: mail.Campaigns})
	bob := apitest.Links().Token(mail.Subscription{Email: "bob@example.com", List: mail.Campaigns})
	payload, _, _ := strings.Cut(bob, ".")
	_, signature, _ := strings.Cut(ada, ".")
	bad := 0
	for name, token := range map[string]string{
		"another address": payload + "." + signature, "no signature": payload, "nonsense": "nonsense",
		"another key": mail.Links{Key: []byte("other")}.Token(mail.Subscription{Email: "bob@example.com"}),
	} {
		for _, path := range []string{mail.UnsubscribePath, mail.PreferencesPath} {
			if w := postForm(s, path+token, "List-Unsubscribe=One-Click"); w.Code != 400 || !strings.Contains(w.Body.String(), "not valid") {
				t.Errorf("%s at %s: %d", name, path, w.Code)
			}
			if w := page(s, path+token); w.Code != 400 {
				t.Errorf("%s at %s: %d", name, path, w.Code)
			}
			bad += 2
		}
	}
	if w := postForm(s, mail.UnsubscribePath+ada, "x="+strings.Repeat("x", 1<<20)); w.Code != 413 {
		t.Errorf("huge: %d", w.Code)
	}
	for _, email := range []string{"ada@example.com", "bob@example.com"} {
		if why, err := s.Store.Blocked(t.Context(), email, mail.Marketing); err != nil || why != "" {
			t.Errorf("%s: %q %v", email, why, err)
		}
	}
	if a := s.Ask("GET", "/v1/mail/marketing", apitest.ViewerKey, ""); !strings.Contains(string(a.Body), fmt.Sprintf(`"badLinks":%d`, bad+1)) {
		t.Errorf("want %d counted: %s", bad+1, a.Body)
	}
	if w := page(s, mail.UnsubscribePath); w.Code != 404 {
		t.Errorf("no token: %d", w.Code)
	}
}
