package ledger_test

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	apiledger "purser/api/ledger"
	"purser/ledger"
	"purser/order"
	"purser/records"
)

// checks stands in for the check's workflow.
type checks struct {
	found ledger.CheckResult
	err   error
}

func (c *checks) CheckLedger(_ context.Context, check string) (ledger.CheckResult, string, error) {
	return c.found, cmp.Or(check, "run-1"), c.err
}

// open returns an API with the ledger of an order of 29.00 EUR that is paid.
func open(t *testing.T) (*apitest.Shop, *checks, order.Order) {
	t.Helper()
	c := &checks{}
	s := apitest.New(t, func(conf *api.Config, store *records.Store) {
		conf.Ledger = &apiledger.Service{Workflows: c, Records: store}
	})
	placed := s.Place(t, "c-1")
	o := s.Recorded(t, placed.ID)
	o.Version++
	o.UpdatedAt = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	o.Payments = []order.Payment{{Number: 1, Provider: "stripe", Reference: "pi_1", Status: order.PaymentCaptured, Authorized: o.Total.Amount, Captured: o.Total.Amount}}
	save(t, s, o)
	return s, c, o
}

func save(t *testing.T, s *apitest.Shop, o order.Order) {
	t.Helper()
	if err := s.Store.SaveOrder(t.Context(), order.Change{Order: o, Fence: int64(1) << 60, Events: []order.Event{{
		OrderID: o.ID, Seq: o.Version, At: o.UpdatedAt, Kind: order.PaymentReady, From: o.Status, To: o.Status, Actor: "purser",
	}}}); err != nil {
		t.Fatal(err)
	}
}

// TestExport (ORD-11): the entries of a time are exported as CSV and as JSON lines,
// with amounts in major units and the dates of the books.
func TestExport(t *testing.T) {
	t.Parallel()
	s, _, o := open(t)
	if a := s.Ask("POST", "/v1/ledger/periods/2026-03/close", apitest.OperatorKey, ""); a.Status != http.StatusOK || !strings.Contains(string(a.Body), `"closedBy":"key:ops"`) {
		t.Fatalf("close: %d %s", a.Status, a.Body)
	}
	o.Version++
	o.UpdatedAt = o.UpdatedAt.Add(time.Hour)
	o.Payments[0].Refunded = 450
	save(t, s, o)
	want := [][]string{
		{"2026-03-05T12:00:00Z", "2026-03-05T12:00:00Z", "", "authorized", "holds", "29.00"},
		{"2026-03-05T12:00:00Z", "2026-03-05T12:00:00Z", "", "clearing", "captured", "29.00"},
		{"2026-04-01T00:00:00Z", "2026-03-05T13:00:00Z", "2026-03", "refunded", "clearing", "4.50"},
	}
	for _, c := range []struct {
		query string
		want  [][]string
	}{
		{query: "", want: want},
		{query: "from=2026-03&to=2026-04", want: want[:2]},
		{query: "from=2026-04", want: want[2:]},
		{query: "from=2026-03-05&to=2026-03-06", want: want[:2]},
		{query: "from=2026-03-05T12:00:01Z", want: want[2:]},
		{query: "to=2026-02", want: nil},
	} {
		a := s.Ask("GET", "/v1/ledger/export?"+c.query, apitest.OperatorKey, "")
		rows, err := csv.NewReader(strings.NewReader(string(a.Body))).ReadAll()
		if err != nil || a.Status != http.StatusOK || len(rows) != len(c.want)+1 || a.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
			t.Fatalf("%q: %d %v %s", c.query, a.Status, err, a.Body)
		}
		var lines []map[string]any
		for d := json.NewDecoder(strings.NewReader(string(s.Ask("GET", "/v1/ledger/export?format=jsonl&"+c.query, apitest.OperatorKey, "").Body))); ; {
			var line map[string]any
			if err := d.Decode(&line); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line)
		}
		if len(lines) != len(c.want) {
			t.Fatalf("%q: %d lines, want %d", c.query, len(lines), len(c.want))
		}
		for i, w := range c.want {
			r, l := rows[i+1], lines[i]
			if got := []string{r[1], r[2], r[3], r[9], r[10], r[11]}; fmt.Sprint(got) != fmt.Sprint(w) || r[5] != string(o.ID) || r[7] != "pi_1" || r[12] != "EUR" {
				t.Errorf("%q row %d: got %q, want %q", c.query, i, got, w)
			}
			corrects, _ := l["corrects"].(string)
			if got := []string{l["bookedAt"].(string), l["at"].(string), corrects, l["debit"].(string), l["credit"].(string), l["amount"].(string)}; fmt.Sprint(got) != fmt.Sprint(w) {
				t.Errorf("%q line %d: got %q, want %q", c.query, i, got, w)
			}
		}
	}
	a := s.Ask("GET", "/v1/ledger/balances?from=2026-04", apitest.OperatorKey, "")
	if got := strings.TrimSpace(string(a.Body)); !strings.Contains(got, `{"party":"stripe","account":"clearing","balance":{"amount":-450,"currency":"EUR"}},{"party":"stripe","account":"refunded","balance":{"amount":450,"currency":"EUR"}}`) {
		t.Errorf("balances: %d %s", a.Status, got)
	}
}

