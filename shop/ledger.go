package shop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"purser/ledger"
	"purser/order"
)

// LedgerCheck is a check of the ledger, and its result once it is done.
type LedgerCheck struct {
	Done  bool   `json:"done"`
	Check string `json:"check"` // names the check
	ledger.CheckResult
}

// CheckLedger compares the ledger with the orders and with the payment provider. The
// check is not done if it takes longer than the API waits; another call that names it
// waits for it.
func (c *Client) CheckLedger(ctx context.Context, check string) (found LedgerCheck, err error) {
	path := "/v1/ledger/check"
	if check != "" {
		path += "?" + url.Values{"check": {check}}.Encode()
	}
	return found, c.call(ctx, http.MethodPost, path, nil, &found)
}

// Differences is one page of a list of differences.
type Differences struct {
	Differences []ledger.Difference `json:"differences"`
	NextBefore  int64               `json:"nextBefore,omitempty"`
}

// LedgerDifferences lists the amounts that ledger, record and provider do not agree
// about, by the API's query parameters.
func (c *Client) LedgerDifferences(ctx context.Context, query url.Values) (Differences, error) {
	var p Differences
	return p, c.call(ctx, http.MethodGet, "/v1/ledger/differences?"+query.Encode(), nil, &p)
}

// ExportLedger writes the ledger's entries to w, by the API's query parameters. If it
// fails, what it has written is not complete.
func (c *Client) ExportLedger(ctx context.Context, query url.Values, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/v1/ledger/export?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := c.do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("the export broke off and is not complete: %w", err)
	}
	return nil
}

// AccountBalance is what the entries of a party add up to on one account.
type AccountBalance struct {
	Party   string      `json:"party"`
	Account string      `json:"account"`
	Balance order.Money `json:"balance"`
}

// LedgerBalances returns the balances of all accounts, by the API's query parameters.
func (c *Client) LedgerBalances(ctx context.Context, query url.Values) ([]AccountBalance, error) {
	var out struct {
		Balances []AccountBalance `json:"balances"`
	}
	err := c.call(ctx, http.MethodGet, "/v1/ledger/balances?"+query.Encode(), nil, &out)
	return out.Balances, err
}

// Period is a closed month.
type Period struct {
	Period   string    `json:"period"`
	ClosedAt time.Time `json:"closedAt"`
	ClosedBy string    `json:"closedBy"`
}

// CloseLedgerPeriod closes a month, such as "2026-03", and all before it.
func (c *Client) CloseLedgerPeriod(ctx context.Context, period string) (Period, error) {
	var p Period
	return p, c.call(ctx, http.MethodPost, "/v1/ledger/periods/"+url.PathEscape(period)+"/close", nil, &p)
}
