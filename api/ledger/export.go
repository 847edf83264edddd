package ledger

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/ledger"
	"purser/order"
)

// Span is a time in the books.
type Span struct {
	From string `query:"from" maxLength:"40" doc:"The first month, day or moment: 2026-03, 2026-03-01 or 2026-03-01T00:00:00Z. Default: the beginning"`
	To   string `query:"to" maxLength:"40" doc:"The first month, day or moment that is not included. Default: the end"`
}

// times returns the span's limits; the zero time is no limit.
func (s Span) times() (from, to time.Time, err error) {
	for _, v := range []struct {
		name, text string
		to         *time.Time
	}{{"from", s.From, &from}, {"to", s.To, &to}} {
		if *v.to, err = parseTime(v.text); err != nil {
			return from, to, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid",
				fmt.Sprintf("%s: %q: want a month, a day or a time, such as 2026-03, 2026-03-01 or 2026-03-01T00:00:00Z", v.name, httpkit.Clip(v.text)))
		}
	}
	if !to.IsZero() && to.Before(from) {
		return from, to, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "to: it is before from")
	}
	return from, to, nil
}

func parseTime(text string) (t time.Time, err error) {
	if text == "" {
		return t, nil
	}
	for _, layout := range []string{ledger.PeriodLayout, time.DateOnly, time.RFC3339} {
		if t, err = time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return t, err
}

type exportInput struct {
	Span
	Format string `query:"format" enum:"csv,jsonl" default:"csv" doc:"The format"`
}

// export streams the entries. The connection is cut if the record fails halfway, so
// that the caller does not take a part for the whole.
func (s *Service) export(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	from, to, err := in.times()
	if err != nil {
		return nil, err
	}
	release, ok := s.server.AcquireStream(ctx)
	if !ok {
		return nil, httpkit.NewProblem(http.StatusServiceUnavailable, "too_many_streams", "too many live streams are open").RetryAfter(5 * time.Second)
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer release()
		contentType, write, flush := writerOf(in.Format, ctx.BodyWriter())
		ctx.SetHeader("Content-Type", contentType)
		ctx.SetHeader("Cache-Control", "no-store")
		ctx.SetHeader("Content-Disposition", `attachment; filename="ledger.`+in.Format+`"`)
		ctx.SetStatus(http.StatusOK)
		err := s.Records.EachEntry(ctx.Context(), from, to, write)
		if err == nil {
			err = flush()
		}
		if err != nil {
			s.server.Log.ErrorContext(ctx.Context(), "export broke off", "error", err, "requestId", httpkit.CallOf(ctx.Context()).RequestID)
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

// row is an exported entry.
type row struct {
	ID       int64     `json:"id"`
	BookedAt time.Time `json:"bookedAt"`
	At       time.Time `json:"at"`
	Corrects string    `json:"corrects,omitempty"`
	Kind     string    `json:"kind"`
	OrderID  order.ID  `json:"orderId,omitempty"`
	Payment  int       `json:"payment,omitempty"`
	Ref      string    `json:"ref,omitempty"`
	Party    string    `json:"party"`
	Debit    string    `json:"debit"`
	Credit   string    `json:"credit"`
	Amount   string    `json:"amount"` // in major units, with the currency's decimals
	Currency string    `json:"currency"`
	Source   string    `json:"source,omitempty"`
}

var header = []string{"id", "booked_at", "at", "corrects", "kind", "order_id", "payment", "ref", "party", "debit", "credit", "amount", "currency", "source"}

func newRow(e ledger.Entry) row {
	amount, _, _ := strings.Cut(e.Amount.String(), " ")
	return row{
		ID: e.ID, BookedAt: e.BookedAt, At: e.At, Corrects: e.Corrects(), Kind: string(e.Kind), OrderID: e.OrderID, Payment: e.Payment, Ref: e.Ref,
		Party: e.Party, Debit: string(e.Debit), Credit: string(e.Credit), Amount: amount, Currency: e.Amount.Currency, Source: e.Source,
	}
}

// noFormula returns a text with an apostrophe before it if a spreadsheet would run it
// as a formula.
func noFormula(text string) string {
	if text != "" && strings.ContainsAny(text[:1], "=+-@\t\r\n") {
		return "'" + text
	}
	return text
}

// writerOf returns the content type of a format, and what writes its rows.
func writerOf(format string, w io.Writer) (contentType string, write func(ledger.Entry) error, flush func() error) {
	if format == "jsonl" {
		e := json.NewEncoder(w)
		return "application/jsonl", func(entry ledger.Entry) error { return e.Encode(newRow(entry)) }, func() error { return nil }
	}
	c := csv.NewWriter(w)
	_ = c.Write(header) // a failure comes back from flush
	return "text/csv; charset=utf-8", func(entry ledger.Entry) error {
			r := newRow(entry)
			return c.Write([]string{
				strconv.FormatInt(r.ID, 10), r.BookedAt.Format(time.RFC3339Nano), r.At.Format(time.RFC3339Nano), r.Corrects, r.Kind, noFormula(string(r.OrderID)),
				strconv.Itoa(r.Payment), noFormula(r.Ref), noFormula(r.Party), r.Debit, r.Credit, r.Amount, r.Currency, noFormula(r.Source),
			})
		}, func() error {
			c.Flush()
			return c.Error()
		}
}

type balance struct {
	Party   string      `json:"party"`
	Account string      `json:"account"`
	Balance order.Money `json:"balance" doc:"Debits less credits"`
}

type balancesOutput struct {
	Body struct {
		Balances []balance `json:"balances" nullable:"false"`
	}
}

func (s *Service) balances(ctx context.Context, in *Span) (*balancesOutput, error) {
	from, to, err := in.times()
	if err != nil {
		return nil, err
	}
	sums, err := s.Records.Sums(ctx, from, to)
	out := &balancesOutput{}
	out.Body.Balances = make([]balance, 0, len(sums))
	for _, b := range sums {
		out.Body.Balances = append(out.Body.Balances, balance{b.Party, string(b.Account), b.Amount})
	}
	return out, err
}
