package cases

import (
	"context"
	"fmt"
	"strings"
	"time"

	"purser/mail"
	"purser/order"
)

// Occasion is what a mail about a case is for. A case has at most one mail for each.
type Occasion string

// The occasions.
const (
	CaseOpened  Occasion = "opened"
	CaseDueSoon Occasion = "due"
	CaseOverdue Occasion = "overdue"
)

// MailRequest asks for the mail about a case.
type MailRequest struct {
	Case     order.Case `json:"case"`
	Occasion Occasion   `json:"occasion"`
}

// PrepareMail writes the mail that tells the shop about a case. It has no recipient if
// nobody is told.
func (a *Activities) PrepareMail(_ context.Context, r MailRequest) (mail.Message, error) {
	c := r.Case
	m := mail.Message{
		ID: fmt.Sprintf("case-%s-%s", c.ID, r.Occasion), About: string(c.OrderID), Stream: mail.Transactional, Template: "case",
		Content: mail.Content{Subject: mail.OneLine(subject(c, r.Occasion)), Text: body(c, r.Occasion)},
		Tags:    map[string]string{"case": c.ID, "occasion": string(r.Occasion)},
	}
	if c.OrderID != "" {
		m.Tags["order"] = string(c.OrderID)
	}
	if a.ToShop.Email != "" {
		m.To = []mail.Address{a.ToShop}
	}
	return m, nil
}

func subject(c order.Case, on Occasion) string {
	about := words(c.Kind)
	if c.OrderID != "" {
		about = "order " + string(c.OrderID) + ": " + about
	}
	switch on {
	case CaseDueSoon:
		return "Please decide by " + at(c.DueAt) + ": " + about
	case CaseOverdue:
		return "Overdue: " + about
	}
	return "Please decide: " + about
}

func at(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// words returns a kind as words.
func words(k order.CaseKind) string { return strings.ReplaceAll(string(k), "_", " ") }

// body returns the text of a mail: what the matter is, what both sides say, and the
// command for each choice.
func body(c order.Case, on Occasion) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n\n", strings.TrimSuffix(c.Why, "."))
	for _, line := range []struct{ name, text string }{
		{"Case", c.ID}, {"Order", string(c.OrderID)}, {"About", c.About}, {"Purser", c.Record}, {"Provider", c.Provider}, {"Assignee", c.Assignee},
	} {
		if line.text != "" {
			fmt.Fprintf(&b, "%s: %s\n", line.name, line.text)
		}
	}
	if c.Amount.Amount != 0 {
		fmt.Fprintf(&b, "Amount: %s\n", c.Amount)
	}
	if p := c.Proposal; p != nil {
		fmt.Fprintf(&b, "Proposed, and to be approved by a second person: %s\n", p)
	}
	b.WriteString("\n")
	switch {
	case on == CaseOverdue:
		fmt.Fprintf(&b, "It was due at %s, and nobody has decided.\n", at(c.DueAt))
	case c.Default != "":
		fmt.Fprintf(&b, "If nobody decides by %s, %s is decided.\n", at(c.DueAt), c.Default)
	default:
		fmt.Fprintf(&b, "It is due at %s; if nobody decides until then, you are reminded.\n", at(c.DueAt))
	}
	b.WriteString("\nDecide with one of these commands:\n\n")
	for _, choice := range c.Choices {
		fmt.Fprintf(&b, "purser case decide %s %s --reason=\"\"\n", c.ID, choice)
	}
	fmt.Fprintf(&b, "\npurser case show %s shows what is known; docs/cases.md says what each choice does.\n", c.ID)
	return b.String()
}
