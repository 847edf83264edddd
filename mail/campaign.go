package mail

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"purser/text"
)

// The errors of campaigns.
var (
	// ErrNoCampaign means that no campaign has the id.
	ErrNoCampaign = errors.New("no such campaign")
	// ErrOtherCampaign means that the id belongs to another campaign.
	ErrOtherCampaign = errors.New("another campaign has this id")
	// ErrCampaignBegun means that the content and the recipients cannot change
	// any more.
	ErrCampaignBegun = errors.New("the campaign is no longer a draft")
	// ErrCampaignIdle means that the campaign has not been started, or that its
	// workflow failed. Starting it begins or continues it.
	ErrCampaignIdle = errors.New("the campaign is not running: start it")
	// ErrCampaignOver means that a campaign that has ended cannot be paused,
	// resumed or cancelled.
	ErrCampaignOver = errors.New("the campaign has ended")
)

// Campaign is a marketing mail to many recipients, once to each: its content,
// its recipients, its start and its rate.
type Campaign struct {
	// ID identifies the campaign everywhere: in the API, the record and, behind
	// "campaign/", as the workflow's ID. The caller chooses it, so creating a
	// campaign again under its ID changes nothing.
	ID       string           `json:"id"`
	Name     string           `json:"name"`               // for operators
	Template string           `json:"template"`           // "campaign", "reminder"
	Words    map[string]Words `json:"words,omitempty"`    // by locale, for the template "campaign"
	Audience *Audience        `json:"audience,omitempty"` // nil: only the listed recipients
	// StartAt is when the sending begins; zero: when the campaign is started.
	StartAt time.Time `json:"startAt,omitzero"`
	// PerMinute is the most mails a minute; 0: as many as the account's rate
	// allows for marketing.
	PerMinute int `json:"perMinute,omitempty"`
}

// WorkflowID returns the ID of the campaign's workflow.
func (c Campaign) WorkflowID() string { return CampaignWorkflowID(c.ID) }

// CampaignWorkflowID returns the ID of a campaign's workflow.
func CampaignWorkflowID(id string) string { return "campaign/" + text.Printable.Encode(id) }

// Audience selects orders whose shoppers become recipients. The orders are read
// from the record when the campaign begins.
type Audience struct {
	Kind AudienceKind `json:"kind"`
	// OlderThanHours is the minimum age of an order, in hours.
	OlderThanHours int `json:"olderThanHours,omitempty"`
	// Since is the earliest time of an order. For AudienceUnpaid it defaults to
	// a week before the campaign begins.
	Since time.Time `json:"since,omitzero"`
}

// AudienceKind is the kind of orders that an audience consists of.
type AudienceKind string

// The kinds of audiences.
const (
	AudienceUnpaid  AudienceKind = "unpaid"  // orders that were not paid; each is checked again before its mail is sent
	AudienceOrdered AudienceKind = "ordered" // orders that were paid
)

// Recipient is one recipient of a campaign.
type Recipient struct {
	N       int64             `json:"n"`       // 1, 2, 3 … in the campaign
	Address string            `json:"address"` // normalised
	Name    string            `json:"name,omitempty"`
	Locale  string            `json:"locale,omitempty"`
	OrderID string            `json:"orderId,omitempty"` // for AudienceUnpaid
	Data    map[string]string `json:"data,omitempty"`    // the values of the placeholders in Words
	State   State             `json:"state"`             // StateDue: not processed yet
	Why     string            `json:"why,omitempty"`
	Message string            `json:"message,omitempty"` // the provider's id
	At      time.Time         `json:"at,omitzero"`       // when the state was recorded
	// Generation is 1, and one more after each Retry that included the
	// recipient. 0 counts as 1.
	Generation int `json:"generation,omitempty"`
}

// Added is the result of adding recipients to a campaign.
type Added struct {
	Added      int64
	Duplicates []int // indexes in the given list of addresses that were recipients already
}

// StateSkipped means that the mail no longer concerns the recipient, as when the
// order was paid in the meantime.
const StateSkipped State = "skipped"

// MessageID returns the ledger's key of a campaign's mail to a recipient in the
// recipient's generation. It holds no personal data.
func MessageID(campaign string, r Recipient) string {
	return messageStem(campaign, r.Address) + strconv.Itoa(max(r.Generation, 1))
}

// Meant reports whether a message is the campaign's mail to an address, in any
// generation.
func Meant(messageID, campaign, address string) bool {
	return strings.HasPrefix(messageID, messageStem(campaign, address))
}

func messageStem(campaign, address string) string {
	return campaignPrefix + campaign + ":" + Fingerprint(address) + ":"
}

const campaignPrefix = "campaign-"

// CampaignOf returns the campaign that a mail with this id belongs to; ok is
// false if the mail does not belong to a campaign.
func CampaignOf(messageID string) (campaign string, ok bool) {
	rest, ok := strings.CutPrefix(messageID, campaignPrefix)
	campaign, _, cut := strings.Cut(rest, ":")
	return campaign, ok && cut
}

