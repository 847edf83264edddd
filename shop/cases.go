package shop

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"purser/order"
)

// Case is a matter that a person decides.
type Case struct {
	ID       string           `json:"id"`
	Kind     order.CaseKind   `json:"kind"`
	OrderID  order.ID         `json:"orderId,omitempty"`
	About    string           `json:"about,omitempty"` // the id to search for
	Why      string           `json:"why"`
	Record   string           `json:"record,omitempty"`   // what Purser's record said
	Provider string           `json:"provider,omitempty"` // what the provider said
	Amount   *order.Money     `json:"amount,omitempty"`
	Choices  []order.Choice   `json:"choices"`
	Default  order.Choice     `json:"default,omitempty"` // what is decided at DueAt; empty: a person is reminded
	Status   order.CaseStatus `json:"status"`
	OpenedAt time.Time        `json:"openedAt"`
	DueAt    time.Time        `json:"dueAt"`
	Overdue  bool             `json:"overdue"`
	Assignee string           `json:"assignee,omitempty"`
	Notes    []CaseNote       `json:"notes"`
	Proposal *CaseDecision    `json:"proposal,omitempty"` // it needs a second person's approval
	Decision *CaseDecision    `json:"decision,omitempty"`
	Outcome  string           `json:"outcome,omitempty"`
	ClosedAt time.Time        `json:"closedAt,omitzero"`
}

// CaseNote is what a person has noted about a case.
type CaseNote struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	Text string    `json:"text"`
}

// CaseDecision is a decision about a case.
type CaseDecision struct {
	Choice     order.Choice `json:"choice"`
	Who        string       `json:"who"`
	Why        string       `json:"why"`
	ApprovedBy string       `json:"approvedBy,omitempty"`
	At         time.Time    `json:"at"`
}

// CasePage is one page of a list of cases.
type CasePage struct {
	Cases      []Case `json:"cases"`
	NextCursor string `json:"nextCursor,omitempty"`
}

// Cases lists cases, the latest first, by the API's query parameters.
func (c *Client) Cases(ctx context.Context, query url.Values) (p CasePage, err error) {
	return p, c.call(ctx, http.MethodGet, "/v1/cases?"+query.Encode(), nil, &p)
}

// Case returns a case.
func (c *Client) Case(ctx context.Context, id string) (found Case, err error) {
	return found, c.call(ctx, http.MethodGet, "/v1/cases/"+url.PathEscape(id), nil, &found)
}

// TakeCase says who looks after a case; an empty assignee is the caller.
func (c *Client) TakeCase(ctx context.Context, id, assignee string) (Case, error) {
	body := map[string]string{}
	if assignee != "" {
		body["assignee"] = assignee
	}
	return c.steerCase(ctx, id, "take", body)
}

// NoteCase adds a note to a case.
func (c *Client) NoteCase(ctx context.Context, id, text string) (Case, error) {
	return c.steerCase(ctx, id, "note", map[string]string{"text": text})
}

// DecideCase decides a case. The case has a proposal if a second person must approve the
// decision.
func (c *Client) DecideCase(ctx context.Context, id string, choice order.Choice, reason string) (Case, error) {
	return c.steerCase(ctx, id, "decide", map[string]string{"choice": string(choice), "reason": reason})
}

func (c *Client) steerCase(ctx context.Context, id, verb string, body map[string]string) (found Case, err error) {
	return found, c.call(ctx, http.MethodPost, "/v1/cases/"+url.PathEscape(id)+"/"+verb, body, &found)
}
