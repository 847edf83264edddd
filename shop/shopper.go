package shop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// Pay confirms the payment intent with a card, such as "pm_card_visa", and returns
// the intent's status. It fails with ErrDeclined, and the decline code in the text,
// if the card is declined.
func (s *Shopper) Pay(ctx context.Context, clientSecret, card string) (status string, err error) {
	intent, _, ok := strings.Cut(clientSecret, "_secret_")
	if !ok {
		return "", fmt.Errorf("pay: no client secret")
	}
	form := url.Values{"client_secret": {clientSecret}, "payment_method": {card}, "return_url": {"https://shop.example/thanks"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.StripeURL+"/v1/payment_intents/"+intent+"/confirm", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+s.PublishableKey)
	client := s.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct {
		Status string `json:"status"`
		Error  struct {
			Type        string `json:"type"`
			Code        string `json:"code"`
			DeclineCode string `json:"decline_code"`
			Message     string `json:"message"`
		} `json:"error"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("pay: HTTP %d: %w", resp.StatusCode, err)
	}
	if answer.Error.Type == "card_error" {
		return "", fmt.Errorf("pay: %w: %s %s: %s", ErrDeclined, answer.Error.Code, answer.Error.DeclineCode, answer.Error.Message)
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("pay: %s %s: %s", answer.Error.Code, answer.Error.DeclineCode, answer.Error.Message)
	}
	return answer.Status, nil
}
