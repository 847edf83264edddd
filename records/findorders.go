package records

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"purser/order"
)

// mostSearched is how many of the latest orders are looked through for a text.
// Those that are meant by an id are found however old they are.
const mostSearched = 20_000

// FindOrders finds up to limit orders by what an operator may have in hand
// (SRCH-10): an id of ours, of Stripe's or of the carrier's, a customer, a
// mail address, a name, an address, a product. A part of it will do, except of
// old orders. Newest first.
func (s *Store) FindOrders(ctx context.Context, text string, limit int) ([]order.Order, error) {
	limit = pageSize(limit)
	found, err := s.orderDocs(ctx, `
		SELECT doc FROM orders WHERE id = ?
			OR id IN (SELECT order_id FROM payments WHERE intent_id = ?) OR id IN (SELECT order_id FROM shipments WHERE reference = ?)`,
		[]any{text, text, text}, limit, text)
	if err != nil || len(found) > 0 {
		return found, failed("find orders", err)
	}
	inJSON, err := json.Marshal(strings.ToLower(text))
	if err != nil {
		return nil, failed("find orders", err)
	}
	// The whole document is matched first, which finds too much: names of
	// attributes, too. What is left is looked at as an order.
	pattern := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(string(inJSON[1:len(inJSON)-1])) + "%"
	found, err = s.orderDocs(ctx, `
		SELECT doc FROM (SELECT doc, placed_at, id FROM orders ORDER BY placed_at DESC, id DESC LIMIT ?) latest
		WHERE LOWER(doc) LIKE ? ESCAPE '\' ORDER BY placed_at DESC, id DESC`, []any{mostSearched, pattern}, limit, text)
	return found, failed("find orders", err)
}

// orderDocs reads the orders of a query in which the text stands.
func (s *Store) orderDocs(ctx context.Context, query string, args []any, limit int, text string) ([]order.Order, error) {
	var found []order.Order
	err := each(ctx, s.db.reader(), query, args, func(r *sql.Rows) error {
		var doc []byte
		if err := r.Scan(&doc); err != nil || len(found) == limit {
			return err
		}
		var o order.Order
		if err := json.Unmarshal(doc, &o); err != nil {
			return err
		}
		if mentions(o, strings.ToLower(text)) {
			found = append(found, o)
		}
		return nil
	})
	return found, err
}

// mentions reports whether a text, in lower case, stands in what names an
// order, its customer or its goods.
func mentions(o order.Order, text string) bool {
	words := []string{
		string(o.ID), o.Customer, o.Email, o.ShipTo.Name, o.ShipTo.Line1, o.ShipTo.Line2, o.ShipTo.City, o.ShipTo.PostalCode,
		o.Payment.IntentID, o.Shipment.Reference, o.Shipment.LabelID, o.Shipment.Tracking,
	}
	for _, l := range o.Lines {
		words = append(words, l.SKU, l.Name)
	}
	for _, w := range words {
		if strings.Contains(strings.ToLower(w), text) {
			return true
		}
	}
	return false
}
