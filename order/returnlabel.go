package order

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// ReturnLabel is the label that the carrier makes for the way back of a return's goods.
type ReturnLabel struct {
	Reference string            `json:"reference"` // ours, the same at every attempt to make it
	Status    ReturnLabelStatus `json:"status"`
	LabelID   string            `json:"labelId,omitempty"` // the carrier's; empty until it is made
	Tracking  string            `json:"tracking,omitempty"`
	Carrier   string            `json:"carrier,omitempty"`
}

// ReturnLabelStatus is how far the label of a return has come.
type ReturnLabelStatus string

// The statuses of a return's label.
const (
	ReturnLabelAsked ReturnLabelStatus = "asked" // perhaps made
	ReturnLabelMade  ReturnLabelStatus = "made"  // the shop has its file
	ReturnLabelVoid  ReturnLabelStatus = "void"
	// ReturnLabelLeft says that nothing more is done about it: the carrier has the parcel,
	// or a person has dealt with it.
	ReturnLabelLeft ReturnLabelStatus = "left"
)

// NewReturnLabel returns the label that is to be made for a return of an order.
func (o Order) NewReturnLabel(back Return) ReturnLabel {
	sum := sha256.Sum256([]byte(back.ID)) // a carrier's reference is short
	return ReturnLabel{Reference: string(o.ID) + "-back-" + hex.EncodeToString(sum[:8]), Status: ReturnLabelAsked}
}

// LabelOfReturn returns the label of a return, if it can be printed. Otherwise it fails with
// ErrNoReturn or ErrNoLabel.
func (o Order) LabelOfReturn(id string) (ReturnLabel, error) {
	back := o.ReturnByID(id)
	if back == nil {
		return ReturnLabel{}, &Refusal{ErrNoReturn, fmt.Sprintf("the order has no return %.64q", id)}
	}
	why := ""
	switch l := back.Label; {
	case l.Status == "":
		why = "no label was asked for when the return %s was approved"
	case l.Status == ReturnLabelVoid:
		why = "the label of the return %s is void"
	case l.LabelID == "":
		why = "the carrier has not made the label of the return %s"
	default:
		return l, nil
	}
	return ReturnLabel{}, &Refusal{ErrNoLabel, fmt.Sprintf(why, back.ID)}
}

// LabelFileName returns the name of the file of a return's label.
func LabelFileName(returnID string, f LabelFormat) string {
	return "return-" + returnID + "." + string(f)
}
