package orders

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"purser/api/httpkit"
	"purser/catalog"
	"purser/mail"
	"purser/order"
	"purser/pricing"
)

type placeInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" doc:"A name that the caller chooses for this order, so that a repeated request returns the same order instead of creating a second one. Recommended."`
	Body order.Request
}

type placed struct {
	Order        Order  `json:"order"`
	ClientSecret string `json:"clientSecret,omitempty" doc:"The payment's client secret, with which the shopper's browser pays this order. Missing if the status is 202: repeat the request with the same Idempotency-Key."`
	ReturnURL    string `json:"returnUrl,omitempty" doc:"The address to confirm the payment with, to which banks send the shopper back. Missing if none is configured."`
}

type placeOutput struct {
	Status     int
	Location   string `header:"Location"`
	ETag       string `header:"ETag"`
	RetryAfter string `header:"Retry-After"`
	Body       placed
}

// place opens an order. It first makes all checks that can refuse the order
// without starting anything.
func (s *Service) place(ctx context.Context, in *placeInput) (*placeOutput, error) {
	c := httpkit.CallOf(ctx)
	clean(&in.Body)
	if err := in.Body.Validate(); err != nil {
		return nil, httpkit.RequestProblem(err)
	}
	if err := notAnotherCustomer(ctx, in.Body); err != nil {
		return nil, err
	}
	c.OrderID = order.NewID()
	if in.Key != "" {
		c.OrderID = order.IDForKey(c.Principal.Name, in.Key)
		// The engine lets few callers wait for one order at a time; quick
		// repetitions should not fill its queue.
		if _, busy := s.placing.LoadOrStore(c.OrderID, true); busy {
			return nil, httpkit.ProblemOf(order.ErrInFlight)
		}
		defer s.placing.Delete(c.OrderID)
	}
	release, err := s.server.AcquirePlacing(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	_, decided, err := s.price(ctx, in.Body)
	if err != nil && !s.placedBefore(ctx, c.OrderID, in.Key) {
		return nil, priceProblem(err)
	}
	waited, cancel := context.WithTimeout(ctx, s.server.PlaceWithin)
	defer cancel()
	o, secret, err := s.Workflows.Place(waited, c.OrderID, in.Body, decided, c.Actor(), c.Correlation)
	switch {
	case httpkit.TimedOut(waited, err):
		return s.placeLater(ctx, c.OrderID, in.Key, "timeout")
	case errors.Is(err, order.ErrBusy):
		return s.placeLater(ctx, c.OrderID, in.Key, "busy")
	case errors.Is(err, order.ErrBelowMinimum): // the price fell after the quote, or the provider has another minimum
		return nil, belowMinimum(err, in.Body.Currency)
	case errors.Is(err, order.ErrPriceChanged), errors.Is(err, order.ErrDiscount): // a price in the catalogue changed after the quote
		return nil, repriced(err)
	case err != nil:
		return nil, httpkit.ProblemOf(err)
	}
	s.Appeared(o.ID)
	out := s.newPlaceOutput(o, secret)
	if secret == "" && o.Status == order.Placed {
		out.Status, out.RetryAfter = http.StatusAccepted, "1"
	}
	return out, nil
}

// clean gives a request the form in which the catalogue and the mails keep its texts.
func clean(r *order.Request) {
	r.Locale = mail.ParseLocale(r.Locale)
	for i := range r.Lines {
		r.Lines[i].SKU = catalog.CleanSKU(r.Lines[i].SKU)
	}
}

// notAnotherCustomer refuses a request in another customer's name than the call's.
func notAnotherCustomer(ctx context.Context, r order.Request) error {
	if c := httpkit.CallOf(ctx); c.Customer != "" && c.Customer != r.Customer {
		return httpkit.NewProblem(http.StatusForbidden, "forbidden", "customerId is not the customer of "+httpkit.HeaderCustomer)
	}
	return nil
}

// price prices the request from the current catalogue, so that nothing is started
// for an order that would be refused, and returns what was decided about its price.
// The workflow prices it again with the same decision, and its price is the one
// charged.
func (s *Service) price(ctx context.Context, r order.Request) (pricing.Priced, *order.Pricing, error) {
	return pricing.Calculator{Offers: s.Records, Rules: s.Pricing}.Price(ctx, r)
}

// priceProblem returns the problem of a request that cannot be priced. What is wrong
// with the shop's own endpoint is for the log; the caller learns only that it is.
func priceProblem(err error) *httpkit.Problem {
	if errors.Is(err, order.ErrPricing) || errors.Is(err, order.ErrPricingDown) {
		return httpkit.ProblemOf(err).WithCause(err)
	}
	return httpkit.RequestProblem(err)
}

// repriced returns the problem of an order that the workflow refused for its price,
// with the totals or the code, and without the words of the steps that failed with it.
func repriced(err error) *httpkit.Problem {
	p := httpkit.ProblemOf(err)
	for _, kind := range []error{order.ErrPriceChanged, order.ErrDiscount} {
		if i := strings.Index(err.Error(), kind.Error()); i >= 0 {
			p.Detail = err.Error()[i:]
		}
	}
	return p
}

// belowMinimum returns the problem of an order below the currency's minimum
// charge. The detail is what the workflow says, or else contains the minimum if it is
// known.
func belowMinimum(err error, currency string) *httpkit.Problem {
	p := httpkit.ProblemOf(err)
	if least, ok := order.Minimum(currency); ok && p.Detail == order.ErrBelowMinimum.Error() {
		p.Detail += ": the minimum is " + least.String()
	}
	return p
}

// placedBefore reports whether an order was placed with the key. That order is
// returned even if its price or stock has changed since.
func (s *Service) placedBefore(ctx context.Context, id order.ID, key string) bool {
	if key == "" {
		return false
	}
	_, err := s.Records.Order(ctx, id)
	return err == nil
}

// placeLater returns an order that is being opened and cannot be paid yet. If the
// record does not have it either, it is unknown whether it was placed. With a key
// the problem asks the caller to send the request again, which finds out. Without
// one, that could create a second order, so the problem does not ask for it.
func (s *Service) placeLater(ctx context.Context, id order.ID, key, code string) (*placeOutput, error) {
	o, err := s.Records.Order(ctx, id)
	switch {
	case errors.Is(err, order.ErrNotFound) && key != "":
		return nil, httpkit.NewProblem(http.StatusServiceUnavailable, code, "the order could not be placed in time; send it again with the same Idempotency-Key").RetryAfter(2 * time.Second)
	case errors.Is(err, order.ErrNotFound):
		return nil, httpkit.NewProblem(http.StatusServiceUnavailable, code, "the order could not be placed in time, but may have been opened all the same: read /v1/orders/"+string(id)+" or list the orders before sending it again, which would create another one")
	}
	if err != nil {
		return nil, httpkit.ProblemOf(err)
	}
	s.Appeared(id)
	out := s.newPlaceOutput(o, "")
	out.Status, out.RetryAfter = http.StatusAccepted, "1"
	return out, nil
}

func (s *Service) newPlaceOutput(o order.Order, secret string) *placeOutput {
	v := viewOf(o)
	return &placeOutput{Status: http.StatusCreated, Location: "/v1/orders/" + string(o.ID), ETag: etag(v), Body: s.payable(v, secret)}
}

// payable returns an order with the secret to pay it with, if there is one.
func (s *Service) payable(o Order, secret string) placed {
	p := placed{Order: o, ClientSecret: secret}
	if secret != "" {
		p.ReturnURL = s.returnURL(o.ID)
	}
	return p
}

// returnURL returns the address that the shopper comes back to, with the order's id.
func (s *Service) returnURL(id order.ID) string {
	u, err := url.Parse(s.ReturnURL)
	if err != nil || s.ReturnURL == "" {
		return ""
	}
	q := u.Query()
	q.Set("order", string(id))
	u.RawQuery = q.Encode()
	return u.String()
}
