package shop

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"purser/mail"
	"purser/order"
)

// Mail is an entry of the mail log.
type Mail struct {
	ID         string            `json:"id"`
	About      string            `json:"about"`
	Template   string            `json:"template"`
	Generation int               `json:"generation"`
	State      mail.State        `json:"state"`
	Provider   string            `json:"provider,omitempty"`
	ProviderID string            `json:"providerId,omitempty"`
	Skipped    []mail.PassedOver `json:"skipped,omitempty"`
	Why        string            `json:"why,omitempty"`
	Attempts   int               `json:"attempts"`
	ClaimedAt  time.Time         `json:"claimedAt"` // when it was last begun to be sent
	AskedBy    string            `json:"askedBy,omitempty"`
	AskedWhy   string            `json:"askedWhy,omitempty"`
	Resent     bool              `json:"resentAfterUnknown,omitempty"` // sent because the outcome of its last generation was unknown
	// Feedback is the feedback on the mail, oldest first.
	Feedback []mail.Feedback `json:"feedback,omitempty"`
}

// Mails lists an order's mails.
func (c *Client) Mails(ctx context.Context, id order.ID) ([]Mail, error) {
	return c.mails(ctx, "/v1/orders/"+url.PathEscape(string(id))+"/mails")
}

// UnknownMails lists mails that may or may not have gone out.
func (c *Client) UnknownMails(ctx context.Context) ([]Mail, error) {
	return c.mails(ctx, "/v1/mail/open?state=unknown")
}

func (c *Client) mails(ctx context.Context, path string) ([]Mail, error) {
	var body struct {
		Mails []Mail `json:"mails"`
	}
	err := c.call(ctx, http.MethodGet, path, nil, &body)
	return body.Mails, err
}

// ResendMail sends a mail again. The idempotency key makes a repetition safe.
func (c *Client) ResendMail(ctx context.Context, id order.ID, template, reason, key string) (mail.Outcome, error) {
	var out mail.Outcome
	path := "/v1/orders/" + url.PathEscape(string(id)) + "/mails/" + url.PathEscape(template) + "/resend"
	err := c.call(ctx, http.MethodPost, path, map[string]string{"reason": reason}, &out, "Idempotency-Key", key)
	return out, err
}

// SendReturnInstructions sends the shopper instructions to return an order. until (a
// day, such as 2026-03-01) and link (to the label) may be empty. The idempotency key
// makes a repetition safe.
func (c *Client) SendReturnInstructions(ctx context.Context, id order.ID, reason, until, link, key string) (mail.Outcome, error) {
	var out mail.Outcome
	body := map[string]string{"reason": reason}
	for name, value := range map[string]string{"until": until, "link": link} {
		if value != "" {
			body[name] = value
		}
	}
	err := c.call(ctx, http.MethodPost, "/v1/orders/"+url.PathEscape(string(id))+"/return-instructions", body, &out, "Idempotency-Key", key)
	return out, err
}

// MailProviders returns the status of the mail providers.
func (c *Client) MailProviders(ctx context.Context) ([]mail.ProviderStatus, error) {
	var body struct {
		Providers []mail.ProviderStatus `json:"providers"`
	}
	err := c.call(ctx, http.MethodGet, "/v1/mail/providers", nil, &body)
	return body.Providers, err
}
