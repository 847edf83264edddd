package order

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// RefundRequest asks for money to be refunded. It names an amount, or goods and a
// part of the shipping fee, or everything that is left.
type RefundRequest struct {
	// ID is the caller's, of letters, digits, hyphens and underscores. A
	// request that is repeated under its id moves nothing more.
	ID       string       `json:"id"`
	Amount   Money        `json:"amount,omitzero"`
	Lines    []RefundItem `json:"lines,omitempty"`
	Shipping int64        `json:"shipping,omitempty"` // of the shipping fee, with its tax, in minor units
	All      bool         `json:"all,omitempty"`
	Reason   string       `json:"reason,omitempty"`
	// PaidOut is the proof of a refund that a person has paid out already, such as
	// the reference of a bank transfer. Empty: the payment's provider makes the
	// refund.
	PaidOut string `json:"paidOut,omitempty"`

	// returnID, less and creditTo are those of the refund; only PlanReturn and PlanExchange
	// set them.
	returnID string
	less     int64
	creditTo ID
}

// RefundItem asks for pieces of a line to be refunded.
type RefundItem struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Restock  bool   `json:"restock,omitempty"` // the pieces are for sale again
}

var refundID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Validate checks everything that can be checked without the order. It fails with
// ErrInvalid.
func (r RefundRequest) Validate() error {
	named := 0
	for _, is := range []bool{r.Amount != Money{}, len(r.Lines) > 0 || r.Shipping != 0, r.All} {
		if is {
			named++
		}
	}
	switch {
	case !refundID.MatchString(r.ID):
		return fmt.Errorf("%w: id: want 1 to 64 letters, digits, hyphens and underscores", ErrInvalid)
	case strings.HasPrefix(r.ID, returnRefund) && r.ID != (Return{ID: r.returnID}).RefundIDToBe():
		return fmt.Errorf("%w: id: the ids that begin with %q are those of returns", ErrInvalid, returnRefund)
	case strings.HasPrefix(r.ID, changeRefund):
		return fmt.Errorf("%w: id: the ids that begin with %q are those of changes of the order", ErrInvalid, changeRefund)
	case strings.HasPrefix(r.ID, creditBack):
		return fmt.Errorf("%w: id: the ids that begin with %q are those of exchanges", ErrInvalid, creditBack)
	case named != 1:
		return fmt.Errorf("%w: want an amount, or lines and shipping, or all", ErrInvalid)
	case r.Amount.Amount < 0 || r.Amount.Amount == 0 && r.Amount.Currency != "":
		return fmt.Errorf("%w: amount: %s is not above zero", ErrInvalid, r.Amount)
	case r.Shipping < 0:
		return fmt.Errorf("%w: shipping: %d is below zero", ErrInvalid, r.Shipping)
	case len(r.Lines) > MaxLines:
		return fmt.Errorf("%w: lines: want at most %d, got %d", ErrInvalid, MaxLines, len(r.Lines))
	}
	for i, l := range r.Lines {
		switch {
		case l.Quantity < 1:
			return fmt.Errorf("%w: lines[%d].quantity: %d is not above zero", ErrInvalid, i, l.Quantity)
		case slices.ContainsFunc(r.Lines[:i], func(m RefundItem) bool { return m.SKU == l.SKU }):
			return fmt.Errorf("%w: lines[%d].sku: %q appears twice; add up the quantities", ErrInvalid, i, l.SKU)
		}
	}
	if err := CheckText("paidOut", r.PaidOut, false, MaxText); err != nil {
		return err
	}
	return CheckText("reason", r.Reason, true, MaxText)
}

// Hash returns the fingerprint of a request. Equal requests have equal hashes.
//
//workflowcheck:ignore
func (r RefundRequest) Hash() string {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings, integers and booleans only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
