package fake

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"purser/mail"
)

// Campaigns keeps campaigns and their recipients in memory. The zero value is
// ready. Set the hooks before it is used.
type Campaigns struct {
	// Before is called before each call with the method's name. If it fails,
	// the call returns its error and writes nothing.
	Before func(op, id string) error
	// Now returns the time; default time.Now.
	Now func() time.Time

	mu  sync.Mutex
	all map[string]*campaign
}

type campaign struct {
	mail.CampaignStatus
	recipients []mail.Recipient // from number 1 on
	known      map[string]bool  // addresses
}

func (f *Campaigns) enter(op, id string) (*campaign, error) {
	if f.Before != nil {
		if err := f.Before(op, id); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	if c := f.all[id]; c != nil {
		return c, nil
	}
	f.mu.Unlock()
	return nil, fmt.Errorf("%w: %q", mail.ErrNoCampaign, id)
}

func (f *Campaigns) now() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now()
}

// CreateCampaign writes a draft.
func (f *Campaigns) CreateCampaign(_ context.Context, c mail.Campaign, actor string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = map[string]*campaign{}
	}
	if f.all[c.ID] == nil {
		f.all[c.ID] = &campaign{known: map[string]bool{}, CampaignStatus: mail.CampaignStatus{Campaign: c, State: mail.CampaignDraft, Actor: actor, CreatedAt: f.now(), Round: 1}}
	}
	return nil
}

// Campaign returns a campaign with its counts.
func (f *Campaigns) Campaign(_ context.Context, id string) (mail.CampaignStatus, error) {
	c, err := f.enter("Campaign", id)
	if err != nil {
		return mail.CampaignStatus{}, err
	}
	defer f.mu.Unlock()
	st := c.CampaignStatus
	for _, r := range c.recipients {
		*countOf(&st.Counts, r.State)++
	}
	st.Counts.Total = int64(len(c.recipients))
	return st, nil
}

func countOf(c *mail.CampaignCounts, s mail.State) *int64 {
	switch s {
	case mail.StateSent:
		return &c.Sent
	case mail.StateSuppressed:
		return &c.Suppressed
	case mail.StateRejected:
		return &c.Rejected
	case mail.StateUnknown:
		return &c.Unknown
	case mail.StateSkipped:
		return &c.Skipped
	}
	return &c.Due
}

// SetCampaignState writes a campaign's state.
func (f *Campaigns) SetCampaignState(_ context.Context, id string, version int64, s mail.CampaignState, why string) error {
	c, err := f.enter("SetCampaignState", id)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	if version <= c.Version {
		return nil
	}
	c.Version, c.State, c.Why = version, s, why
	if s == mail.CampaignRunning && c.StartedAt.IsZero() {
		c.StartedAt = f.now()
	}
	if s.Final() {
		c.EndedAt = f.now()
	}
	return nil
}

// RetryCampaign begins a campaign's next round.
func (f *Campaigns) RetryCampaign(_ context.Context, id string, version int64, r mail.Retry) error {
	c, err := f.enter("RetryCampaign", id)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	switch {
	case c.Round == r.Round+1 && c.State != mail.CampaignCancelled:
		return nil
	case c.Round == r.Round+1:
		return mail.ErrCampaignNotDone
	case c.Round != r.Round:
		return mail.ErrOtherRound
	case c.State != mail.CampaignDone:
		return mail.ErrCampaignNotDone
	}
	again := 0
	for i := range c.recipients {
		if who := &c.recipients[i]; who.State == mail.StateUnknown && !who.At.After(r.ResolvedBefore) {
			who.State, who.Why, who.Message, who.At = mail.StateDue, "", "", time.Time{}
			who.Generation++
			again++
		}
	}
	if again == 0 {
		return mail.ErrNoneUnknown
	}
	c.State, c.Why, c.Version, c.Round, c.EndedAt = mail.CampaignRunning, "", version, c.Round+1, time.Time{}
	return nil
}

// AddRecipients adds recipients, each address once.
func (f *Campaigns) AddRecipients(_ context.Context, id string, in mail.CampaignState, all []mail.Recipient, invalid int) (mail.Added, error) {
	var a mail.Added
	c, err := f.enter("AddRecipients", id)
	if err != nil {
		return a, err
	}
	defer f.mu.Unlock()
	if c.State != in {
		return a, fmt.Errorf("%w: it is %s", mail.ErrCampaignBegun, c.State)
	}
	for i, r := range all {
		if c.known[r.Address] {
			a.Duplicates = append(a.Duplicates, i)
			continue
		}
		r.N, r.State, r.Generation = int64(len(c.recipients)+1), mail.StateDue, 1
		c.recipients, c.known[r.Address] = append(c.recipients, r), true
		a.Added++
	}
	c.Counts.Invalid += int64(invalid)
	c.Counts.Duplicates += int64(len(a.Duplicates))
	return a, nil
}

// DueRecipients returns the next due recipients.
func (f *Campaigns) DueRecipients(_ context.Context, id string, after int64, limit int) ([]mail.Recipient, error) {
	c, err := f.enter("DueRecipients", id)
	if err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	var due []mail.Recipient
	for _, r := range c.recipients[min(after, int64(len(c.recipients))):] {
		if len(due) == limit {
			break
		}
		if r.State == mail.StateDue {
			due = append(due, r)
		}
	}
	return due, nil
}

// RecordRecipients writes the outcomes of recipients.
func (f *Campaigns) RecordRecipients(_ context.Context, id string, all []mail.Recipient) error {
	c, err := f.enter("RecordRecipients", id)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	for _, r := range all {
		if !r.State.Resolved() && r.State != mail.StateSkipped {
			return fmt.Errorf("recipient %d: %q is not an outcome", r.N, r.State)
		}
	}
	for _, r := range all {
		was := &c.recipients[r.N-1]
		sent, earlier := r.State == mail.StateSent, r.Generation > 0 && r.Generation < was.Generation
		if was.State == mail.StateDue && (sent || !earlier) || was.State == mail.StateUnknown && sent {
			was.State, was.Why, was.Message, was.At = r.State, r.Why, r.Message, f.now()
		}
	}
	return nil
}

// All returns a campaign's recipients.
func (f *Campaigns) All(id string) []mail.Recipient {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.all[id]; c != nil {
		return slices.Clone(c.recipients)
	}
	return nil
}
