package activities

import (
	"context"
	"time"

	"purser/mail"
	"purser/order"
)

// Activities are the steps a workflow can take, over the ports they need.
// They are registered whole; each takes one struct and answers one.
type Activities struct {
	Record   Record
	Orders   Orders
	Intents  Intents
	Captures Captures
	Carrier  Carrier
	Post     Post
	Letters  Letters
	Ledger   MailLedger
	Resends  Resends
	Sealer   Sealer

	Products      Products
	ProductTeller ProductTeller
	Listings      Listings
	Index         Index
	IndexKeys     IndexKeys
	Rebuild       Rebuild
	Revisions     Revisions
	DueProducts   DueProducts
	StockAudit    StockAudit
	Past          Past
	Imports       Imports
	ImportRows    ImportRows
	// KeepChanges is for how long it is known who changed a product. Default
	// 90 days.
	KeepChanges time.Duration
	// KeepWebhooks is for how long the bytes of delivered webhooks are kept; 0:
	// for ever.
	KeepWebhooks time.Duration
	// ProductPictures and PictureDeleter have a deleted product's pictures
	// deleted; nil: there are none.
	ProductPictures ProductPictures
	PictureDeleter  PictureDeleter
	// PictureURL answers where a browser finds a picture; nil: its key.
	PictureURL func(key string) string
	// ToShop is where the mails to the shop itself go; without an address they
	// are not sent.
	ToShop mail.Address
	// Blocked is asked before every mail; nil: nobody is suppressed.
	Blocked Suppressions

	// Senders are asked for every mail; nil: all are from one sender.
	Senders Senders

	Campaigns Campaigns
}

// Opened is what opening an order settled: the prices and the version.
type Opened struct {
	Lines    []order.Line `json:"lines"`
	Total    order.Money  `json:"total"`
	Version  int64        `json:"version"`
	PlacedAt time.Time    `json:"placedAt"`
}

// OpenOrder prices the request, sets the stock aside and writes the order.
func (a *Activities) OpenOrder(ctx context.Context, o order.Opening) (Opened, error) {
	opened, err := a.Record.OpenOrder(ctx, o)
	if err != nil {
		return Opened{}, failure(err)
	}
	return Opened{Lines: opened.Lines, Total: opened.Total, Version: opened.Version, PlacedAt: opened.PlacedAt}, nil
}

// SaveOrder writes a numbered change to the record.
func (a *Activities) SaveOrder(ctx context.Context, c order.Change) error {
	return failure(a.Record.SaveOrder(ctx, c))
}

// LoadOrder reads an order whose workflow has ended.
func (a *Activities) LoadOrder(ctx context.Context, id order.ID) (order.Order, error) {
	o, err := a.Orders.Order(ctx, id)
	return o, failure(err)
}
