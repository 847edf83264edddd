package search

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"purser/api/httpkit"
	"purser/order"
)

// Checkout is the backend that the sample shop's buy button calls. It exists only while
// the sandbox plays Stripe: the page has no form for real cards.
type Checkout struct {
	// Buy places an order for one piece of a product.
	Buy func(ctx context.Context, sku, currency string) (Sale, error)
	// Status returns the status of an order.
	Status func(ctx context.Context, id order.ID) (order.Status, error)
	// StripeURL and PublishableKey are those of the sandbox, for the page's script.
	StripeURL, PublishableKey string
	Index                     string // the sandbox's page with test cards
}

// Sale is an order that the shopper's browser can pay.
type Sale struct {
	Order        order.ID `json:"order"`
	Total        string   `json:"total"`
	ClientSecret string   `json:"clientSecret"`
	ReturnURL    string   `json:"returnUrl"`
}

// maxSale is the most bytes of a request to buy.
const maxSale = 4 << 10

// serveCheckout serves what the buy button calls, to this machine only: it needs no
// key.
func (s *Service) serveCheckout(mux *http.ServeMux) {
	local := func(do http.HandlerFunc) http.Handler {
		return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !httpkit.FromThisMachine(r) {
				httpkit.NewProblem(http.StatusForbidden, "forbidden", "the sample shop sells on its own machine only").Write(w, r)
				return
			}
			do(w, r)
		}))
	}
	mux.Handle("POST /shop/orders", local(func(w http.ResponseWriter, r *http.Request) {
		var wish struct{ SKU, Currency string }
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxSale)).Decode(&wish); err != nil || wish.SKU == "" {
			httpkit.NewProblem(http.StatusBadRequest, "invalid", `want {"sku": …, "currency": …}`).Write(w, r)
			return
		}
		sale, err := s.Checkout.Buy(r.Context(), wish.SKU, wish.Currency)
		answerCheckout(w, r, sale, err)
	}))
	mux.Handle("GET /shop/orders/{id}", local(func(w http.ResponseWriter, r *http.Request) {
		id, err := order.ParseID(r.PathValue("id"))
		if err != nil {
			httpkit.ProblemOf(order.ErrNotFound).Write(w, r)
			return
		}
		status, err := s.Checkout.Status(r.Context(), id)
		answerCheckout(w, r, map[string]order.Status{"status": status}, err)
	}))
}

func answerCheckout(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err != nil {
		httpkit.ProblemOf(err).Write(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // the reader may be gone
}

// policy returns the content security policy of the sample shop: with a checkout, the
// page's script also calls the sandbox's Stripe.
func (s *Service) policy() string {
	if s.Checkout == nil {
		return shopPolicy
	}
	at, err := url.Parse(s.Checkout.StripeURL)
	if err != nil {
		return shopPolicy
	}
	const calls = "connect-src 'self'"
	return strings.Replace(shopPolicy, calls, calls+" "+at.Scheme+"://"+at.Host, 1)
}
