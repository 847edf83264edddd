// Package cases implements the API's operations on cases: the matters that a person
// decides.
package cases

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/order"
	"purser/records/sqldb"
)

// Workflows sends messages to the workflows of cases. They fail with order.ErrNoCase, or
// with order.ErrIllegalMove if the case is over or does not take the request.
type Workflows interface {
	// TakeCase says who looks after a case: assignee or, if that is empty, the actor.
	TakeCase(ctx context.Context, id, assignee, actor, correlation string) (order.Case, error)
	NoteCase(ctx context.Context, id, text, actor, correlation string) (order.Case, error)
	// DecideCase returns the case when the decision was carried out, or with a proposal if
	// a second person must approve it. It fails with order.ErrNeedsApproval if the actor
	// may not approve what is proposed.
	DecideCase(ctx context.Context, id string, choice order.Choice, actor, why, correlation string) (order.Case, error)
}

// Records reads cases.
type Records interface {
	// Case fails with order.ErrNoCase.
	Case(ctx context.Context, id string) (order.Case, error)
	// Cases fails with sqldb.ErrCursor if the filter's cursor is invalid.
	Cases(ctx context.Context, f order.CaseFilter) (order.CasePage, error)
}

// Service serves the operations on cases. Both fields must be set.
type Service struct {
	Workflows Workflows
	Records   Records

	server *httpkit.Server
}

// Register declares the operations on cases.
func (s *Service) Register(server *httpkit.Server) {
	s.server = server
	read := []httpkit.Role{httpkit.Viewer, httpkit.Operator}
	operate := []httpkit.Role{httpkit.Operator}
	op := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{"operators"}, Summary: summary, Description: description}
	}
	httpkit.Register(server, op("list-cases", http.MethodGet, "/v1/cases", "List cases, the latest first",
		"Each hold of an order, and each thing that an order needs attention for, has one case; so has a difference that the ledger's check finds, and an event that many attempts have not delivered. Follow nextCursor until it is missing."),
		read, s.list)
	httpkit.Register(server, op("get-case", http.MethodGet, "/v1/cases/{id}", "Read a case",
		"Returns what both sides say, the choices, when it is due and what happens then, the notes and the decision."),
		read, s.get)
	httpkit.Register(server, op("take-case", http.MethodPost, "/v1/cases/{id}/take", "Say who looks after a case",
		"The assignee is the caller's key, unless the body names somebody else. 409 wrong_state if the case is over. 202 if the result is not known yet."),
		operate, s.take, http.StatusAccepted)
	httpkit.Register(server, op("note-case", http.MethodPost, "/v1/cases/{id}/note", "Add a note to a case",
		"The note is kept with the time and the name of the key. 409 wrong_state if the case is over. 202 if the result is not known yet."),
		operate, s.note, http.StatusAccepted)
	httpkit.Register(server, op("decide-case", http.MethodPost, "/v1/cases/{id}/decide", "Decide a case",
		"Takes one of the case's choices, has the order carry it out, and returns the case as decided. If the decision moves more money than one person may decide about, it is kept as proposal (202), and is carried out when another key decides the same; the key that proposed it cannot approve it (409 needs_approval), and if the amount has changed since, the second decision is a proposal about the new amount (202). 409 wrong_state if the case is over or does not take the choice, or if the order refuses it; the detail says why, and the case stays open unless its matter is over. 202 also if the result is not known yet: read the case."),
		operate, s.decide, http.StatusAccepted)
}

type listInput struct {
	Status   order.CaseStatus `query:"status" enum:"open,decided,closed" doc:"Only cases in this status"`
	Kind     order.CaseKind   `query:"kind" maxLength:"40" doc:"Only cases of this kind, such as hold_payment"`
	OrderID  string           `query:"orderId" maxLength:"64" doc:"Only cases about this order"`
	Assignee string           `query:"assignee" maxLength:"100" doc:"Only cases that this person looks after"`
	Overdue  bool             `query:"overdue" doc:"Only open cases whose deadline has passed"`
	Limit    int              `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"The maximum number of cases"`
	Cursor   string           `query:"cursor" maxLength:"200" doc:"nextCursor of the previous page"`
}

type page struct {
	Cases      []Case `json:"cases" nullable:"false"`
	NextCursor string `json:"nextCursor,omitempty" doc:"Missing on the last page"`
}

