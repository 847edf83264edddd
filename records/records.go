// Package records is the SQL record: orders and their outcomes, stock,
// providers' reports and mails. It outlives the engine's histories. The same
// statements run on SQLite and on Postgres. Each subject has a folder of its
// own; this package joins them in one store.
package records

import (
	"context"
	"embed"
	"time"

	"purser/records/audit"
	"purser/records/bulks"
	"purser/records/campaigns"
	"purser/records/cases"
	"purser/records/images"
	"purser/records/imports"
	"purser/records/inbox"
	"purser/records/ledger"
	"purser/records/mails"
	"purser/records/orders"
	"purser/records/products"
	"purser/records/sqldb"
	"purser/records/stock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options tune a store; the zero value uses the defaults.
type Options struct {
	// Connections is how many reads (on Postgres: reads and writes) run at once.
	// Default 4 on SQLite, 16 on Postgres.
	Connections int
	// Now returns the time. Default time.Now.
	Now func() time.Time
	// Mail says when an address that keeps bouncing is suppressed.
	Mail mails.Rules
}

// These are the subjects' stores, under names that do not clash when Store
// embeds them.
type (
	ordersStore    = orders.Store
	stockStore     = stock.Store
	productsStore  = products.Store
	importsStore   = imports.Store
	imagesStore    = images.Store
	mailsStore     = mails.Store
	campaignsStore = campaigns.Store
	casesStore     = cases.Store
	auditStore     = audit.Store
	inboxStore     = inbox.Store
	ledgerStore    = ledger.Store
	bulksStore     = bulks.Store
)

// Store is the record: the stores of all subjects over one database. It is safe
// for concurrent use.
type Store struct {
	db *sqldb.DB
	*ordersStore
	*stockStore
	*productsStore
	*importsStore
	*imagesStore
	*mailsStore
	*campaignsStore
	*casesStore
	*auditStore
	*inboxStore
	*ledgerStore
	*bulksStore
}

// Open opens the record at a URL, "sqlite:///path/file.db" or
// "postgres://…", and brings its schema up to date.
func Open(ctx context.Context, url string, opts Options) (*Store, error) {
	db, err := OpenDB(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	return New(db, opts.Mail), nil
}

// OpenDB opens the record's database alone.
func OpenDB(ctx context.Context, url string, opts Options) (*sqldb.DB, error) {
	return sqldb.Open(ctx, url, sqldb.Options{Migrations: migrations, Connections: opts.Connections, Now: opts.Now})
}

// Schema returns the version of the schema of the record at a URL, and changes
// nothing: neither the schema nor, if it does not exist, a SQLite file.
func Schema(ctx context.Context, url string) (sqldb.Schema, error) {
	return sqldb.ReadSchema(ctx, url, migrations)
}

// New returns the record over a database that OpenDB has opened.
func New(db *sqldb.DB, rules mails.Rules) *Store {
	o := &orders.Store{DB: db}
	return &Store{
		db:             db,
		ordersStore:    o,
		stockStore:     &stock.Store{DB: db},
		productsStore:  &products.Store{DB: db},
		importsStore:   &imports.Store{DB: db},
		imagesStore:    &images.Store{DB: db},
		mailsStore:     &mails.Store{DB: db, Rules: rules, Changed: o.Wake},
		campaignsStore: &campaigns.Store{DB: db},
		casesStore:     &cases.Store{DB: db},
		auditStore:     &audit.Store{DB: db},
		inboxStore:     &inbox.Store{DB: db},
		ledgerStore:    &ledger.Store{DB: db},
		bulksStore:     &bulks.Store{DB: db},
	}
}

// Ping reports whether the database can be reached.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// CheckSchema reports whether the schema is one that this build can use.
func (s *Store) CheckSchema(ctx context.Context) error { return s.db.CheckSchema(ctx) }

// Close waits for the writes under way and closes the database.
func (s *Store) Close() error { return s.db.Close() }
