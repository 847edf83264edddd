package orders

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"purser/order"
	"purser/records/sqldb"
)

// mostSearched is how many of the latest orders a text search covers. An order
// whose id is given is found however old it is.
const mostSearched = 20_000

// FindOrders finds up to limit orders, newest first, by any detail that an
// operator may have: our id, a provider's or the carrier's id, a tracking number,
// a customer, a mail address, a name, an address, a product. A part of the detail
// is enough, except for old orders. Case and accents do not matter. If customer is
// not empty, FindOrders finds only orders of that customer.
func (s *Store) FindOrders(ctx context.Context, text, customer string, limit int) ([]order.Order, error) {
	text = strings.TrimSpace(text)
	tracking := strings.Join(strings.Fields(text), "") // labels and mails print it in groups
	of, scope := "", []any{}
	if customer != "" {
		of, scope = "AND customer = ?", []any{customer}
	}
	ids := []any{text, text, text, text, text, tracking, strings.ToUpper(tracking), text, text, text}
	found, err := s.orderDocs(ctx, `
		SELECT doc FROM orders WHERE id IN (
			SELECT CAST(? AS TEXT) UNION ALL
			SELECT order_id FROM payments WHERE reference = ? UNION ALL
			SELECT order_id FROM shipments WHERE reference = ? UNION ALL
			SELECT order_id FROM shipments WHERE label_id = ? UNION ALL
			SELECT order_id FROM shipments WHERE tracking IN (?, ?, ?) AND tracking <> '' UNION ALL
			SELECT order_id FROM returns WHERE id = ? UNION ALL
			SELECT order_id FROM refunds WHERE id = ? OR reference = ?) `+of+`
		ORDER BY placed_at DESC, id DESC LIMIT ?`, slices.Concat(ids, scope, []any{sqldb.PageSize(limit)}))
	if err != nil || len(found) > 0 {
		return found, sqldb.WrapError("find orders", err)
	}
	pattern := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(folded(text)) + "%"
	found, err = s.orderDocs(ctx, `
		SELECT doc FROM (
			SELECT doc, search_text, placed_at, id FROM orders WHERE 1 = 1 `+of+` ORDER BY placed_at DESC, id DESC LIMIT ?) latest
		WHERE search_text LIKE ? ESCAPE '\' ORDER BY placed_at DESC, id DESC LIMIT ?`,
		slices.Concat(scope, []any{mostSearched, pattern, sqldb.PageSize(limit)}))
	return found, sqldb.WrapError("find orders", err)
}

// FirstPlaced returns when the first order was placed; the time is zero if there is no
// order.
func (s *Store) FirstPlaced(ctx context.Context) (time.Time, error) {
	at, err := sqldb.One[int64](ctx, s.DB.Reader(), "SELECT COALESCE(MIN(placed_at), 0) FROM orders")
	return sqldb.FromMicros(at), sqldb.WrapError("first placed", err)
}

// orderDocs reads the orders that a query selects.
func (s *Store) orderDocs(ctx context.Context, query string, args []any) ([]order.Order, error) {
	var found []order.Order
	err := sqldb.Each(ctx, s.DB.Reader(), query, args, func(r *sql.Rows) error {
		var doc []byte
		var o order.Order
		if err := r.Scan(&doc); err != nil {
			return err
		}
		err := json.Unmarshal(doc, &o)
		found = append(found, o)
		return err
	})
	return found, err
}

// searchText returns the text by which an order is found: the names and numbers of
// the order, of its customer and of its goods, one a line.
func searchText(o order.Order) string {
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
	return folded(strings.Join(words, "\n"))
}

// folded returns a text without case and accents. The databases cannot do it:
// SQLite, and Postgres with the collation C, know the case of ASCII letters only.
func folded(text string) string {
	withoutAccents := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	plain, _, err := transform.String(withoutAccents, text)
	if err != nil { // none of the steps fails
		plain = text
	}
	return cases.Fold().String(plain)
}
