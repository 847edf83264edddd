package ledger

import (
	"time"

	"purser/mail"
)

// Activities are the steps of a check of the ledger, over the ports they need.
type Activities struct {
	Books       Books
	Candidates  Candidates
	Doubts      Doubts
	Differences Differences
	Reports     Reports
	Imports     Imports
	Settlements Settlements
	Payments    Payments
	Balance     Balance
	// ToShop is the recipient of the mail about differences; without an address none
	// is sent.
	ToShop mail.Address
}

// clock returns the workflow's time as it passes, from the time at which the workflow
// has called an activity.
func clock(now time.Time) func() time.Time {
	began := time.Now()
	return func() time.Time { return now.Add(time.Since(began)) }
}
