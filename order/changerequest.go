package order

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
)

// ChangeRequest asks for an order to be changed before its label: where it goes, and
// which goods it is of.
type ChangeRequest struct {
	// ID is the caller's, of letters, digits, hyphens and underscores. A request that is
	// repeated under its id is the same change.
	ID     string   `json:"id"`
	ShipTo *Address `json:"shipTo,omitempty"` // nil: the address stays
	// Lines are the quantities that the order has afterwards; 0 takes a product out, and
	// products that are not named stay as they are.
	Lines  []RequestLine `json:"lines,omitempty"`
	Reason string        `json:"reason,omitempty"`
}

// changeRefund stands before the id of a change in the id of the refund of the goods that
// it takes out.
const changeRefund = "change-"

var changeID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,57}$`)

// Validate checks everything that can be checked without the order. It fails with
// ErrInvalid.
func (r ChangeRequest) Validate() error {
	switch {
	case !changeID.MatchString(r.ID):
		return fmt.Errorf("%w: id: want 1 to 57 letters, digits, hyphens and underscores", ErrInvalid)
	case r.ShipTo == nil && len(r.Lines) == 0:
		return fmt.Errorf("%w: want lines, or shipTo", ErrInvalid)
	case len(r.Lines) > MaxLines:
		return fmt.Errorf("%w: lines: want at most %d, got %d", ErrInvalid, MaxLines, len(r.Lines))
	}
	if err := checkLines(r.Lines, 0); err != nil {
		return err
	}
	if r.ShipTo != nil {
		if err := r.ShipTo.validate("shipTo."); err != nil {
			return err
		}
	}
	return CheckText("reason", r.Reason, true, MaxText)
}

// RefundID returns the id of the refund of the goods that the change takes out.
func (r ChangeRequest) RefundID() string { return changeRefund + r.ID }

// Hash returns the fingerprint of a request. Equal requests have equal hashes.
//
//workflowcheck:ignore
func (r ChangeRequest) Hash() string {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and integers only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
