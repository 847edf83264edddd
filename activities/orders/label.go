package orders

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"

	"purser/activities"
	"purser/catalog"
	"purser/order"
)

// Labels has the files of the labels of parcels. A file is fetched from the carrier when
// it is first asked for, and kept in the store under a private key: the carrier may delete
// it, and need not be up when a label is printed again. No order waits for it, so that it
// costs the order's workflow nothing; only the mail about a return waits for the label of
// its way back.
type Labels struct {
	Carrier LabelFiles
	Store   LabelStore
	Log     *slog.Logger // of files that could not be kept; nil discards
}

// Label returns the file of a label, by the carrier's id of it. It fails as the carrier does, or with
// order.ErrNoLabel if the carrier does not have it.
func (l *Labels) Label(ctx context.Context, id order.ID, labelID string, f order.LabelFormat) ([]byte, error) {
	key := labelKey(id, labelID, f)
	kept, err := l.Store.GetObject(ctx, key, order.MaxLabelBytes)
	if err == nil && f.Check(kept) == nil {
		return kept, nil
	}
	file, err := l.Carrier.LabelFile(ctx, labelID, f)
	switch {
	case errors.Is(err, order.ErrNoSuch):
		return nil, &order.Refusal{Kind: order.ErrNoLabel, Text: "the carrier does not have the label any more"}
	case errors.Is(err, order.ErrState):
		return nil, &order.Refusal{Kind: order.ErrNoLabel, Text: "the carrier says that the label is void"}
	case err != nil:
		return nil, err
	}
	// Two callers at once both write, and the store keeps the first.
	if err := l.Store.PutObject(ctx, catalog.Object{Key: key, Type: f.MediaType(), Private: true}, file); err != nil && l.Log != nil {
		l.Log.WarnContext(ctx, "the file of a label could not be kept", "orderId", id, "error", err)
	}
	return file, nil
}

// LabelRef names the label of a carrier's.
type LabelRef struct {
	OrderID order.ID `json:"orderId"`
	LabelID string   `json:"labelId"`
}

// KeepLabel fetches the file of a label, and keeps it.
func (a *Activities) KeepLabel(ctx context.Context, r LabelRef) error {
	_, err := a.Labels.Label(ctx, r.OrderID, r.LabelID, order.LabelPDF)
	return activities.Failure(err)
}

// labelKey returns the key of a label's file. The carrier's id is hashed, because nobody
// knows its characters.
func labelKey(id order.ID, labelID string, f order.LabelFormat) string {
	sum := sha256.Sum256([]byte(labelID))
	return catalog.LabelPrefix + string(id) + "/" + hex.EncodeToString(sum[:16]) + "." + string(f)
}
