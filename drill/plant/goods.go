package plant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"purser/order"
	"purser/shop"
)

// sendAgain sends all goods of an order once more, in a parcel that the record knows.
func (s Shop) sendAgain(ctx context.Context) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	reference := string(o.ID) + "-9"
	return errors.Join(
		s.exec(ctx, `INSERT INTO shipments (reference, order_id, number, lines, replaced, label_id, tracking, carrier, method, status, updated_at)
			SELECT '`+reference+`', order_id, 9, lines, 0, '`+reference+`', '', carrier, '', 'delivered', updated_at FROM shipments WHERE order_id = '`+string(o.ID)+"' AND number = 1"),
		s.book(ctx, reference, o.Shipments[0].Lines),
		s.deliver(ctx, reference),
	)
}

// sendUnpaid sends the goods of an order that was cancelled before anybody paid.
func (s Shop) sendUnpaid(ctx context.Context) error {
	placed, err := s.place(ctx, "planted-unpaid")
	if err != nil {
		return err
	}
	api := &shop.Client{URL: s.At.API, Key: s.At.Key}
	if _, err := api.Cancel(ctx, placed.ID, "planted"); err != nil {
		return err
	}
	if _, err := s.await(ctx, placed.ID, func(o shop.Order) bool { return o.Status == order.Cancelled }); err != nil {
		return err
	}
	reference := string(placed.ID) + "-8"
	return errors.Join(
		s.exec(ctx, `INSERT INTO shipments (reference, order_id, number, lines, replaced, label_id, tracking, carrier, method, status, updated_at)
			VALUES ('`+reference+"', '"+string(placed.ID)+"', 8, '[]', 0, '"+reference+"', '', '', '', 'booked', 0)"),
		s.book(ctx, reference, []shop.ItemQuantity{{SKU: "mug-blue", Quantity: 1}}),
		s.deliver(ctx, reference),
	)
}

// buyMore changes the record of an order so that one piece more was bought than went out.
func (s Shop) buyMore(ctx context.Context) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	var text string
	if err := s.read(ctx, &text, "SELECT doc FROM orders WHERE id = '"+string(o.ID)+"'"); err != nil {
		return err
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return err
	}
	line, ok := doc["lines"].([]any)[0].(map[string]any)
	if !ok {
		return fmt.Errorf("the document of %s has no lines", o.ID)
	}
	line["quantity"] = o.Lines[0].Quantity + 1
	b, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	return s.exec(ctx, "UPDATE orders SET doc = $1 WHERE id = $2", string(b), string(o.ID))
}

// findPiece has the warehouse have one piece more than it had and orders have brought back.
func (s Shop) findPiece(ctx context.Context) error {
	return s.exec(ctx, "UPDATE products SET on_hand = on_hand + 1, received = received + 1 WHERE sku = 'mug-blue'")
}

// reopenCase has a case wait again that was decided: more was paid in advance than was
// asked for, and a person has left it at that.
func (s Shop) reopenCase(ctx context.Context) error {
	placed, err := s.place(ctx, "planted-too-much")
	if err != nil {
		return err
	}
	api := &shop.Client{URL: s.At.API, Key: s.At.Key}
	twice := order.Money{Amount: 2 * placed.Total.Amount, Currency: placed.Total.Currency}
	if _, err := api.BookPayment(ctx, placed.ID, twice, "planted statement", time.Now(), "planted"); err != nil {
		return err
	}
	o, err := s.await(ctx, placed.ID, func(o shop.Order) bool { return o.Status == order.Delivered && len(o.Cases) == 1 })
	if err != nil {
		return err
	}
	id := o.Cases[0].ID
	if _, err := api.DecideCase(ctx, id, order.ChooseKeep, "planted"); err != nil {
		return err
	}
	for open := true; open; {
		page, err := api.Cases(ctx, url.Values{"orderId": {string(o.ID)}, "status": {string(order.CaseOpen)}})
		if err != nil {
			return err
		}
		if open = len(page.Cases) > 0; open {
			if err := pause(ctx); err != nil {
				return err
			}
		}
	}
	return s.exec(ctx, "UPDATE cases SET status = 'open' WHERE id = '"+id+"'")
}

// await waits until an order is as wanted.
func (s Shop) await(ctx context.Context, id order.ID, wanted func(shop.Order) bool) (shop.Order, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	api := &shop.Client{URL: s.At.API, Key: s.At.Key}
	for {
		o, err := api.Order(ctx, id)
		if err != nil || wanted(o) {
			return o, err
		}
		if err := pause(ctx); err != nil {
			return o, fmt.Errorf("%s is %s: %w", id, o.Status, err)
		}
	}
}

// pause waits until an order is looked at again.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(200 * time.Millisecond):
		return nil
	}
}
