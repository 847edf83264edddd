// Package api assembles the shop's HTTP API: the operations of all subjects, their
// OpenAPI document, the health checks and the webhooks. The API authenticates the
// caller, validates the request, sends messages to the workflows and reads the
// record. It holds no business rule.
package api

import (
	"cmp"
	"errors"
	"net/http"

	"purser/api/bulks"
	"purser/api/campaigns"
	"purser/api/cases"
	"purser/api/httpkit"
	"purser/api/images"
	"purser/api/imports"
	"purser/api/inbox"
	"purser/api/ledger"
	"purser/api/mails"
	"purser/api/orders"
	"purser/api/products"
	"purser/api/search"
)

// Config lists the parts of the API. Keys, Orders, Products, Mails and Inbox must
// be set. A subject that is nil has no operations.
type Config struct {
	httpkit.Config
	Orders    *orders.Service
	Products  *products.Service
	Imports   *imports.Service
	Images    *images.Service
	Search    *search.Service
	Mails     *mails.Service
	Preview   *mails.Preview
	Campaigns *campaigns.Service
	Cases     *cases.Service
	Bulks     *bulks.Service
	Inbox     *inbox.Service
	Ledger    *ledger.Service
	// Webhooks serves /webhooks/…; if it is nil, those paths respond 404.
	Webhooks http.Handler
	// Ready lists the checks of /readyz: our own database and engine, no partner.
	Ready []httpkit.Check
	// Installation identifies, in the response of /livez, the processes that belong
	// together. Default: it is left out.
	Installation string
	// Version is shown in the documentation. Default "dev".
	Version string
}

// New returns the handler of everything under /v1, the documentation, the health
// checks and, if Webhooks is set, /webhooks/. It registers the services, so each
// service belongs to one handler.
func New(c Config) (http.Handler, error) {
	if c.Orders == nil || c.Products == nil || c.Mails == nil || c.Inbox == nil {
		return nil, errors.New("api: Orders, Products, Mails or Inbox is missing")
	}
	if c.Orders.Workflows == nil || c.Orders.Records == nil {
		return nil, errors.New("api: Orders has no Workflows or no Records")
	}
	server, err := httpkit.New(c.Config, document(cmp.Or(c.Version, "dev")))
	if err != nil {
		return nil, err
	}
	c.Orders.Register(server)
	c.Products.Register(server)
	c.Mails.Register(server)
	c.Inbox.Register(server)
	if c.Imports != nil {
		c.Imports.Register(server)
	}
	if c.Images != nil {
		c.Images.Register(server)
	}
	if c.Search != nil {
		c.Search.Register(server)
	}
	if c.Preview != nil {
		c.Preview.Register(server)
	}
	if c.Campaigns != nil {
		c.Campaigns.Register(server)
	}
	if c.Cases != nil {
		c.Cases.Register(server)
	}
	if c.Bulks != nil {
		c.Bulks.Register(server)
	}
	if c.Ledger != nil {
		c.Ledger.Register(server)
	}
	if c.Webhooks != nil {
		server.Mux.Handle("/webhooks", c.Webhooks) // else the mux would redirect it
		server.Mux.Handle("/webhooks/", c.Webhooks)
	}
	(&healthService{ready: c.Ready, installation: c.Installation}).register(server)
	serveDocs(server.Mux)
	return server.Handler(), nil
}