type listOutput struct{ Body page }

// list returns cases, the latest first.
func (s *Service) list(ctx context.Context, in *listInput) (*listOutput, error) {
	f := order.CaseFilter{Kind: in.Kind, OrderID: order.ID(in.OrderID), Assignee: in.Assignee, Limit: in.Limit, Cursor: in.Cursor}
	if in.Status != "" {
		f.Status = []order.CaseStatus{in.Status}
	}
	if _, ok := in.Kind.Rule(); in.Kind != "" && !ok {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "kind: there is no such kind of case")
	}
	if in.Overdue {
		f.DueBy = s.server.Now()
	}
	found, err := s.Records.Cases(ctx, f)
	if errors.Is(err, sqldb.ErrCursor) {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "cursor: want the nextCursor of the previous page")
	}
	if err != nil {
		return nil, err
	}
	out := &listOutput{page{Cases: make([]Case, 0, len(found.Cases)), NextCursor: found.Next}}
	for _, c := range found.Cases {
		out.Body.Cases = append(out.Body.Cases, viewOf(c))
	}
	return out, nil
}

type idInput struct {
	ID string `path:"id" maxLength:"100" doc:"The case's id"`
}

type caseOutput struct {
	Status int
	Body   Case
}

func (s *Service) get(ctx context.Context, in *idInput) (*caseOutput, error) {
	return s.recorded(ctx, in.ID, http.StatusOK)
}

func (s *Service) recorded(ctx context.Context, id string, status int) (*caseOutput, error) {
	c, err := s.Records.Case(ctx, id)
	if err != nil {
		return nil, err
	}
	return &caseOutput{status, viewOf(c)}, nil
}

type takeInput struct {
	ID   string `path:"id" maxLength:"100" doc:"The case's id"`
	Body struct {
		Assignee string `json:"assignee,omitempty" maxLength:"100" doc:"Who looks after the case. Default: the caller's key"`
	}
}

func (s *Service) take(ctx context.Context, in *takeInput) (*caseOutput, error) {
	if err := order.CheckText("assignee", in.Body.Assignee, false, 100); err != nil {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "assignee: want at most 100 characters of text")
	}
	return s.send(ctx, in.ID, func(ctx context.Context, c *httpkit.Call) (order.Case, error) {
		return s.Workflows.TakeCase(ctx, in.ID, in.Body.Assignee, c.Actor(), c.Correlation)
	})
}

// mostNote is how many characters a note has.
const mostNote = 1000

type noteInput struct {
	ID   string `path:"id" maxLength:"100" doc:"The case's id"`
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"1000" doc:"The note; no personal data"`
	}
}

func (s *Service) note(ctx context.Context, in *noteInput) (*caseOutput, error) {
	if err := order.CheckText("text", in.Body.Text, true, mostNote); err != nil {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "text: want 1 to 1000 characters of text")
	}
	return s.send(ctx, in.ID, func(ctx context.Context, c *httpkit.Call) (order.Case, error) {
		return s.Workflows.NoteCase(ctx, in.ID, in.Body.Text, c.Actor(), c.Correlation)
	})
}

type decideInput struct {
	ID   string `path:"id" maxLength:"100" doc:"The case's id"`
	Body struct {
		Choice order.Choice `json:"choice" enum:"release,rebook,void,refund,keep" doc:"The decision: one of the case's choices"`
		Reason string       `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded with the case and in the order's events; no personal data"`
	}
}

func (s *Service) decide(ctx context.Context, in *decideInput) (*caseOutput, error) {
	if err := httpkit.CheckReason(in.Body.Reason); err != nil {
		return nil, err
	}
	return s.send(ctx, in.ID, func(ctx context.Context, c *httpkit.Call) (order.Case, error) {
		return s.Workflows.DecideCase(ctx, in.ID, in.Body.Choice, c.Actor(), in.Body.Reason, c.Correlation)
	})
}

// send sends a message to a case's workflow, and returns the case. The status is 202 if
// the result does not arrive in time, or a second person must approve the decision.
func (s *Service) send(ctx context.Context, id string, message func(context.Context, *httpkit.Call) (order.Case, error)) (*caseOutput, error) {
	waited, stop := context.WithTimeout(ctx, s.server.SteerWithin)
	defer stop()
	c, err := message(waited, httpkit.CallOf(ctx))
	switch {
	case httpkit.TimedOut(waited, err):
		return s.recorded(ctx, id, http.StatusAccepted)
	case err != nil:
		return nil, err
	case c.Proposal != nil:
		return &caseOutput{http.StatusAccepted, viewOf(c)}, nil
	}
	return &caseOutput{http.StatusOK, viewOf(c)}, nil
}

