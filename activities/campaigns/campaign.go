// Package campaigns has the activities of marketing campaigns.
package campaigns

import (
	"context"
	"errors"
	"time"

	"purser/activities"
	"purser/activities/mails"
	"purser/mail"
	"purser/order"
)

// Activities are the steps of a campaign, over the ports they need.
type Activities struct {
	// Mails sends each of its mails.
	Mails      *mails.Activities
	Record     CampaignRecord
	Recipients Recipients
	Audience   Audience
	Templates  CampaignTemplates
	Leaving    Leaving
	Reputation Reputation
}

// CampaignRecord keeps the state of campaigns.
type CampaignRecord interface {
	// Campaign returns a campaign; it fails with mail.ErrNoCampaign.
	Campaign(ctx context.Context, id string) (mail.CampaignStatus, error)
	// SetCampaignState writes a campaign's state. version counts the writes of
	// its workflow: a late repetition of an earlier write changes nothing.
	SetCampaignState(ctx context.Context, id string, version int64, s mail.CampaignState, why string) error
	// RetryCampaign begins the next round of a campaign that is done: the
	// recipients whose outcome has been unknown since before Retry.ResolvedBefore are
	// due again, in the next generation. Repeating it changes nothing, unless
	// the campaign was cancelled in the meantime. It fails with
	// mail.ErrCampaignNotDone or mail.ErrOtherRound, and with
	// mail.ErrNoneUnknown if there is no such recipient.
	RetryCampaign(ctx context.Context, id string, version int64, r mail.Retry) error
}

// Recipients keeps the recipients of campaigns and the outcome for each.
type Recipients interface {
	// AddRecipients adds recipients to a campaign in the given state, each
	// address once; in another state it fails with mail.ErrCampaignBegun.
	AddRecipients(ctx context.Context, id string, in mail.CampaignState, all []mail.Recipient, invalid int) (mail.Added, error)
	// DueRecipients returns the next due recipients with a number above after.
	DueRecipients(ctx context.Context, id string, after int64, limit int) ([]mail.Recipient, error)
	// RecordRecipients writes the outcomes of recipients: N, State, Why and
	// Message. An outcome recorded before stays as it is, except that an
	// unknown one may become sent. From an earlier generation only the state
	// sent is accepted; generation 0 stands for the one that is due.
	RecordRecipients(ctx context.Context, id string, all []mail.Recipient) error
}

// Audience finds the orders whose shoppers get a campaign.
type Audience interface {
	// AudienceOrders returns a page of the orders whose shoppers are the
	// audience, newest first; next is "" on the last page.
	AudienceOrders(ctx context.Context, a mail.Audience, now time.Time, cursor string) (orders []order.Order, next string, err error)
	// Order returns an order; it fails with order.ErrNotFound.
	Order(ctx context.Context, id order.ID) (order.Order, error)
	// BoughtSince reports whether a customer has paid for an order placed
	// after the time.
	BoughtSince(ctx context.Context, customer string, after time.Time) (bool, error)
}

// CampaignTemplates writes a campaign's mails.
type CampaignTemplates interface {
	// WriteCampaign writes the mail to one recipient. about is the order that a
	// reminder is about. It fails with order.ErrInvalid if the mail cannot be
	// written.
	WriteCampaign(c mail.Campaign, r mail.Recipient, about order.Order, unsubscribe string) (mail.Content, error)
}

// Leaving makes the unsubscribe links of marketing mails.
type Leaving interface {
	Unsubscribe(m mail.Message) string
}

// Reputation knows whether marketing mail may be sent at all.
type Reputation interface {
	// MarketingPaused returns why marketing mail must not be sent; "" if it may.
	MarketingPaused(ctx context.Context) (why string, err error)
}

// CampaignMark is a change of a campaign's state.
type CampaignMark struct {
	ID      string             `json:"id"`
	Version int64              `json:"version"`
	State   mail.CampaignState `json:"state"`
	Why     string             `json:"why,omitempty"`
}

// MarkCampaign records a campaign's state.
func (a *Activities) MarkCampaign(ctx context.Context, m CampaignMark) error {
	return activities.Failure(a.Record.SetCampaignState(ctx, m.ID, m.Version, m.State, m.Why))
}

// CampaignRetry is the beginning of a campaign's next round.
type CampaignRetry struct {
	ID      string     `json:"id"`
	Version int64      `json:"version"`
	Retry   mail.Retry `json:"retry"`
}

// RetryCampaign begins the next round of a campaign.
func (a *Activities) RetryCampaign(ctx context.Context, r CampaignRetry) error {
	return activities.Failure(a.Record.RetryCampaign(ctx, r.ID, r.Version, r.Retry))
}

// Gathering is the input of GatherRecipients.
type Gathering struct {
	ID  string    `json:"id"`
	Now time.Time `json:"now"` // when the campaign began
}

// Gathered is the result of GatherRecipients.
type Gathered struct {
	Counts mail.CampaignCounts `json:"counts"`
}

