package ledger

import (
	"context"
	"fmt"
	"strings"

	"purser/activities"
	"purser/ledger"
	"purser/mail"
	"purser/order"
)

// mostListed is how many differences one mail lists.
const mostListed = 50

// ReportRequest is the input of PrepareReport.
type ReportRequest struct{}

// Report is a mail that asks a person about differences.
type Report struct {
	ID      int64        `json:"id,omitempty"`     // 0: there is nothing to ask
	Message mail.Message `json:"message,omitzero"` // without recipient: nobody can be asked
}

// PrepareReport writes the mail about the differences that nobody was asked about yet.
// Each difference belongs to one report, and each report has one mail, which is sent
// once, whichever checks send it.
func (a *Activities) PrepareReport(ctx context.Context, _ ReportRequest) (Report, error) {
	id, found, count, err := a.Reports.ClaimReport(ctx, mostListed)
	if err != nil || id == 0 {
		return Report{}, activities.Failure(err)
	}
	var text strings.Builder
	text.WriteString("The ledger, the record and the payment provider do not agree about these amounts:\n\n")
	for _, d := range found {
		fmt.Fprintf(&text, "%s\n", describe(d))
		activities.Logger(ctx).Error("record, ledger and provider do not agree", "order", d.OrderID, "payment", d.Ref, "settlement", d.Source, "account", d.Account,
			"record", d.Record, "ledger", d.Ledger, "provider", providerHas(d), "why", d.Why)
	}
	if more := count - len(found); more > 0 {
		fmt.Fprintf(&text, "and %d more\n", more)
	}
	text.WriteString("\nCompare the order (purser order show ORDER) with the payment at the provider. " +
		"The next check resolves what agrees again; purser ledger differences lists the rest.\n")
	subject := fmt.Sprintf("%d amounts do not agree: please look", count)
	if count == 1 {
		subject = "1 amount does not agree: please look"
	}
	r := Report{ID: id, Message: mail.Message{
		ID: fmt.Sprintf("ledger-differences-%d", id), Stream: mail.Transactional, Template: "ledger_differences",
		Content: mail.Content{Subject: subject, Text: text.String()},
	}}
	if a.ToShop.Email != "" {
		r.Message.To = []mail.Address{a.ToShop}
	}
	return r, nil
}

func describe(d ledger.Difference) string {
	amount := func(n int64) string { return order.Money{Amount: n, Currency: d.Currency}.String() }
	var s string
	switch {
	case d.Source == "":
		s = fmt.Sprintf("Order %s, payment %s, %s", d.OrderID, d.Ref, d.Account)
	case d.Currency == "":
		return fmt.Sprintf("Settlement %s: %s", d.Source, d.Why)
	case d.OrderID != "":
		s = fmt.Sprintf("Settlement %s of order %s, payment %s, %s", d.Source, d.OrderID, d.Ref, d.Account)
	default:
		s = fmt.Sprintf("Settlement %s, %s", d.Source, d.Account)
	}
	s += fmt.Sprintf(": record %s, ", amount(d.Record))
	if d.Row != nil {
		s += fmt.Sprintf("its row in the database %s, ", amount(*d.Row))
	}
	s += "ledger " + amount(d.Ledger)
	if d.Provider != nil {
		s += ", provider " + amount(*d.Provider)
	}
	return s + " (" + d.Why + ")"
}

func providerHas(d ledger.Difference) any {
	if d.Provider == nil {
		return "not asked"
	}
	return *d.Provider
}

// MarkReported is the input of RecordReport.
type MarkReported struct {
	ID int64 `json:"id"`
}

// RecordReport says that a person was asked with a report.
func (a *Activities) RecordReport(ctx context.Context, r MarkReported) error {
	return activities.Failure(a.Reports.MarkReported(ctx, r.ID))
}
