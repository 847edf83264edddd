package stripe

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"time"
)

// paymentsHTML is the page that lists the payments, with links to the pages of the
// banks that are to decide.
var paymentsHTML = template.Must(template.New("payments").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sandbox Stripe: payments</title>
<link rel="icon" href="data:,">
<style>body{font:16px/1.5 system-ui;max-width:62rem;margin:2rem auto;padding:0 1rem}td,th{padding:.2rem .6rem;text-align:left}button{font:inherit}form{display:inline}</style>
<h1>Payments</h1>
<p>The newest {{len .Payments}} of {{.Total}}. Amounts are in Stripe's units.</p>
<table>
<tr><th>made<th>order<th>intent<th>amount<th>status<th>
{{range .Payments}}<tr><td>{{.At}}<td>{{.Order}}<td>{{.ID}}<td>{{.Amount}} {{.Currency}}<td>{{.Status}}<td>{{if .Waiting}}<a href="3ds/{{.ID}}">the bank's page</a>{{end}}
{{end}}</table>
`))

// shownPayments is how many payments the page lists.
const shownPayments = 100

type shownPayment struct {
	Intent
	At, Order string
	Waiting   bool // for the bank's decision
}

func (s *Server) paymentsPage(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	var shown []shownPayment
	for _, in := range slices.Backward(s.intents.all) {
		if len(shown) == shownPayments {
			break
		}
		shown = append(shown, shownPayment{
			Intent: *in, At: time.Unix(in.Created, 0).UTC().Format(time.DateTime), Order: in.Metadata["order_id"],
			Waiting: in.Status == requiresAction || in.Status == processing,
		})
	}
	total := len(s.intents.all)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = paymentsHTML.Execute(w, map[string]any{"Payments": shown, "Total": total})
}

// methodPage returns the test method that a person names.
func (s *Server) methodPage(w http.ResponseWriter, r *http.Request) {
	m, ok := FindTestMethod(r.URL.Query().Get("name"))
	if !ok {
		writeError(w, missing("name", "test payment method", r.URL.Query().Get("name")))
		return
	}
	writeJSON(w, http.StatusOK, m)
}

// DebitTime returns how long a direct debit is processing.
func (s *Server) DebitTime() time.Duration { return cmp.Or(s.conf.DebitTime, debitTime) }
