package shop

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"purser/mail"
)

// MailFigures counts the mails of a day, provider and template, and their feedback.
type MailFigures struct {
	Day          string `json:"day,omitempty"`
	Provider     string `json:"provider,omitempty"`
	Template     string `json:"template,omitempty"`
	Sent         int64  `json:"sent"`
	Resent       int64  `json:"resentAfterUnknown"` // of those sent: because the outcome of an earlier copy was unknown
	Delivered    int64  `json:"delivered"`
	Delayed      int64  `json:"delayed"`
	Bounced      int64  `json:"bounced"`
	SoftBounced  int64  `json:"softBounced"`
	Complained   int64  `json:"complained"`
	Unsubscribed int64  `json:"unsubscribed"`
	Refused      int64  `json:"refused"`
}

// MailStats holds the figures of a span of days.
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

// Suppressions is one page of a list of suppressions.
type Suppressions struct {
	Suppressions []Suppression `json:"suppressions"`
	Next         string        `json:"nextCursor,omitempty"`
}

// Marketing holds whether marketing is paused, and the rates of the latest mails.
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

// Standing holds the rates of one provider's latest mails.
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

// Suppressions lists suppressed addresses. An empty argument does not restrict the
// list.
func (c *Client) Suppressions(ctx context.Context, email, reason, cursor string) (Suppressions, error) {
	var s Suppressions
	return s, c.call(ctx, http.MethodGet, "/v1/mail/suppressions?"+nonEmptyQuery("email", email, "reason", reason, "cursor", cursor).Encode(), nil, &s)
}

// Suppress suppresses an address.
func (c *Client) Suppress(ctx context.Context, email, scope, why string) (Suppression, error) {
	var s Suppression
	return s, c.call(ctx, http.MethodPost, "/v1/mail/suppressions", map[string]string{"email": email, "scope": scope, "reason": why}, &s)
}

// Unsuppress removes the suppression of an address with this reason, or all of its
// suppressions if reason is empty.
func (c *Client) Unsuppress(ctx context.Context, email, reason, why string) error {
	return c.call(ctx, http.MethodDelete, "/v1/mail/suppressions?"+nonEmptyQuery("email", email, "reason", reason, "why", why).Encode(), nil, nil)
}

// Marketing returns whether marketing is paused, and its rates.
func (c *Client) Marketing(ctx context.Context) (Marketing, error) {
	var m Marketing
	return m, c.call(ctx, http.MethodGet, "/v1/mail/marketing", nil, &m)
}

// SteerMarketing pauses or resumes marketing. action is "pause" or "resume".
func (c *Client) SteerMarketing(ctx context.Context, action, why string) (Marketing, error) {
	var m Marketing
	return m, c.call(ctx, http.MethodPost, "/v1/mail/marketing", map[string]string{"action": action, "reason": why}, &m)
}

// nonEmptyQuery returns a query of the pairs whose value is not empty.
func nonEmptyQuery(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}