// GatherRecipients reads the campaign's audience from the record, page by page,
// and adds it to the recipients. A new attempt continues at the last page of
// the one before; no recipient is added twice.
func (a *Activities) GatherRecipients(ctx context.Context, g Gathering) (Gathered, error) {
	c, err := a.Record.Campaign(ctx, g.ID)
	if err != nil {
		return Gathered{}, activities.Failure(err)
	}
	cursor := activities.LastBeat(ctx)
	for more := c.Audience != nil; more; more = cursor != "" {
		orders, next, err := a.Audience.AudienceOrders(ctx, *c.Audience, g.Now, cursor)
		if err != nil {
			return Gathered{}, activities.Failure(err)
		}
		found, invalid := ofOrders(c.Campaign, orders)
		if _, err := a.Recipients.AddRecipients(ctx, g.ID, mail.CampaignRunning, found, invalid); err != nil {
			return Gathered{}, activities.Failure(err)
		}
		cursor = next
		activities.Heartbeat(ctx, cursor)
		if ctx.Err() != nil {
			return Gathered{}, ctx.Err()
		}
	}
	c, err = a.Record.Campaign(ctx, g.ID)
	return Gathered{c.Counts}, activities.Failure(err)
}

// ofOrders returns the recipients that the orders stand for, and how many of
// them are invalid.
func ofOrders(c mail.Campaign, orders []order.Order) (found []mail.Recipient, invalid int) {
	for _, o := range orders {
		r := mail.Recipient{Address: o.Email, Name: o.ShipTo.Name, Locale: o.Locale}
		if c.Audience.Kind == mail.AudienceUnpaid {
			r.OrderID = string(o.ID)
		}
		if r.Check() != nil {
			invalid++
			continue
		}
		found = append(found, r)
	}
	return found, invalid
}

// sendTo sends a campaign's mail to one recipient, once, and returns the
// recipient with the outcome. Its error is a temporary failure.
func (a *Activities) sendTo(ctx context.Context, c mail.Campaign, r mail.Recipient) (mail.Recipient, error) {
	m := mail.Message{
		ID: mail.MessageID(c.ID, r), About: c.WorkflowID(), Generation: max(r.Generation, 1), Stream: mail.Marketing, Template: c.Template,
		To: []mail.Address{{Name: r.Name, Email: r.Address}}, Tags: map[string]string{"campaign": c.ID, "list": string(mail.Campaigns)},
	}
	if r.OrderID != "" {
		m.Tags["list"] = string(mail.Reminders)
	}
	if was, err := a.sentEarlier(ctx, c, r); err != nil || was.State == mail.StateSent {
		r.State, r.Why, r.Message = was.State, was.Why, was.Receipt.ProviderID
		return r, activities.Failure(err)
	}
	about, why, err := a.stillConcerns(ctx, m, r)
	if err != nil {
		return r, activities.Failure(err)
	}
	if why != "" {
		r.State, r.Why = mail.StateSkipped, why
		return r, nil
	}
	m.Unsubscribe = a.Leaving.Unsubscribe(m)
	out, err := mails.Send(ctx, a.Mails, m, func(m *mail.Message) (err error) {
		m.Content, err = a.Templates.WriteCampaign(c, r, about, m.Unsubscribe)
		return err
	})
	if err == nil && !out.State.Resolved() {
		err = activities.Failure(&order.ProviderError{Provider: "mail", Op: "send", Kind: order.ErrUnavailable, Code: string(out.State)})
	}
	r.State, r.Why, r.Message = out.State, out.Why, out.MessageID
	return r, err
}

// sentEarlier finds an earlier generation of the mail that turned out to be
// sent after the campaign was retried.
func (a *Activities) sentEarlier(ctx context.Context, c mail.Campaign, r mail.Recipient) (was mail.Outcome, err error) {
	for earlier := r; earlier.Generation > 1 && was.State != mail.StateSent && err == nil; {
		earlier.Generation--
		was, err = a.Mails.Ledger.FindMail(ctx, mail.MessageID(c.ID, earlier))
	}
	return was, err
}

// stillConcerns reads the order that a reminder is about again just before the
// mail is sent: a campaign takes days, and a shopper must not be reminded of an
// order that has been paid. why is the reason to skip the mail.
func (a *Activities) stillConcerns(ctx context.Context, m mail.Message, r mail.Recipient) (o order.Order, why string, err error) {
	if r.OrderID == "" {
		return o, "", nil
	}
	was, err := a.Mails.Ledger.FindMail(ctx, m.ID)
	if err != nil || was.State != mail.StateDue {
		return o, "", err // it was sent, or may have been: the ledger has the outcome
	}
	o, err = a.Audience.Order(ctx, order.ID(r.OrderID))
	switch {
	case errors.Is(err, order.ErrNotFound):
		return o, "the order is gone", nil
	case err != nil:
		return o, "", err
	case o.Status != order.AwaitingPayment && o.Status != order.Expired:
		return o, "the order is " + string(o.Status), nil
	}
	bought, err := a.Audience.BoughtSince(ctx, o.Customer, o.PlacedAt)
	if bought {
		why = "another order was paid since"
	}
	return o, why, err
}
