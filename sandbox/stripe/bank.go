package stripe

import (
	"html/template"
	"net/http"
	"net/url"
)

// bankHTML is the page of the shopper's bank, which asks the shopper to confirm
// the payment.
var bankHTML = template.Must(template.New("bank").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sandbox Bank</title>
<link rel="icon" href="data:,">
<style>body{font:16px/1.5 system-ui;max-width:24rem;margin:15vh auto;padding:0 1rem}button{font:inherit;padding:.6rem 1rem;margin-right:.5rem}</style>
<h1>Sandbox Bank</h1>
{{if .Waiting}}<p>Do you want to pay {{.Amount}} {{.Currency}} (Stripe's units)?</p>
<form method="post">
<button id="succeed" name="outcome" value="succeed">Yes, pay</button>
<button id="fail" name="outcome" value="fail">No</button>
</form>{{else}}<p id="done">Nothing to confirm here. The payment is {{.Status}}.</p>{{end}}
`))

func (s *Server) bankPage(w http.ResponseWriter, r *http.Request) {
	in, ok := s.Intent(r.PathValue("intent"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = bankHTML.Execute(w, map[string]any{
		"Amount": in.Amount, "Currency": in.Currency, "Status": in.Status, "Waiting": in.Status == requiresAction || in.Status == processing,
	})
}

// bankAnswer handles outcome=succeed or fail, and redirects the browser to the
// shop's return URL, or to the bank's page.
func (s *Server) bankAnswer(w http.ResponseWriter, r *http.Request) {
	id, outcome := r.PathValue("intent"), r.FormValue("outcome")
	before, ok := s.Intent(id)
	if !ok {
		writeError(w, missing("intent", "payment_intent", id))
		return
	}
	if outcome != "succeed" && outcome != "fail" {
		writeError(w, invalid("", "outcome", "outcome: want succeed or fail"))
		return
	}
	if err := s.Authenticate(id, outcome == "succeed"); err != nil {
		writeError(w, &Error{status: http.StatusConflict, Type: "invalid_request_error", Message: err.Error()})
		return
	}
	to := r.URL.Path
	if n := before.NextAction; n != nil && n.RedirectToURL != nil {
		to = n.RedirectToURL.ReturnURL
		if u, err := url.Parse(to); err == nil {
			q := u.Query()
			q.Set("payment_intent", id)
			q.Set("payment_intent_client_secret", before.ClientSecret)
			q.Set("redirect_status", map[string]string{"succeed": "succeeded", "fail": "failed"}[outcome])
			u.RawQuery = q.Encode()
			to = u.String()
		}
	} else if u, err := url.ParseRequestURI(r.RequestURI); err == nil {
		to = u.Path
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
