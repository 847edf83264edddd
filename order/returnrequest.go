package order

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// ReturnRequest asks whether goods may be sent back.
type ReturnRequest struct {
	// ID is the caller's, of letters, digits, hyphens and underscores. A request that
	// is repeated under its id is the same return.
	ID     string       `json:"id"`
	Lines  []ReturnItem `json:"lines"`
	Reason string       `json:"reason,omitempty"`
	// Exchange is the goods that the shopper wants instead of the money.
	Exchange []RequestLine `json:"exchange,omitempty"`
}

// ReturnItem is pieces of one product that are to be sent back.
type ReturnItem struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Reason   string `json:"reason,omitempty"`
}

// ReturnReceipt says which goods of a return have arrived, and in which condition.
type ReturnReceipt struct {
	Lines []ReceivedItem `json:"lines"`
	// Fee and Damage are what the shop keeps of the goods' price, in minor units.
	// FeePercent is the fee in per cent of the price instead.
	Fee        int64  `json:"fee,omitempty"`
	FeePercent int64  `json:"feePercent,omitempty"`
	Damage     int64  `json:"damage,omitempty"`
	PaidOut    string `json:"paidOut,omitempty"` // the proof of a refund that a person has paid out already
}

// ReceivedItem is pieces of one product that have arrived.
type ReceivedItem struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Damaged  int64  `json:"damaged,omitempty"` // of the quantity
	Restock  bool   `json:"restock,omitempty"` // the pieces that are not damaged are for sale again
}

// ReturnDecision is a step about a return that moves no money.
type ReturnDecision struct {
	ID   string     `json:"id"` // the return's
	Step ReturnStep `json:"step"`
	Link string     `json:"link,omitempty"` // where the shopper gets the label to send the goods back
	// Label says that the carrier makes the label, which the shopper is mailed.
	Label bool `json:"label,omitempty"`
	// Message is what the shopper is told beside the decision.
	Message string `json:"message,omitempty"`
}

// MaxReturns is how many returns an order can have, those included that were rejected or
// cancelled: each is a part of what the order's workflow carries along.
const MaxReturns = 50

// maxLink is the longest address of a label.
const maxLink = 900

// Validate checks everything that can be checked without the order. It fails with
// ErrInvalid. It is deterministic: url.Parse only makes the zone of an IPv6 address unique.
//
//workflowcheck:ignore
func (d ReturnDecision) Validate() error {
	if d.Step != StepApprove && d.Step != StepReject && d.Step != StepCancel {
		return fmt.Errorf("%w: step: want approve, reject or cancel, got %.20q", ErrInvalid, d.Step)
	}
	if u, err := url.Parse(d.Link); d.Link != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return fmt.Errorf("%w: link: want an http or https address", ErrInvalid)
	}
	if d.Label && (d.Step != StepApprove || d.Link != "") {
		return fmt.Errorf("%w: label: want it to approve a return, and without a link", ErrInvalid)
	}
	if err := CheckText("link", d.Link, false, maxLink); err != nil {
		return err
	}
	return CheckText("message", d.Message, false, MaxText)
}

