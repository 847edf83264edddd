package campaigns_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	"purser/api/campaigns"
	"purser/mail"
	"purser/mail/templates"
	"purser/records"
)

// workflows stands in for the campaigns' workflows.
type workflows struct {
	mu    sync.Mutex
	sent  []string
	fail  error
	stall bool
}

func (f *workflows) send(ctx context.Context, what string) error {
	f.mu.Lock()
	f.sent = append(f.sent, what)
	fail, stall := f.fail, f.stall
	f.mu.Unlock()
	if stall {
		<-ctx.Done()
		return ctx.Err()
	}
	return fail
}

func (f *workflows) StartCampaign(ctx context.Context, c mail.CampaignStatus) error {
	return f.send(ctx, "start "+c.ID)
}

func (f *workflows) PauseCampaign(ctx context.Context, id, actor, why string) error {
	return f.send(ctx, fmt.Sprint("pause ", id, " ", actor, ": ", why))
}

func (f *workflows) ResumeCampaign(ctx context.Context, id, actor, why string) error {
	return f.send(ctx, fmt.Sprint("resume ", id, " ", actor, ": ", why))
}

func (f *workflows) CancelCampaign(ctx context.Context, c mail.CampaignStatus, actor, why string) error {
	return f.send(ctx, fmt.Sprint("cancel ", c.State, " ", c.ID, " ", actor, ": ", why))
}

func (f *workflows) RetryCampaign(ctx context.Context, c mail.CampaignStatus, r mail.Retry) error {
	return f.send(ctx, fmt.Sprint("retry ", c.ID, " ", r.Round, " ", time.Since(r.ResolvedBefore).Round(time.Minute), " ", r.Actor, ": ", r.Reason))
}

func setUpCampaigns(t testing.TB, mods ...func(*api.Config, *records.Store)) (*apitest.Shop, *workflows) {
	t.Helper()
	w, err := templates.New(templates.SampleShop())
	if err != nil {
		t.Fatal(err)
	}
	f := &workflows{}
	s := apitest.New(t, append(mods, func(c *api.Config, store *records.Store) {
		c.Campaigns = &campaigns.Service{Workflows: f, Records: store, Templates: w}
	})...)
	return s, f
}

const draft = `{"id":"spring-26","name":"Spring","template":"campaign","perMinute":600,"words":{
	"en":{"subject":"Hello {name}","heading":"Spring","body":["Your code is {code}."]},
	"de":{"subject":"Hallo {name}","heading":"Frühling","body":["Ihr Code ist {code}."],"button":"Ansehen","link":"https://shop.example/"}}}`

