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

const (
	mostReported = 500 // differences that one mail asks about
	mostListed   = 50  // differences that it lists
)

// ReportRequest is the input of PrepareReport.
type ReportRequest struct{}

// Report is a mail that asks a person about differences.
type Report struct {
	Message mail.Message `json:"message,omitzero"` // without recipient: nobody can be asked
	IDs     []int64      `json:"ids,omitempty"`    // of the differences; none: there is nothing to ask
}

// PrepareReport writes the mail about the differences that nobody was asked about yet.
// The same differences give the same mail, so that it is sent once.
func (a *Activities) PrepareReport(ctx context.Context, _ ReportRequest) (Report, error) {
	found, err := a.Reports.UnreportedDifferences(ctx, mostReported)
	if err != nil || len(found) == 0 {
		return Report{}, activities.Failure(err)
	}
	var r Report
	var text strings.Builder
	text.WriteString("The ledger, the record and the payment provider do not agree about these amounts:\n\n")
	for i, d := range found {
		r.IDs = append(r.IDs, d.ID)
		if i < mostListed {
			fmt.Fprintf(&text, "%s\n", describe(d))
		}
		logger(ctx).Error("record, ledger and provider do not agree", "order", d.OrderID, "payment", d.Ref, "account", d.Account,
			"record", d.Record, "ledger", d.Ledger, "provider", providerHas(d), "why", d.Why)
	}
	if more := len(found) - mostListed; more > 0 {
		fmt.Fprintf(&text, "and %d more\n", more)
	}
	text.WriteString("\nCompare the order (purser order show ORDER) with the payment at the provider. " +
		"The next check resolves what agrees again; purser ledger differences lists the rest.\n")
	r.Message = mail.Message{
		ID: fmt.Sprintf("ledger-differences-%d", found[0].ID), Stream: mail.Transactional, Template: "ledger_differences",
		Content: mail.Content{Subject: fmt.Sprintf("%d amounts do not agree: please look", len(found)), Text: text.String()},
	}
	if a.ToShop.Email != "" {
		r.Message.To = []mail.Address{a.ToShop}
	}
	return r, nil
}

func describe(d ledger.Difference) string {
	amount := func(n int64) string { return order.Money{Amount: n, Currency: d.Currency}.String() }
	s := fmt.Sprintf("Order %s, payment %s, %s: record %s, ledger %s", d.OrderID, d.Ref, d.Account, amount(d.Record), amount(d.Ledger))
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
	IDs []int64 `json:"ids"`
}

// RecordReport says that a person was asked about differences.
func (a *Activities) RecordReport(ctx context.Context, r MarkReported) error {
	return activities.Failure(a.Reports.MarkReported(ctx, r.IDs))
}
