package mail

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What can be wrong with a campaign.
var (
	// ErrNoCampaign: there is none of this id.
	ErrNoCampaign = errors.New("no such campaign")
	// ErrOtherCampaign: the id is that of another one.
	ErrOtherCampaign = errors.New("another campaign has this id")
	// ErrCampaignBegun: what it says and who gets it is settled.
	ErrCampaignBegun = errors.New("the campaign is no longer a draft")
	// ErrCampaignIdle: it is not running: not yet, or not any more, because its
	// workflow failed. Starting it lets it begin, or go on.
	ErrCampaignIdle = errors.New("the campaign is not running: start it")
	// ErrCampaignOver: there is nothing more to pause, resume or cancel.
	ErrCampaignOver = errors.New("the campaign has ended")
)

// Campaign is one mail to many people, each once: what it says, who gets it,
// from when on and how fast. It is marketing.
type Campaign struct {
	// ID names it everywhere: in the API, the record and, behind "campaign/",
	// as the workflow's ID. The caller chooses it: creating it again is the
	// same campaign.
	ID       string           `json:"id"`
	Name     string           `json:"name"`               // for operators
	Template string           `json:"template"`           // "campaign", "reminder"
	Words    map[string]Words `json:"words,omitempty"`    // by locale, of the template "campaign"
	Audience *Audience        `json:"audience,omitempty"` // nil: those listed, and nobody else
	// StartAt is when it begins; zero: when it is started.
	StartAt time.Time `json:"startAt,omitzero"`
	// PerMinute is the most it may send; 0: as fast as the account's rate
	// lets marketing go.
	PerMinute int `json:"perMinute,omitempty"`
}

// WorkflowID is the ID of the campaign's workflow.
func (c Campaign) WorkflowID() string { return CampaignWorkflowID(c.ID) }

// CampaignWorkflowID is the ID of a campaign's workflow.
func CampaignWorkflowID(id string) string { return "campaign/" + id }

// Audience is a question to the record: whose orders make them recipients.
// What it asks for is looked up when the campaign begins.
type Audience struct {
	Kind AudienceKind `json:"kind"`
	// OlderThanHours is how long ago an order must have been placed.
	OlderThanHours int `json:"olderThanHours,omitempty"`
	// Since is the earliest time of an order. Of AudienceUnpaid it defaults
	// to a week before the campaign begins.
	Since time.Time `json:"since,omitzero"`
}

// AudienceKind is which orders are asked for.
type AudienceKind string

// The kinds of audiences.
const (
	AudienceUnpaid  AudienceKind = "unpaid"  // of orders that were not paid; each is looked at again before the mail goes out
	AudienceOrdered AudienceKind = "ordered" // of orders that were paid
)

// Recipient is one of those who get a campaign.
type Recipient struct {
	N       int64             `json:"n"`       // 1, 2, 3 … in the campaign
	Address string            `json:"address"` // normalised
	Name    string            `json:"name,omitempty"`
	Locale  string            `json:"locale,omitempty"`
	OrderID string            `json:"orderId,omitempty"` // of AudienceUnpaid
	Data    map[string]string `json:"data,omitempty"`    // what the words' keys stand for
	State   State             `json:"state"`             // StateDue: its turn has not come
	Why     string            `json:"why,omitempty"`
	Message string            `json:"message,omitempty"` // the provider's id
	At      time.Time         `json:"at,omitzero"`       // when it was settled
	// Generation counts the decisions to write to them: 1, and one more for
	// each Retry that took them in. 0 counts as 1.
	Generation int `json:"generation,omitempty"`
}

// Added is what became of recipients that were to be added to a campaign.
type Added struct {
	Added      int64
	Duplicates []int // places in the list of those who were recipients already
}

// StateSkipped is a recipient whom the mail no longer concerns: the order was
// paid meanwhile.
const StateSkipped State = "skipped"

// MessageID is the ledger's key of a campaign's mail to a recipient, in their
// generation. It holds no personal data.
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

// CampaignOf is the campaign that a mail of this id belongs to; false if it
// belongs to none.
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

// Check normalises the address and refuses what could not be written to, or
// would make the record large. The error tells no personal data.
func (r *Recipient) Check() error {
	address, err := Normalise(r.Address)
	if err != nil {
		return err
	}
	r.Address = address
	size := 0
	for k, v := range r.Data {
		if len(k) > maxName || !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("a data key is too long or a value is no text")
		}
		size = max(size, len(v))
	}
	switch {
	case utf8.RuneCountInString(r.Name) > maxName || !utf8.ValidString(r.Name) || strings.ContainsFunc(r.Name, unicode.IsControl):
		return fmt.Errorf("the name is longer than %d characters or no text", maxName)
	case len(r.Locale) > 35:
		return fmt.Errorf("not a locale")
	case len(r.Data) > maxData || size > maxValue:
		return fmt.Errorf("more than %d data keys, or a value of more than %d bytes", maxData, maxValue)
	}
	return nil
}

// CampaignState is where a campaign stands.
type CampaignState string

// The states of a campaign. The last two are final.
const (
	CampaignDraft     CampaignState = "draft"     // recipients may be added
	CampaignScheduled CampaignState = "scheduled" // waits for its time
	CampaignRunning   CampaignState = "running"
	CampaignPaused    CampaignState = "paused" // Why says by whom
	CampaignDone      CampaignState = "done"
	CampaignCancelled CampaignState = "cancelled"
)

// Final reports whether the campaign has ended.
func (s CampaignState) Final() bool { return s == CampaignDone || s == CampaignCancelled }

// CampaignStatus is how a campaign stands.
type CampaignStatus struct {
	Campaign
	State     CampaignState  `json:"state"`
	Why       string         `json:"why,omitempty"`
	Actor     string         `json:"actor,omitempty"` // who created it
	Counts    CampaignCounts `json:"counts"`
	CreatedAt time.Time      `json:"createdAt"`
	StartedAt time.Time      `json:"startedAt,omitzero"` // when it began to send
	EndedAt   time.Time      `json:"endedAt,omitzero"`
	Round     int            `json:"round"` // 1, and one more with each Retry
	// Version counts the states it has come to. 0: its workflow was never
	// started, or has written nothing yet.
	Version int64 `json:"-"`
}

// CampaignCounts are a campaign's recipients by what became of them.
type CampaignCounts struct {
	Total      int64 `json:"total"`
	Due        int64 `json:"due"` // their turn has not come
	Sent       int64 `json:"sent"`
	Suppressed int64 `json:"suppressed"`
	Rejected   int64 `json:"rejected"`
	Unknown    int64 `json:"unknown"`
	Skipped    int64 `json:"skipped"`
	// Invalid and Duplicates were never recipients: rows of a list that were
	// refused.
	Invalid    int64 `json:"invalid"`
	Duplicates int64 `json:"duplicates"`
}

// Resolved is how many have had their turn.
func (c CampaignCounts) Resolved() int64 {
	return c.Sent + c.Suppressed + c.Rejected + c.Unknown + c.Skipped
}

// maxCampaignID keeps a ledger's key within what providers take as a tag.
const maxCampaignID = 60

// The limits of a campaign.
const (
	longestDelay = 366 * 24 * time.Hour
	mostAMinute  = 1_000_000
)

// Check refuses a campaign that cannot be. now is when it is created. Its
// words are letters.CheckWords' business.
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
		return invalid("audience: since: since when did they order?")
	}
	return nil
}
