package audit

import (
	"database/sql"
	"encoding/json"
	"time"
)

// orderDoc is what an audit needs of an order's document.
type orderDoc struct {
	Hold *struct {
		Kind string `json:"kind"`
	} `json:"hold"`
	Attention []struct {
		About string `json:"about"`
	} `json:"attention"`
	Lines     []lineDoc   `json:"lines"`
	Shipments []parcelDoc `json:"shipments"`
	Returns   []returnDoc `json:"returns"`
	Refunds   []struct {
		ID string `json:"id"`
	} `json:"refunds"`
	Changes []struct {
		Payment int   `json:"payment"` // the number of its own payment; 0: none
		Amount  int64 `json:"amount"`  // what the order costs more, or less
	} `json:"changes"`
	// ExchangeOf is the return whose goods were exchanged for the order.
	ExchangeOf *struct {
		OrderID  string `json:"orderId"`
		ReturnID string `json:"returnId"`
	} `json:"exchangeOf"`
}

// needsSomebody reports whether a person must decide.
func (d orderDoc) needsSomebody() bool { return d.Hold != nil || len(d.Attention) > 0 }

// hasRefund reports whether the order has a refund. If not, a lost attempt wrote its row, and
// the attempt that followed has refused it, or was never asked.
func (d orderDoc) hasRefund(id string) bool {
	for _, r := range d.Refunds {
		if r.ID == id {
			return true
		}
	}
	return false
}

// approvals returns how many payments the bank may have approved: the order's, and for each
// change of what it costs the one that paid for it, or that replaced the order's unpaid one.
func (d orderDoc) approvals() int {
	n := 1
	for _, c := range d.Changes {
		if c.Amount != 0 {
			n++
		}
	}
	return n
}

// captures returns how many payments may have been captured: the order's, and those of its
// changes.
func (d orderDoc) captures() int {
	n := 1
	for _, c := range d.Changes {
		if c.Payment > 0 {
			n++
		}
	}
	return n
}

// method returns how the parcel with a reference reaches the shopper; "" is with a label
// of the carrier's.
func (d orderDoc) method(reference string) string {
	for _, p := range d.Shipments {
		if p.Reference == reference {
			return p.Method
		}
	}
	return ""
}

// lineDoc is what was bought of a product, with amounts in minor units.
type lineDoc struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Subtotal int64  `json:"subtotal"`
	Discount int64  `json:"discount"`
	Tax      *struct {
		Amount   int64 `json:"amount"`
		Included bool  `json:"included"`
	} `json:"tax"`
}

// cost returns what the shopper pays for the line.
func (l lineDoc) cost() int64 {
	sum := l.Subtotal - l.Discount
	if l.Tax != nil && !l.Tax.Included {
		sum += l.Tax.Amount
	}
	return sum
}

// parcelDoc is a parcel. A parcel without a label of the carrier's is known to the record
// alone.
type parcelDoc struct {
	Reference string   `json:"reference"`
	Method    string   `json:"method"`
	Status    string   `json:"status"`
	Replaced  bool     `json:"replaced"`
	Lines     []pieces `json:"lines"`
}

// returnDoc is goods that a shopper sends back, and what the shop keeps of their price.
type returnDoc struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Lines  []struct {
		SKU      string `json:"sku"`
		Received int64  `json:"received"`
		Damaged  int64  `json:"damaged"`
		Restock  bool   `json:"restock"`
	} `json:"lines"`
	Fee      int64        `json:"fee"`
	Damage   int64        `json:"damage"`
	Exchange *exchangeDoc `json:"exchange"` // nil: the money was refunded
}

// exchangeDoc is the order that goods were exchanged for, and how much of their value pays
// for it.
type exchangeDoc struct {
	OrderID string `json:"orderId"`
	Credit  struct {
		Amount int64 `json:"amount"`
	} `json:"credit"`
	Returned []struct {
		Amount int64 `json:"amount"`
	} `json:"returned"` // the parts of the credit that came back from that order
}

// scanCase reads a case and the id of its order.
func scanCase(row *sql.Rows) (order string, c caseRow, err error) {
	var text string
	if err = row.Scan(&order, &c.id, &c.kind, &c.status, &c.openedAt, &text); err != nil {
		return order, c, err
	}
	var doc struct {
		About    string    `json:"about"`
		ClosedAt time.Time `json:"closedAt"`
		Decision *struct {
			Choice string `json:"choice"`
		} `json:"decision"`
	}
	err = json.Unmarshal([]byte(text), &doc)
	if c.over = never; !doc.ClosedAt.IsZero() {
		c.over = doc.ClosedAt.UnixMicro()
	}
	if c.about = doc.About; doc.Decision != nil {
		c.choice = doc.Decision.Choice
	}
	return order, c, err
}
