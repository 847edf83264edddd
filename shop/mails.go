package shop

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"purser/mail"
)

// MailFigures are what became of mails, of a day, provider and template.
type MailFigures struct {
	Day          string `json:"day,omitempty"`
	Provider     string `json:"provider,omitempty"`
	Template     string `json:"template,omitempty"`
	Sent         int64  `json:"sent"`
	Delivered    int64  `json:"delivered"`
	Delayed      int64  `json:"delayed"`
	Bounced      int64  `json:"bounced"`
	SoftBounced  int64  `json:"softBounced"`
	Complained   int64  `json:"complained"`
	Unsubscribed int64  `json:"unsubscribed"`
	Refused      int64  `json:"refused"`
}

// MailStats are the figures of a span of days.
type MailStats struct {
	Total MailFigures   `json:"total"`
	Days  []MailFigures `json:"days"`
}

// Suppression is an address that gets no mail, or no marketing.
type Suppression struct {
	Email      string      `json:"email"`
	Scope      mail.Scope  `json:"scope"`
	Reason     mail.Reason `json:"reason"`
	Diagnostic string      `json:"diagnostic,omitempty"`
	Provider   string      `json:"provider,omitempty"`
	InboxID    int64       `json:"inboxId,omitempty"`
	Actor      string      `json:"actor"`
	Since      time.Time   `json:"since"`
}

// Suppressions is one page of them.
type Suppressions struct {
	Suppressions []Suppression `json:"suppressions"`
	Next         string        `json:"nextCursor,omitempty"`
}

// Marketing is whether it is paused, and how the latest mails went.
type Marketing struct {
	Paused    bool       `json:"paused"`
	Why       string     `json:"why,omitempty"`
	Actor     string     `json:"actor,omitempty"`
	At        time.Time  `json:"at,omitzero"`
	Standings []Standing `json:"standings"`
	Limits    struct {
		Bounces    int64 `json:"bouncesPerMillion"`
		Complaints int64 `json:"complaintsPerMillion"`
		Share      int64 `json:"pauseAtPercent"`
		Least      int64 `json:"leastSends"`
		Latest     int   `json:"latestSends"`
	} `json:"limits"`
	BadLinks int64 `json:"badLinks"`
}

// Standing is how one provider's latest mails went.
type Standing struct {
	mail.Standing
	BounceRate    int64 `json:"bouncesPerMillion"`
	ComplaintRate int64 `json:"complaintsPerMillion"`
}

// MailStats counts mails from one day to another; "" is the API's default.
func (c *Client) MailStats(ctx context.Context, from, to string) (MailStats, error) {
	var s MailStats
	return s, c.call(ctx, http.MethodGet, "/v1/mail/stats?"+nonEmptyQuery("from", from, "to", to).Encode(), nil, &s)
}

// Suppressions lists addresses; what is "" does not restrict.
func (c *Client) Suppressions(ctx context.Context, email, reason, cursor string) (Suppressions, error) {
	var s Suppressions
	return s, c.call(ctx, http.MethodGet, "/v1/mail/suppressions?"+nonEmptyQuery("email", email, "reason", reason, "cursor", cursor).Encode(), nil, &s)
}

// Suppress has an address written to no more.
func (c *Client) Suppress(ctx context.Context, email, scope, why string) (Suppression, error) {
	var s Suppression
	return s, c.call(ctx, http.MethodPost, "/v1/mail/suppressions", map[string]string{"email": email, "scope": scope, "reason": why}, &s)
}

// Unsuppress gives an address another chance; reason "": whatever held it back.
func (c *Client) Unsuppress(ctx context.Context, email, reason, why string) error {
	return c.call(ctx, http.MethodDelete, "/v1/mail/suppressions?"+nonEmptyQuery("email", email, "reason", reason, "why", why).Encode(), nil, nil)
}

// Marketing tells whether it is paused.
func (c *Client) Marketing(ctx context.Context) (Marketing, error) {
	var m Marketing
	return m, c.call(ctx, http.MethodGet, "/v1/mail/marketing", nil, &m)
}

// SteerMarketing pauses or resumes it.
func (c *Client) SteerMarketing(ctx context.Context, action, why string) (Marketing, error) {
	var m Marketing
	return m, c.call(ctx, http.MethodPost, "/v1/mail/marketing", map[string]string{"action": action, "reason": why}, &m)
}

// nonEmptyQuery makes a query of pairs whose value is not "".
func nonEmptyQuery(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}
