package orders

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"purser/order"
	"purser/records/sqldb"
)

// mostSearched is how many of the latest orders a text search covers. An order
// whose id is given is found however old it is.
const mostSearched = 20_000

// FindOrders finds up to limit orders, newest first, by any detail that an
// operator may have: our id, a provider's or the carrier's id, a customer, a
// mail address, a name, an address, a product. A part of the detail is enough,
// except for old orders.
func (s *Store) FindOrders(ctx context.Context, text string, limit int) ([]order.Order, error) {
	limit = sqldb.PageSize(limit)
	found, err := s.orderDocs(ctx, `
		SELECT doc FROM orders WHERE id IN (
			SELECT CAST(? AS TEXT) UNION ALL
			SELECT order_id FROM payments WHERE reference = ? UNION ALL
			SELECT order_id FROM shipments WHERE reference = ? OR label_id = ? UNION ALL
			SELECT order_id FROM refunds WHERE id = ? OR reference = ?)
		ORDER BY placed_at DESC, id DESC`,
		[]any{text, text, text, text, text, text}, limit, text)
	if err != nil || len(found) > 0 {
		return found, sqldb.WrapError("find orders", err)
	}
	inJSON, err := json.Marshal(strings.ToLower(text))
	if err != nil {
		return nil, sqldb.WrapError("find orders", err)
	}
	// The query matches the text anywhere in the document, which finds too much,
	// such as attribute names. The matching documents are then decoded and
	// examined.
	pattern := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(string(inJSON[1:len(inJSON)-1])) + "%"
	found, err = s.orderDocs(ctx, `
		SELECT doc FROM (SELECT doc, placed_at, id FROM orders ORDER BY placed_at DESC, id DESC LIMIT ?) latest
		WHERE LOWER(doc) LIKE ? ESCAPE '\' ORDER BY placed_at DESC, id DESC`, []any{mostSearched, pattern}, limit, text)
	return found, sqldb.WrapError("find orders", err)
}

// orderDocs reads the orders of a query that mention the text.
func (s *Store) orderDocs(ctx context.Context, query string, args []any, limit int, text string) ([]order.Order, error) {
	var found []order.Order
	err := sqldb.Each(ctx, s.DB.Reader(), query, args, func(r *sql.Rows) error {
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

// mentions reports whether a lower-case text occurs in the names of an order,
// of its customer or of its goods.
func mentions(o order.Order, text string) bool {
	words := []string{
		string(o.ID), o.Customer, o.Email, o.ShipTo.Name, o.ShipTo.Line1, o.ShipTo.Line2, o.ShipTo.City, o.ShipTo.PostalCode,
	}
	for _, p := range o.Payments {
		words = append(words, p.Reference)
	}
	for _, s := range o.Shipments {
		words = append(words, s.Reference, s.LabelID, s.Tracking)
	}
	for _, r := range o.Refunds {
		words = append(words, r.ID, r.Reference)
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