var returnID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,57}$`)

// Validate checks everything that can be checked without the order. It fails with
// ErrInvalid.
func (r ReturnRequest) Validate() error {
	switch {
	case !returnID.MatchString(r.ID):
		return fmt.Errorf("%w: id: want 1 to 57 letters, digits, hyphens and underscores", ErrInvalid)
	case parcelReturnID.MatchString(r.ID):
		return fmt.Errorf("%w: id: %s is the id of the return of a parcel that came back: choose another one", ErrInvalid, r.ID)
	case len(r.Lines) == 0 || len(r.Lines) > MaxLines:
		return fmt.Errorf("%w: lines: want 1 to %d, got %d", ErrInvalid, MaxLines, len(r.Lines))
	}
	for i, l := range r.Lines {
		switch {
		case l.Quantity < 1:
			return fmt.Errorf("%w: lines[%d].quantity: %d is not above zero", ErrInvalid, i, l.Quantity)
		case slices.ContainsFunc(r.Lines[:i], func(m ReturnItem) bool { return m.SKU == l.SKU }):
			return fmt.Errorf("%w: lines[%d].sku: %q appears twice; add up the quantities", ErrInvalid, i, l.SKU)
		}
		if err := CheckText(fmt.Sprintf("lines[%d].reason", i), l.Reason, false, MaxText); err != nil {
			return err
		}
	}
	if len(r.Exchange) > 0 {
		if err := checkLines("exchange", r.Exchange); err != nil {
			return err
		}
	}
	return CheckText("reason", r.Reason, true, MaxText)
}

// Hash returns the fingerprint of a request. Equal requests have equal hashes.
func (r ReturnRequest) Hash() string { return hashOf(r) }

// Hash returns the fingerprint of what was received.
func (r ReturnReceipt) Hash() string { return hashOf(r) }

//workflowcheck:ignore
func hashOf(request any) string {
	b, err := json.Marshal(request)
	if err != nil {
		panic(err) // strings, integers and booleans only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Validate checks everything that can be checked without the order. It fails with
// ErrInvalid.
func (r ReturnReceipt) Validate() error {
	switch {
	case len(r.Lines) == 0 || len(r.Lines) > MaxLines:
		return fmt.Errorf("%w: lines: want 1 to %d, got %d", ErrInvalid, MaxLines, len(r.Lines))
	case r.Fee < 0 || r.Damage < 0 || r.Fee > MaxAmount || r.Damage > MaxAmount:
		return fmt.Errorf("%w: fee and damage: want at least 0 and at most %d", ErrInvalid, MaxAmount)
	case r.FeePercent < 0 || r.FeePercent > 100:
		return fmt.Errorf("%w: feePercent: want 0 to 100, got %d", ErrInvalid, r.FeePercent)
	case r.Fee != 0 && r.FeePercent != 0:
		return fmt.Errorf("%w: want fee or feePercent, not both", ErrInvalid)
	}
	for i, l := range r.Lines {
		switch {
		case l.Quantity < 1:
			return fmt.Errorf("%w: lines[%d].quantity: %d is not above zero", ErrInvalid, i, l.Quantity)
		case l.Damaged < 0 || l.Damaged > l.Quantity:
			return fmt.Errorf("%w: lines[%d].damaged: want 0 to %d, got %d", ErrInvalid, i, l.Quantity, l.Damaged)
		case slices.ContainsFunc(r.Lines[:i], func(m ReceivedItem) bool { return m.SKU == l.SKU }):
			return fmt.Errorf("%w: lines[%d].sku: %q appears twice; add up the quantities", ErrInvalid, i, l.SKU)
		}
	}
	return CheckText("paidOut", r.PaidOut, false, MaxText)
}

// CheckReturn fails if goods cannot be sent back: with ErrInvalid if the order does not
// have them, with ErrNotShipped if the shopper does not have them, with ErrNotReturnable
// if they are more than can be sent back, and with ErrReturnTooLate if they were delivered
// longer ago than within.
func (o Order) CheckReturn(r ReturnRequest, now time.Time, within time.Duration) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if len(o.Returns) >= MaxReturns {
		return fmt.Errorf("%w: an order has at most %d returns: make a refund instead", ErrNotReturnable, MaxReturns)
	}
	for i, item := range r.Lines {
		at := fmt.Sprintf("lines[%d]", i)
		line := slices.IndexFunc(o.Lines, func(l Line) bool { return l.SKU == item.SKU })
		if line < 0 {
			return fmt.Errorf("%w: %s: the order has no %q", ErrInvalid, at, item.SKU)
		}
		delivered, last := o.delivered(item.SKU)
		left, until := o.Returnable(item.SKU), last.Add(within)
		switch {
		case !o.Lines[line].NeedsParcel():
			return fmt.Errorf("%w: %s: %q needed no parcel, so there is nothing to send back: make a refund instead, if the shop takes it back", ErrNotReturnable, at, item.SKU)
		case item.Quantity > o.Lines[line].Quantity:
			return fmt.Errorf("%w: %s: %d of %q, and %d were bought", ErrNotReturnable, at, item.Quantity, item.SKU, o.Lines[line].Quantity)
		case item.Quantity > left && o.inParcelReturns(item.SKU) > 0:
			return fmt.Errorf("%w: %s: %d of %q: %d came back with their parcel, and %d can still be sent back", ErrNotReturnable, at, item.Quantity, item.SKU, o.inParcelReturns(item.SKU), left)
		case delivered == 0:
			return fmt.Errorf("%w: %s: %q was not delivered: ask again when it is, or cancel the order before it is shipped", ErrNotShipped, at, item.SKU)
		case item.Quantity > left:
			return fmt.Errorf("%w: %s: %d of %q: %d were delivered, and %d of them can still be sent back", ErrNotReturnable, at, item.Quantity, item.SKU, delivered, left)
		case now.After(until):
			return fmt.Errorf("%w: %s: %q could be sent back until %s: make a refund instead, if the shop takes it back all the same",
				ErrReturnTooLate, at, item.SKU, until.UTC().Format("2006-01-02 15:04 MST"))
		}
	}
	return nil
}

// NewReturn returns the return that a request asks for.
func (o Order) NewReturn(r ReturnRequest, by string, now time.Time) Return {
	back := Return{ID: r.ID, Number: len(o.Returns) + 1, RequestedAt: now, RequestedBy: by, Reason: r.Reason, Asked: r.Hash()}
	for _, l := range r.Lines {
		back.Lines = append(back.Lines, ReturnLine{SKU: l.SKU, Quantity: l.Quantity, Reason: l.Reason})
	}
	if len(r.Exchange) > 0 {
		back.Exchange = &Exchange{Lines: slices.Clone(r.Exchange)}
	}
	return back.Enter(ReturnRequested, now)
}

// Receive returns a return whose goods have arrived. It fails with ErrIllegalMove if its
// state does not allow that, with ErrInvalid if the goods or the amounts contradict the
// return, and with ErrNotReturnable if the pieces are in another return by now.
func (o Order) Receive(back Return, got ReturnReceipt, now time.Time) (Return, error) {
	to, err := back.Step(StepReceive)
	if err != nil {
		return back, err
	}
	if err := got.Validate(); err != nil {
		return back, err
	}
	if back.Exchange != nil && got.PaidOut != "" {
		return back, fmt.Errorf("%w: paidOut: what is refunded is known when the order is placed that the goods are exchanged for: if a person must pay it out, the order needs attention then", ErrInvalid)
	}
	lines := slices.Clone(back.Lines)
	for i, item := range got.Lines {
		at := fmt.Sprintf("lines[%d]", i)
		n := slices.IndexFunc(lines, func(l ReturnLine) bool { return l.SKU == item.SKU })
		switch {
		case n < 0:
			return back, fmt.Errorf("%w: %s: the return has no %q", ErrInvalid, at, item.SKU)
		case item.Quantity > lines[n].Quantity:
			return back, fmt.Errorf("%w: %s: %d of %q, and the return is of %d", ErrNotReturnable, at, item.Quantity, item.SKU, lines[n].Quantity)
		case back.Status == ReturnExpired && item.Quantity > o.Returnable(item.SKU):
			return back, fmt.Errorf("%w: %s: %d of %q, and %d can still be sent back: another return has them", ErrNotReturnable, at, item.Quantity, item.SKU, o.Returnable(item.SKU))
		}
		lines[n].Received, lines[n].Damaged, lines[n].Restock = item.Quantity, item.Damaged, item.Restock
	}
	back.Lines, back.Fee, back.Damage, back.PaidOut, back.Got = lines, got.Fee, got.Damage, got.PaidOut, got.Hash()
	worth := o.worth(back)
	if got.FeePercent > 0 {
		g := Granule(o.Total.Currency)
		back.Fee = worth * got.FeePercent / 100 / g * g
	}
	if err := o.checkDeductions(back, worth); err != nil {
		return back, err
	}
	return back.Enter(to, now), nil
}

// checkDeductions fails with ErrInvalid if a fee and a damage cannot be kept of what the
// goods are worth.
func (o Order) checkDeductions(back Return, worth int64) error {
	money := func(n int64) Money { return Money{n, o.Total.Currency} }
	g := Granule(o.Total.Currency)
	switch {
	case back.Fee%g != 0 || back.Damage%g != 0:
		return fmt.Errorf("%w: fee and damage: want multiples of %s", ErrInvalid, money(g))
	case back.Fee+back.Damage > worth:
		return fmt.Errorf("%w: fee and damage come to %s, and the goods are worth %s", ErrInvalid, money(back.Fee+back.Damage), money(worth))
	}
	return nil
}

var parcelReturnID = regexp.MustCompile(`^parcel-[0-9]+$`)

// ParcelReturnID returns the ID of the return of the parcel with a number. No caller can
// use it for another return.
func ParcelReturnID(number int) string { return "parcel-" + strconv.Itoa(number) }

// ExpectReturn returns the return of a parcel that came back. It reports false if there is
// one already, or there is nothing to expect: all of its goods are in other returns, or
// another parcel has replaced it.
func (o Order) ExpectReturn(s Shipment, by, why string, now time.Time) (Return, bool) {
	id := ParcelReturnID(s.Number)
	if s.Replaced || s.Method == NoParcel || o.ReturnByID(id) != nil {
		return Return{}, false
	}
	back := Return{ID: id, Parcel: s.Number, Number: len(o.Returns) + 1, RequestedAt: now, RequestedBy: by, Reason: why}
	for _, l := range s.Lines {
		if n := min(l.Quantity, o.inNoReturn(l.SKU)); n > 0 {
			back.Lines = append(back.Lines, ReturnLine{SKU: l.SKU, Quantity: n})
		}
	}
	return back.Enter(ReturnExpected, now), len(back.Lines) > 0
}

// inNoReturn returns how many pieces of a product have reached the shopper or come back,
// and are in no return.
func (o Order) inNoReturn(sku string) int64 {
	n := o.inParcels(sku, func(s ParcelStatus) bool { return s == ParcelDelivered || s == ParcelReturned })
	for _, r := range o.Returns {
		n -= r.pieces(sku)
	}
	return n
}

// inParcels returns how many pieces of a product are in parcels in some states that no
// other has replaced.
func (o Order) inParcels(sku string, in func(ParcelStatus) bool) (n int64) {
	for _, s := range o.Shipments {
		if s.Replaced || !in(s.Status) {
			continue
		}
		for _, l := range s.Lines {
			if l.SKU == sku {
				n += l.Quantity
			}
		}
	}
	return n
}

// inParcelReturns returns how many pieces of a product came back in their parcels, by the
// returns of these.
func (o Order) inParcelReturns(sku string) (n int64) {
	for _, r := range o.Returns {
		for _, l := range r.Lines {
			if r.Parcel > 0 && r.Status != ReturnCancelled && !r.NoRefund && l.SKU == sku {
				n += l.Quantity
			}
		}
	}
	return n
}

// refundableFromParcels returns how many of the pieces of a product that came back in their
// parcels can still be refunded. What was refunded without a return, and had been sent, was
// refunded because of them: the shopper does not have them.
func (o Order) refundableFromParcels(sku string) int64 {
	left := o.inParcelReturns(sku)
	for _, r := range o.Refunds {
		for _, l := range r.Lines {
			if l.SKU == sku && parcelReturnID.MatchString(r.ReturnID) && r.Status.Counts() {
				left -= l.Quantity
			}
		}
	}
	for _, r := range o.Returns {
		for _, l := range r.Lines {
			if l.SKU == sku && r.Parcel > 0 {
				left -= l.Kept
			}
		}
	}
	pieces, _, _ := o.RefundedOf(sku)
	back, _ := o.ReturnedOf(sku)
	otherwise := pieces - back
	for _, l := range o.Lines {
		if l.SKU == sku {
			otherwise -= max(l.Quantity-o.inParcels(sku, ParcelStatus.HandedOver), 0) // these were not sent
		}
	}
	return max(left-max(otherwise, 0), 0)
}