// The limits of a recipient.
const (
	maxName  = 200 // characters
	maxData  = 40  // keys
	maxValue = 1_000
)

// Check normalises the address, and fails if the recipient cannot get mail or
// its data is too large for the record. The error holds no personal data.
func (r *Recipient) Check() error {
	address, err := Normalise(r.Address)
	if err != nil {
		return err
	}
	r.Address = address
	size := 0
	for k, v := range r.Data {
		if len(k) > maxName || !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("a data key is too long or a value is not valid UTF-8")
		}
		size = max(size, len(v))
	}
	switch {
	case utf8.RuneCountInString(r.Name) > maxName || !utf8.ValidString(r.Name) || strings.ContainsFunc(r.Name, unicode.IsControl):
		return fmt.Errorf("the name is longer than %d characters or not plain text", maxName)
	case len(r.Locale) > 35 || !IsLocale(r.Locale):
		return fmt.Errorf("not a locale")
	case len(r.Data) > maxData || size > maxValue:
		return fmt.Errorf("more than %d data keys, or a value of more than %d bytes", maxData, maxValue)
	}
	return nil
}

// CampaignState is a campaign's state.
type CampaignState string

// The states of a campaign. The last two are final.
const (
	CampaignDraft     CampaignState = "draft"     // recipients may be added
	CampaignScheduled CampaignState = "scheduled" // waits for its time
	CampaignRunning   CampaignState = "running"
	CampaignPaused    CampaignState = "paused" // CampaignStatus.Why says by whom
	CampaignDone      CampaignState = "done"
	CampaignCancelled CampaignState = "cancelled"
)

// Final reports whether the campaign has ended.
func (s CampaignState) Final() bool { return s == CampaignDone || s == CampaignCancelled }

// CampaignStatus is a campaign with its state and its counts.
type CampaignStatus struct {
	Campaign
	State     CampaignState  `json:"state"`
	Why       string         `json:"why,omitempty"`
	Actor     string         `json:"actor,omitempty"` // who created it
	Counts    CampaignCounts `json:"counts"`
	CreatedAt time.Time      `json:"createdAt"`
	StartedAt time.Time      `json:"startedAt,omitzero"` // when it began to send
	EndedAt   time.Time      `json:"endedAt,omitzero"`
	Round     int            `json:"round"` // 1, and one more after each Retry
	// Version counts the state changes. 0: the workflow was never started, or
	// has written nothing yet.
	Version int64 `json:"-"`
}

// CampaignCounts counts a campaign's recipients by state.
type CampaignCounts struct {
	Total      int64 `json:"total"`
	Due        int64 `json:"due"` // not processed yet
	Sent       int64 `json:"sent"`
	Suppressed int64 `json:"suppressed"`
	Rejected   int64 `json:"rejected"`
	Unknown    int64 `json:"unknown"`
	Skipped    int64 `json:"skipped"`
	// Invalid and Duplicates count rows of a list that were refused and never
	// became recipients.
	Invalid    int64 `json:"invalid"`
	Duplicates int64 `json:"duplicates"`
}

// Resolved returns how many recipients have an outcome.
func (c CampaignCounts) Resolved() int64 {
	return c.Sent + c.Suppressed + c.Rejected + c.Unknown + c.Skipped
}

// maxCampaignID keeps a ledger's key within the providers' limit for a tag.
const maxCampaignID = 60

// The limits of a campaign.
const (
	longestDelay = 366 * 24 * time.Hour
	mostAMinute  = 1_000_000
)

// Check fails with ErrInvalid if the campaign is not valid. now is when it is
// created. It does not check the words: templates.CheckWords does.
func (c Campaign) Check(now time.Time) error {
	invalid := func(what string) error { return fmt.Errorf("%w: %s", ErrInvalid, what) }
	switch {
	case c.ID == "" || len(c.ID) > maxCampaignID || strings.Trim(c.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return invalid(fmt.Sprintf("id: want 1 to %d lower-case letters, digits and '-'", maxCampaignID))
	case utf8.RuneCountInString(c.Name) > maxName || strings.ContainsFunc(c.Name, unicode.IsControl):
		return invalid("name: too long, or holds a control character")
	case c.PerMinute < 0 || c.PerMinute > mostAMinute:
		return invalid(fmt.Sprintf("perMinute: want 0 to %d", mostAMinute))
	case c.StartAt.After(now.Add(longestDelay)):
		return invalid("startAt: more than a year ahead")
	case c.Audience == nil:
		return nil
	case c.Audience.Kind != AudienceUnpaid && c.Audience.Kind != AudienceOrdered:
		return invalid("audience: want unpaid or ordered")
	case c.Audience.OlderThanHours < 0 || c.Audience.OlderThanHours > int(longestDelay/time.Hour):
		return invalid("audience: olderThanHours: want 0 to a year")
	case c.Audience.Kind == AudienceOrdered && c.Audience.Since.IsZero():
		return invalid("audience: since: want the earliest time of an order")
	}
	return nil
}