// TestCampaign proves EML-7: it takes a campaign from its draft to its start.
func TestCampaign(t *testing.T) {
	t.Parallel()
	s, f := setUpCampaigns(t)
	var c mail.CampaignStatus
	for range 2 { // creating it again changes nothing
		a := s.Ask("POST", "/v1/campaigns", apitest.OperatorKey, draft)
		if a.Into(t, &c); a.Status != http.StatusCreated || c.State != mail.CampaignDraft || c.Actor != "key:ops" || c.PerMinute != 600 {
			t.Fatalf("got %d %s", a.Status, a.Body)
		}
	}
	if a := s.Ask("POST", "/v1/campaigns", apitest.OperatorKey, strings.Replace(draft, "Spring", "Summer", 1)); a.Status != http.StatusConflict || a.Problem(t).Code != "campaign_exists" {
		t.Errorf("another campaign with the same id: %d %s", a.Status, a.Body)
	}
	if a := s.Ask("POST", "/v1/campaigns/spring-26/start", apitest.OperatorKey, ""); a.Status != http.StatusConflict {
		t.Errorf("started without recipients: %d %s", a.Status, a.Body)
	}

	list := "address,name,locale,code\nAda@Example.com,Ada,de-AT,A1\nbob@example.com,Bob,nl,B2\nada@example.com,Ada,de,A1\nnobody,No,en,N\neve@example.com,Eve,not a locale,E\nkim@example.com,Kim,en,\n"
	var up struct {
		Added, Duplicates, Invalid int64
		Rows                       []struct {
			Row     int
			Problem string
		}
	}
	a := upload(s, "/v1/campaigns/spring-26/recipients?format=csv", "text/csv", list)
	if a.Into(t, &up); a.Status != http.StatusOK || up.Added != 2 || up.Duplicates != 1 || up.Invalid != 3 || len(up.Rows) != 4 {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	for _, row := range up.Rows {
		if want := map[int]string{3: "already a recipient", 4: "not a mail address", 5: "not a locale", 6: "code is missing"}[row.Row]; want == "" || !strings.Contains(row.Problem, want) {
			t.Errorf("row %d: %s", row.Row, row.Problem)
		}
	}
	a = upload(s, "/v1/campaigns/spring-26/recipients?format=jsonl", "application/jsonl", `{"address":"lou@example.com","name":"Lou","data":{"code":"L"}}`)
	if a.Into(t, &up); up.Added != 1 {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	s.Ask("GET", "/v1/campaigns/spring-26", apitest.OperatorKey, "").Into(t, &c)
	if want := (mail.CampaignCounts{Total: 3, Due: 3, Invalid: 3, Duplicates: 1}); c.Counts != want {
		t.Errorf("counts %+v, want %+v", c.Counts, want)
	}
	var page struct{ Recipients []mail.Recipient }
	s.Ask("GET", "/v1/campaigns/spring-26/recipients?state=due&after=1&limit=1", apitest.OperatorKey, "").Into(t, &page)
	if len(page.Recipients) != 1 || page.Recipients[0].Address != "bob@example.com" || page.Recipients[0].Data["code"] != "B2" {
		t.Errorf("recipients %+v", page)
	}

	if a := s.Ask("POST", "/v1/campaigns/spring-26/start", apitest.OperatorKey, ""); a.Status != http.StatusOK {
		t.Errorf("start: %d %s", a.Status, a.Body)
	}
	for _, verb := range []string{"pause", "resume", "cancel"} {
		if a := s.Ask("POST", "/v1/campaigns/spring-26/"+verb, apitest.OperatorKey, `{"reason":"because"}`); a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", verb, a.Status, a.Body)
		}
	}
	for _, body := range []string{`{"round":1,"reason":"because"}`, `{"round":1,"reason":"because","unknownMinutes":0}`} {
		if a := s.Ask("POST", "/v1/campaigns/spring-26/retry", apitest.OperatorKey, body); a.Status != http.StatusOK {
			t.Errorf("retry: %d %s", a.Status, a.Body)
		}
	}
	if got := strings.Join(f.sent, "; "); got != "start spring-26; pause spring-26 key:ops: because; resume spring-26 key:ops: because; cancel draft spring-26 key:ops: because; "+
		"retry spring-26 1 1h0m0s key:ops: because; retry spring-26 1 0s key:ops: because" {
		t.Errorf("sent %s", got)
	}
	var all struct{ Campaigns []mail.CampaignStatus }
	if s.Ask("GET", "/v1/campaigns", apitest.OperatorKey, "").Into(t, &all); len(all.Campaigns) != 1 {
		t.Errorf("campaigns %+v", all)
	}

	if a := s.Ask("DELETE", "/v1/campaigns/spring-26", apitest.OperatorKey, ""); a.Status != http.StatusNoContent {
		t.Errorf("delete: %d %s", a.Status, a.Body)
	}
	if a := s.Ask("GET", "/v1/campaigns/spring-26", apitest.OperatorKey, ""); a.Status != http.StatusNotFound {
		t.Errorf("read after the deletion: %d %s", a.Status, a.Body)
	}
}

// TestDeleteCampaign checks that only a draft can be deleted.
func TestDeleteCampaign(t *testing.T) {
	t.Parallel()
	s, _ := setUpCampaigns(t)
	s.Ask("POST", "/v1/campaigns", apitest.OperatorKey, draft)
	if err := s.Store.SetCampaignState(t.Context(), "spring-26", 1, mail.CampaignRunning, ""); err != nil {
		t.Fatal(err)
	}
	if a := s.Ask("DELETE", "/v1/campaigns/spring-26", apitest.OperatorKey, ""); a.Status != http.StatusConflict || a.Problem(t).Code != "wrong_state" || !strings.HasSuffix(a.Problem(t).Detail, "(it is running)") {
		t.Errorf("deleting a running campaign: %d %s", a.Status, a.Body)
	}
}

// upload sends a list of recipients.
func upload(s *apitest.Shop, path, contentType, list string) *apitest.Answer {
	return s.Ask("POST", path, apitest.OperatorKey, list, "Content-Type", contentType)
}

// TestCampaignRefusals checks that invalid requests are refused before any mail
// is sent.
func TestCampaignRefusals(t *testing.T) {
	t.Parallel()
	s, f := setUpCampaigns(t)
	s.Ask("POST", "/v1/campaigns", apitest.OperatorKey, draft)
	for _, tt := range []struct {
		name, method, path, key, body string
		fail                          error
		want                          int
		code                          string
	}{
		{name: "a shop's key", method: "POST", path: "/v1/campaigns", key: apitest.ShopKey, body: draft, want: 403, code: "forbidden"},
		{name: "a bad id", method: "POST", path: "/v1/campaigns", key: apitest.OperatorKey, body: `{"id":"A B","template":"campaign"}`, want: 422, code: "invalid"},
		{name: "an order's template", method: "POST", path: "/v1/campaigns", key: apitest.OperatorKey, body: `{"id":"a","template":"shipped"}`, want: 422, code: "invalid"},
		{name: "without words", method: "POST", path: "/v1/campaigns", key: apitest.OperatorKey, body: `{"id":"a","template":"campaign"}`, want: 422, code: "invalid"},
		{name: "an unmatched brace", method: "POST", path: "/v1/campaigns", key: apitest.OperatorKey, body: `{"id":"a","template":"campaign","words":{"en":{"subject":"{","heading":"h","body":["b"]}}}`, want: 422, code: "invalid"},
		{name: "a reminder without an audience", method: "POST", path: "/v1/campaigns", key: apitest.OperatorKey, body: `{"id":"a","template":"reminder"}`, want: 422, code: "invalid"},
		{name: "an audience of orders without a time", method: "POST", path: "/v1/campaigns", key: apitest.OperatorKey, body: `{"id":"a","template":"campaign","audience":{"kind":"ordered"},"words":{"en":{"subject":"s","heading":"h","body":["b"]}}}`, want: 422, code: "invalid"},
		{name: "a valid reminder", method: "POST", path: "/v1/campaigns", key: apitest.OperatorKey, body: `{"id":"rem","template":"reminder","audience":{"kind":"unpaid","olderThanHours":4}}`, want: 201},
		{name: "a list for a reminder", method: "POST", path: "/v1/campaigns/rem/recipients", key: apitest.OperatorKey, body: "address\na@b.example\n", want: 409, code: "wrong_state"},
		{name: "deleting an unknown campaign", method: "DELETE", path: "/v1/campaigns/none", key: apitest.OperatorKey, want: 404, code: "not_found"},
		{name: "deleting with a shop's key", method: "DELETE", path: "/v1/campaigns/spring-26", key: apitest.ShopKey, want: 403, code: "forbidden"},
		{name: "an unknown campaign", method: "GET", path: "/v1/campaigns/none", key: apitest.OperatorKey, want: 404, code: "not_found"},
		{name: "starting an unknown campaign", method: "POST", path: "/v1/campaigns/none/start", key: apitest.OperatorKey, want: 404, code: "not_found"},
		{name: "pausing an unknown campaign", method: "POST", path: "/v1/campaigns/none/pause", key: apitest.OperatorKey, body: `{"reason":"r"}`, want: 404, code: "not_found"},
		{name: "pausing without a reason", method: "POST", path: "/v1/campaigns/spring-26/pause", key: apitest.OperatorKey, body: `{}`, want: 422, code: "invalid"},
		{name: "pausing a draft", method: "POST", path: "/v1/campaigns/spring-26/pause", key: apitest.OperatorKey, body: `{"reason":"r"}`, fail: mail.ErrCampaignIdle, want: 409, code: "wrong_state"},
		{name: "cancelling a campaign that has ended", method: "POST", path: "/v1/campaigns/spring-26/cancel", key: apitest.OperatorKey, body: `{"reason":"r"}`, fail: mail.ErrCampaignOver, want: 409, code: "too_late"},
		{name: "retrying an unknown campaign", method: "POST", path: "/v1/campaigns/none/retry", key: apitest.OperatorKey, body: `{"round":1,"reason":"r"}`, want: 404, code: "not_found"},
		{name: "retrying with a shop's key", method: "POST", path: "/v1/campaigns/spring-26/retry", key: apitest.ShopKey, body: `{"round":1,"reason":"r"}`, want: 403, code: "forbidden"},
		{name: "retrying without a round", method: "POST", path: "/v1/campaigns/spring-26/retry", key: apitest.OperatorKey, body: `{"reason":"r"}`, want: 422, code: "invalid"},
		{name: "retrying a running campaign", method: "POST", path: "/v1/campaigns/spring-26/retry", key: apitest.OperatorKey, body: `{"round":1,"reason":"r"}`, fail: mail.ErrCampaignNotDone, want: 409, code: "wrong_state"},
		{name: "retrying another round", method: "POST", path: "/v1/campaigns/spring-26/retry", key: apitest.OperatorKey, body: `{"round":2,"reason":"r"}`, fail: mail.ErrOtherRound, want: 409, code: "wrong_round"},
		{name: "retrying without unknown outcomes", method: "POST", path: "/v1/campaigns/spring-26/retry", key: apitest.OperatorKey, body: `{"round":1,"reason":"r"}`, fail: mail.ErrNoneUnknown, want: 409, code: "wrong_state"},
		{name: "a list without addresses", method: "POST", path: "/v1/campaigns/spring-26/recipients", key: apitest.OperatorKey, body: "name\nAda\n", want: 422, code: "invalid"},
		{name: "an unknown format", method: "POST", path: "/v1/campaigns/spring-26/recipients?format=xlsx", key: apitest.OperatorKey, body: "x", want: 422, code: "invalid"},
	} {
		f.fail = tt.fail
		a := s.Ask(tt.method, tt.path, tt.key, tt.body)
		if a.Status != tt.want || tt.code != "" && a.Problem(t).Code != tt.code {
			t.Errorf("%s: got %d %s, want %d %s", tt.name, a.Status, a.Body, tt.want, tt.code)
		}
		if state := tt.code == "wrong_state" || tt.code == "too_late"; state && tt.fail != nil && !strings.HasSuffix(a.Problem(t).Detail, "(it is draft)") {
			t.Errorf("%s: the detail does not say what the campaign is: %s", tt.name, a.Body)
		}
	}
}

// TestSlowCampaign checks that the status is 202 if the campaign does not act
// on a message in time.
func TestSlowCampaign(t *testing.T) {
	t.Parallel()
	s, f := setUpCampaigns(t, func(c *api.Config, _ *records.Store) { c.SteerWithin = 1 })
	s.Ask("POST", "/v1/campaigns", apitest.OperatorKey, draft)
	f.stall = true
	if a := s.Ask("POST", "/v1/campaigns/spring-26/pause", apitest.OperatorKey, `{"reason":"r"}`); a.Status != http.StatusAccepted {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}

// TestLongList checks that a list of any length is read, and that the response
// lists no more than a thousand faults.
func TestLongList(t *testing.T) {
	t.Parallel()
	s, _ := setUpCampaigns(t)
	s.Ask("POST", "/v1/campaigns", apitest.OperatorKey, draft)
	var list strings.Builder
	list.WriteString("address,name,code\n")
	for i := range 3_000 {
		fmt.Fprintf(&list, "r%d@example.com,R%d,%d\nnobody,,\n", i, i, i)
	}
	var up struct {
		Added, Invalid int64
		Rows           []any
	}
	a := upload(s, "/v1/campaigns/spring-26/recipients", "text/csv", list.String())
	if a.Into(t, &up); a.Status != http.StatusOK || up.Added != 3_000 || up.Invalid != 3_000 || len(up.Rows) != 1_000 {
		t.Errorf("got %d: %d added, %d invalid, %d reported", a.Status, up.Added, up.Invalid, len(up.Rows))
	}
}
