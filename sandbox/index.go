package sandbox

import (
	"embed"
	"html/template"
	"net/http"
	"time"

	"purser/sandbox/stripe"
)

//go:embed pages
var pages embed.FS

const pagePolicy = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// party is one stand-in, as the index shows it.
type party struct {
	Name  string // as rules for faults name it
	Plays string
	Pages []page
}

// page is a page of a stand-in, or a call that is no page.
type page struct{ Path, Call, What string }

// parties lists the stand-ins that run, with their pages and switches.
func (s *Sandbox) parties() (all []party) {
	if s.Stripe != nil {
		all = append(all, party{"stripe", "Stripe: payments, refunds, disputes", []page{
			{Path: "/stripe/sandbox/", What: "the payments, and the pages of the shoppers' banks"},
			{Path: "/stripe/sandbox/methods.json", What: "the ways to pay"},
			{Path: "/stripe/sandbox/counts", What: "what was charged and refunded, by order"},
			{Call: "POST /stripe/sandbox/settle/{intent}", What: "outcome=succeed or fail: the bank decides on a payment that is processing"},
		}})
	}
	if s.Carrier != nil {
		all = append(all, party{"carrier", "a carrier: labels and tracking", []page{
			{Call: "GET /carrier/v1/labels", What: "the labels; needs the carrier's key"},
			{Call: "POST /carrier/sandbox/labels/{id}/advance", What: "the next scan of a parcel"},
		}})
	}
	if s.SES != nil {
		all = append(all, party{"ses", "Amazon SES: mail", []page{
			{Path: "/mail/", What: "the mailbox, with buttons for deliveries, bounces and complaints"},
			{Path: "/mail/figures.json", What: "how many mails went out, and how many failed"},
		}})
	}
	if s.Search != nil {
		all = append(all, party{"search", "Meilisearch", []page{{Path: "/search/health", What: "whether the search is up"}}})
	}
	if s.Objects != nil {
		all = append(all, party{"s3", "an S3 bucket for images", []page{{Call: "/" + s.bucket + "/", What: "the bucket; requests are signed"}}})
	}
	return all
}

// serveIndex serves the index of the stand-ins, their switches and the test cards.
func (s *Sandbox) serveIndex(mux *http.ServeMux) {
	t := template.Must(template.ParseFS(pages, "pages/index.html")) // embedded: tested
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		rules := s.Faults.List()
		shown := map[string]any{"Parties": s.parties(), "Rules": len(rules.Faults) + len(rules.Webhooks), "Address": "http://" + r.Host}
		if s.Stripe != nil {
			shown["Methods"], shown["DebitTime"] = stripe.TestMethods, s.Stripe.DebitTime().Round(time.Second).String()
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("Cache-Control", "no-store")
		_ = t.Execute(w, shown) // the reader may be gone
	})
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		b, _ := pages.ReadFile("pages/style.css") // embedded: tested
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(b)
	})
}
