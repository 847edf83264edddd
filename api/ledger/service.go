// Package ledger implements the API's operations on the shop's books: the check, the
// differences, the export, and closing a period.
package ledger

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/ledger"
	ledgerrecords "purser/records/ledger"
)

// Workflows starts checks of the ledger.
type Workflows interface {
	// CheckLedger compares the ledger with the record and the payment provider, or joins
	// a check. It returns what names the check.
	CheckLedger(ctx context.Context, check string) (ledger.CheckResult, string, error)
}

// Records reads the books and closes periods.
type Records interface {
	Differences(ctx context.Context, f ledgerrecords.DifferenceFilter) ([]ledger.Difference, error)
	// EachEntry calls f for every entry that is booked from a time until before
	// another.
	EachEntry(ctx context.Context, from, to time.Time, f func(ledger.Entry) error) error
	Sums(ctx context.Context, from, to time.Time) ([]ledgerrecords.Sum, error)
	// ClosePeriod fails with ledgerrecords.ErrPeriod if the period cannot be closed.
	ClosePeriod(ctx context.Context, period, by string) (ledgerrecords.Period, error)
	ClosedPeriods(ctx context.Context) ([]ledgerrecords.Period, error)
}

// Service serves the operations on the ledger. Both fields must be set.
type Service struct {
	Workflows Workflows
	Records   Records

	server *httpkit.Server
}

// Register declares the operations on the ledger, all for operators.
func (s *Service) Register(server *httpkit.Server) {
	s.server = server
	operate := []httpkit.Role{httpkit.Operator}
	op := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{"operators"}, Summary: summary, Description: description}
	}
	httpkit.Register(server, op("check-ledger", http.MethodPost, "/v1/ledger/check", "Compare the ledger with the orders and with the payment provider",
		"Imports the provider's balance transactions, and compares all orders that have changed, that do not balance or that were placed in the last month. What differs is compared again ten minutes later, before it counts. Returns how much differs, or 202 while the check is running: send the request again, with the parameter check, to wait for its result. The differences themselves are listed by /v1/ledger/differences."),
		operate, s.check, http.StatusAccepted)
	httpkit.Register(server, op("list-ledger-differences", http.MethodGet, "/v1/ledger/differences", "List the amounts that ledger, record and provider do not agree about",
		"Latest first. A difference is listed once it has lasted for some minutes. A person is asked once about each, by a mail to the shop; the next check resolves those that are gone."),
		operate, s.differences)
	export := op("export-ledger", http.MethodGet, "/v1/ledger/export", "Export the ledger's entries",
		"All entries of a time, in the order of their dates in the books, as CSV or as one JSON object on each line. If the connection is cut off, the export is not complete.")
	export.Responses = map[string]*huma.Response{"200": {Description: "The entries", Content: map[string]*huma.MediaType{
		"text/csv":          {Schema: &huma.Schema{Type: huma.TypeString}},
		"application/jsonl": {Schema: &huma.Schema{Type: huma.TypeString}},
	}}}
	httpkit.Register(server, export, operate, s.export)
	httpkit.Register(server, op("sum-ledger", http.MethodGet, "/v1/ledger/balances", "Read the balances of the accounts",
		"What the entries of a time add up to, by party, account and currency: debits less credits. All balances of a currency add up to zero."),
		operate, s.balances)
	httpkit.Register(server, op("close-ledger-period", http.MethodPost, "/v1/ledger/periods/{period}/close", "Close a month",
		"From then on, what belongs to this month or to an earlier one is booked at the beginning of the first month that is open, with its own date beside. Closing a month again changes nothing; it cannot be opened again. 409 wrong_state if the month is not over."),
		operate, s.closePeriod)
	httpkit.Register(server, op("list-ledger-periods", http.MethodGet, "/v1/ledger/periods", "List the months that were closed", "Latest first."),
		operate, s.periods)
}