// TestBadLedgerRequests: what cannot be exported or closed is refused with the reason,
// and only operators may read the books.
func TestBadLedgerRequests(t *testing.T) {
	t.Parallel()
	s, _, _ := open(t)
	for _, c := range []struct {
		method, path, key string
		status            int
		code, says        string
	}{
		{method: "GET", path: "/v1/ledger/export?from=March", status: 422, code: "invalid", says: "want a month, a day or a time"},
		{method: "GET", path: "/v1/ledger/export?from=2026-04&to=2026-03", status: 422, code: "invalid", says: "before from"},
		{method: "GET", path: "/v1/ledger/export?format=xlsx", status: 422, code: "invalid"},
		{method: "GET", path: "/v1/ledger/balances?to=2026-02-31", status: 422, code: "invalid", says: "to:"},
		{method: "POST", path: "/v1/ledger/periods/2999-01/close", status: 409, code: "wrong_state", says: "not over"},
		{method: "POST", path: "/v1/ledger/periods/2026-13/close", status: 422, code: "invalid", says: "want a month"},
		{method: "POST", path: "/v1/ledger/periods/March/close", status: 422, code: "invalid", says: "want a month"},
		{method: "GET", path: "/v1/ledger/export", key: apitest.ShopKey, status: 403, code: "forbidden"},
		{method: "GET", path: "/v1/ledger/differences", key: apitest.ViewerKey, status: 403, code: "forbidden"},
		{method: "POST", path: "/v1/ledger/check", key: apitest.ShopKey, status: 403, code: "forbidden"},
		{method: "POST", path: "/v1/ledger/periods/2026-03/close", key: apitest.ShopKey, status: 403, code: "forbidden"},
	} {
		if c.key == "" {
			c.key = apitest.OperatorKey
		}
		a := s.Ask(c.method, c.path, c.key, "")
		if p := a.Problem(t); a.Status != c.status || p.Code != c.code || !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.Status, a.Body)
		}
	}
	if a := s.Ask("GET", "/v1/ledger/periods", apitest.OperatorKey, ""); strings.TrimSpace(string(a.Body)) != `{"periods":[]}` {
		t.Errorf("refused months were closed: %s", a.Body)
	}
}

// TestCheckAndDifferences (REC-6, REC-7): an operator has the ledger checked, and lists
// what differs with both sides' amounts.
func TestCheckAndDifferences(t *testing.T) {
	t.Parallel()
	s, c, o := open(t)
	c.found = ledger.CheckResult{Orders: 3, Differing: 1, Settlements: 4}
	if a := s.Ask("POST", "/v1/ledger/check", apitest.OperatorKey, ""); a.Status != http.StatusOK || !strings.Contains(string(a.Body), `"done":true`) || !strings.Contains(string(a.Body), `"differing":1`) {
		t.Errorf("check: %d %s", a.Status, a.Body)
	}
	c.err = context.DeadlineExceeded
	if a := s.Ask("POST", "/v1/ledger/check", apitest.OperatorKey, ""); a.Status != http.StatusAccepted || !strings.Contains(string(a.Body), `"done":false,"check":"run-1"`) {
		t.Errorf("a check that takes long: %d %s", a.Status, a.Body)
	}
	if a := s.Ask("POST", "/v1/ledger/check?check=run-7", apitest.OperatorKey, ""); a.Status != http.StatusAccepted || !strings.Contains(string(a.Body), `"check":"run-7"`) {
		t.Errorf("the check that was asked for before: %d %s", a.Status, a.Body)
	}
	has := int64(2000)
	var found []ledger.Difference
	for i, account := range []ledger.Account{ledger.Captured, ledger.Refunded, ledger.Disputed} {
		found = append(found, ledger.Difference{OrderID: o.ID, Payment: 1, Ref: "pi_1", Party: "stripe", Account: account, Currency: "EUR", Record: 2900, Ledger: int64(i), Provider: &has, Why: "why"})
	}
	if err := s.Store.RecordDifferences(t.Context(), []ledger.Doubt{{OrderID: o.ID}}, found); err != nil {
		t.Fatal(err)
	}
	var page struct {
		Differences []ledger.Difference
		NextBefore  int64
	}
	a := s.Ask("GET", "/v1/ledger/differences?limit=2", apitest.OperatorKey, "")
	a.Into(t, &page)
	if d := page.Differences; len(d) != 2 || d[0].Account != ledger.Disputed || d[0].Record != 2900 || d[0].Ledger != 2 || *d[0].Provider != 2000 || d[0].FoundAt.IsZero() {
		t.Errorf("%s", a.Body)
	}
	a = s.Ask("GET", fmt.Sprintf("/v1/ledger/differences?limit=2&before=%d&orderId=%s", page.NextBefore, o.ID), apitest.OperatorKey, "")
	page.Differences = nil
	a.Into(t, &page)
	if d := page.Differences; len(d) != 1 || d[0].Account != ledger.Captured {
		t.Errorf("the next page: %s", a.Body)
	}
	if err := s.Store.RecordDifferences(t.Context(), []ledger.Doubt{{OrderID: o.ID}}, nil); err != nil {
		t.Fatal(err)
	}
	if a = s.Ask("GET", "/v1/ledger/differences", apitest.OperatorKey, ""); strings.TrimSpace(string(a.Body)) != `{"differences":[]}` {
		t.Errorf("after they are gone: %s", a.Body)
	}
	if a = s.Ask("GET", "/v1/ledger/differences?resolved=true", apitest.OperatorKey, ""); strings.Count(string(a.Body), "resolvedAt") != 3 {
		t.Errorf("also those that are gone: %s", a.Body)
	}
}