// Case is a case as the API shows it.
type Case struct {
	ID       string           `json:"id" doc:"The case's id"`
	Kind     order.CaseKind   `json:"kind" doc:"What it is about: hold_ and the kind of an order's hold, or refund_failed, refund_not_made, refunds_unknown, over_refunded, payment_not_returned, pay_back, parcel_lost, parcel_unexpected, dispute, return_undecided, return_not_refunded, return_label, own_step, ledger_difference or undelivered_event"`
	OrderID  order.ID         `json:"orderId,omitempty" doc:"The order that it is about. Missing if it belongs to no order"`
	About    string           `json:"about,omitempty" doc:"The id to search for: of a payment, a refund, a parcel or an event"`
	Why      string           `json:"why" doc:"The cause, for people"`
	Record   string           `json:"record,omitempty" doc:"What Purser's record said when the case was opened"`
	Provider string           `json:"provider,omitempty" doc:"What the provider or the carrier said when the case was opened"`
	Amount   *order.Money     `json:"amount,omitempty" doc:"The money that the decision is about. Missing if it is about none"`
	Choices  []order.Choice   `json:"choices" nullable:"false" doc:"The decisions that the case takes, the safest first"`
	Default  order.Choice     `json:"default,omitempty" doc:"What is decided at dueAt. Missing if a person is reminded instead"`
	Status   order.CaseStatus `json:"status" doc:"open; decided, once a decision was carried out; or closed, once its matter is over without a decision"`
	OpenedAt time.Time        `json:"openedAt" doc:"When it was opened"`
	DueAt    time.Time        `json:"dueAt" doc:"When it is due"`
	Overdue  bool             `json:"overdue" doc:"Nobody has decided by dueAt"`
	Assignee string           `json:"assignee,omitempty" doc:"Who looks after it. Missing if nobody does"`
	Notes    []Note           `json:"notes" nullable:"false" doc:"What people have noted, oldest first"`
	Proposal *Decision        `json:"proposal,omitempty" doc:"A decision that a second person must approve"`
	Decision *Decision        `json:"decision,omitempty" doc:"The decision. Missing until somebody has decided"`
	Outcome  string           `json:"outcome,omitempty" doc:"How it ended. Missing while it is open"`
	ClosedAt time.Time        `json:"closedAt,omitzero" doc:"When it ended. Missing while it is open"`
}

// Note is what a person has noted about a case.
type Note struct {
	At   time.Time `json:"at" doc:"When"`
	Who  string    `json:"who" doc:"Who: key: and the name of an API key, or temporal-ui"`
	Text string    `json:"text" doc:"The note"`
}

// Decision is a decision about a case.
type Decision struct {
	Choice     order.Choice `json:"choice" doc:"What was decided"`
	Who        string       `json:"who" doc:"Who: key: and the name of an API key, temporal-ui, or purser at the deadline"`
	Why        string       `json:"why" doc:"The reason"`
	ApprovedBy string       `json:"approvedBy,omitempty" doc:"The second person. Missing if none was needed"`
	At         time.Time    `json:"at" doc:"When"`
}

func viewOf(c order.Case) Case {
	v := Case{
		ID: c.ID, Kind: c.Kind, OrderID: c.OrderID, About: c.About, Why: c.Why, Record: c.Record, Provider: c.Provider,
		Choices: append([]order.Choice{}, c.Choices...), Default: c.Default, Status: c.Status, OpenedAt: c.OpenedAt, DueAt: c.DueAt,
		Overdue: c.Overdue, Assignee: c.Assignee, Notes: make([]Note, 0, len(c.Notes)),
		Proposal: (*Decision)(c.Proposal), Decision: (*Decision)(c.Decision), Outcome: c.Outcome, ClosedAt: c.ClosedAt,
	}
	if c.Amount != (order.Money{}) {
		v.Amount = &c.Amount
	}
	for _, n := range c.Notes {
		v.Notes = append(v.Notes, Note(n))
	}
	return v
}
