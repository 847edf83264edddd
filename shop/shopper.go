package shop

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// Shopper pays as a browser does with Stripe.js: with the publishable key and
// the client secret.
type Shopper struct {
	StripeURL      string // http://127.0.0.1:8090/stripe
	PublishableKey string
	HTTP           *http.Client // default: http.DefaultClient
}

// ErrDeclined reports that the bank declined the card. The shopper may try another.
var ErrDeclined = errors.New("the card was declined")

// Confirmed is what came of a confirmation.
type Confirmed struct {
	Status   string // the intent's
	BankPage string // where the shopper must go to confirm the payment; may be empty
}

// Pay confirms the payment intent with a card, such as "pm_card_visa", and returns
// the intent's status. It fails with ErrDeclined, and the decline code in the text,
// if the card is declined.
func (s *Shopper) Pay(ctx context.Context, clientSecret, card string) (status string, err error) {
	c, err := s.Confirm(ctx, clientSecret, "https://shop.example/thanks", url.Values{"payment_method": {card}})
	return c.Status, err
}

// Confirm confirms the payment intent with the method that the form describes; back is
// where the bank sends the shopper to. It fails with ErrDeclined, as Pay does.
func (s *Shopper) Confirm(ctx context.Context, clientSecret, back string, form url.Values) (Confirmed, error) {
	intent, _, ok := strings.Cut(clientSecret, "_secret_")
	if !ok {
		return Confirmed{}, fmt.Errorf("pay: no client secret")
	}
	form = maps.Clone(form)
	form.Set("client_secret", clientSecret)
	form.Set("return_url", back)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.StripeURL+"/v1/payment_intents/"+intent+"/confirm", strings.NewReader(form.Encode()))
	if err != nil {
		return Confirmed{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+s.PublishableKey)
	resp, err := cmp.Or(s.HTTP, http.DefaultClient).Do(req)
	if err != nil {
		return Confirmed{}, err
	}
	defer resp.Body.Close()
	var answer struct {
		Status     string `json:"status"`
		NextAction struct {
			RedirectToURL struct {
				URL string `json:"url"`
			} `json:"redirect_to_url"`
		} `json:"next_action"`
		Error struct {
			Type        string `json:"type"`
			Code        string `json:"code"`
			DeclineCode string `json:"decline_code"`
			Message     string `json:"message"`
		} `json:"error"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return Confirmed{}, fmt.Errorf("pay: HTTP %d: %w", resp.StatusCode, err)
	}
	if answer.Error.Type == "card_error" {
		return Confirmed{}, fmt.Errorf("pay: %w: %s %s: %s", ErrDeclined, answer.Error.Code, answer.Error.DeclineCode, answer.Error.Message)
	}
	if resp.StatusCode != http.StatusOK {
		return Confirmed{}, fmt.Errorf("pay: %s %s: %s", answer.Error.Code, answer.Error.DeclineCode, answer.Error.Message)
	}
	return Confirmed{Status: answer.Status, BankPage: answer.NextAction.RedirectToURL.URL}, nil
}

// Decide presses a button of the bank's page in the sandbox.
func (s *Shopper) Decide(ctx context.Context, bankPage string, approve bool) error {
	outcome := "fail"
	if approve {
		outcome = "succeed"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, bankPage, strings.NewReader("outcome="+outcome))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := *cmp.Or(s.HTTP, http.DefaultClient)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the shop's page need not exist
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("the bank's page: HTTP %d", resp.StatusCode)
	}
	return nil
}