// TestExportForSpreadsheets: a text that a spreadsheet would run as a formula is only a
// text, and the amounts of an export add up to the balances of the accounts.
func TestExportForSpreadsheets(t *testing.T) {
	t.Parallel()
	s, _, o := open(t)
	for i, ref := range []string{`=HYPERLINK("https://example.com")`, "+1", "-1", "@SUM(A1)", "\t=1", " plain"} {
		o.Version++
		o.UpdatedAt = o.UpdatedAt.Add(time.Hour)
		o.Payments = append(o.Payments, order.Payment{Number: i + 2, Provider: order.Manual, Reference: ref, Captured: 10 + int64(i)})
		save(t, s, o)
	}
	a := s.Ask("GET", "/v1/ledger/export", apitest.OperatorKey, "")
	rows, err := csv.NewReader(strings.NewReader(string(a.Body))).ReadAll()
	if err != nil || len(rows) != 9 {
		t.Fatalf("%v: %s", err, a.Body)
	}
	sums := map[string]float64{}
	for _, r := range rows[1:] {
		for _, field := range r {
			if field != "" && strings.ContainsAny(field[:1], "=+-@\t\r\n") {
				t.Errorf("a formula: %q", field)
			}
		}
		var n float64
		if _, err := fmt.Sscan(r[11], &n); err != nil {
			t.Fatal(err)
		}
		sums[r[8]+" "+r[9]] += n
		sums[r[8]+" "+r[10]] -= n
	}
	if got := rows[3][7]; got != `'=HYPERLINK("https://example.com")` {
		t.Errorf("the reference is %q", got)
	}
	var page struct {
		Balances []struct {
			Party, Account string
			Balance        order.Money
		}
	}
	b := s.Ask("GET", "/v1/ledger/balances", apitest.OperatorKey, "")
	b.Into(t, &page)
	if len(page.Balances) != len(sums) {
		t.Errorf("%d balances, the export has %d", len(page.Balances), len(sums))
	}
	for _, b := range page.Balances {
		if got := int64(math.Round(sums[b.Party+" "+b.Account] * 100)); got != b.Balance.Amount {
			t.Errorf("%s %s: the balance is %d, the export adds up to %d", b.Party, b.Account, b.Balance.Amount, got)
		}
	}
	if again := s.Ask("GET", "/v1/ledger/export", apitest.OperatorKey, ""); string(again.Body) != string(a.Body) {
		t.Error("the same export again has another order")
	}
}

// broken is a record that fails in the middle of an export.
type broken struct{ apiledger.Records }

func (broken) EachEntry(_ context.Context, _, _ time.Time, f func(ledger.Entry) error) error {
	for range 200 {
		if err := f(ledger.Entry{Amount: order.Money{Amount: 1, Currency: "EUR"}}); err != nil {
			return err
		}
	}
	return errors.New("the disk is gone")
}

// TestExportBreaksOff: a caller never takes a part of the books for the whole.
func TestExportBreaksOff(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(conf *api.Config, store *records.Store) {
		conf.Ledger = &apiledger.Service{Workflows: &checks{}, Records: broken{store}}
	})
	server := apitest.Serve(t, s.Handler)
	for _, format := range []string{"csv", "jsonl"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/ledger/export?format="+format, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+apitest.OperatorKey)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			continue // cut before the headers
		}
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil {
			t.Errorf("%s: an export that broke off looks complete", format)
		}
	}
}
