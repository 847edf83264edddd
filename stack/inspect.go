package stack

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"purser/config"
	"purser/engine"
	"purser/mail"
	"purser/order"
	"purser/records"
	"purser/records/sqldb"
	"purser/workflows"
)

// Inspection reaches the parts that a role needs in the way in which the role reaches
// them. It starts nothing, and changes neither the record nor the engine.
type Inspection struct {
	// StripeURL replaces the address of Stripe's API.
	StripeURL string

	s *Stack
}

// Inspect returns an inspection of the parts that the settings name. Close it.
func Inspect(cfg *config.Config) *Inspection {
	return &Inspection{s: &Stack{cfg: cfg, log: slog.New(slog.DiscardHandler), sandboxURL: strings.TrimRight(cfg.SandboxURL, "/")}}
}

// Close ends the connections.
func (i *Inspection) Close() { i.s.Stop() }

// OpenVault reads the key for secrets. found is false if there is no key yet: a role with
// a data directory makes one at its first start.
func (i *Inspection) OpenVault() (found bool, err error) {
	if i.s.cfg.VaultKey == "" {
		if _, err := os.Stat(filepath.Join(i.s.cfg.Data, vaultFile)); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
	}
	return true, i.s.openVault()
}

// Installation identifies the API that has the same vault key, in the response of its
// /livez; "" without a vault.
func (i *Inspection) Installation() string {
	if i.s.vault == nil {
		return ""
	}
	return i.s.installation("api")
}

// Record returns where the record is, without a password, and the state of its schema.
func (i *Inspection) Record(ctx context.Context) (at string, schema sqldb.Schema, err error) {
	at = strings.TrimPrefix(i.s.cfg.RecordURL(), "sqlite://")
	if i.s.cfg.DatabaseURL != "" {
		at = databaseAt(i.s.cfg.DatabaseURL)
	}
	schema, err = records.Schema(ctx, i.s.cfg.RecordURL())
	return at, schema, err
}

// Namespace is the state of a namespace in a Temporal cluster.
type Namespace struct {
	// Lacks are the search attributes that a role still has to add; nil: none.
	Lacks *engine.SearchAttributesError
	// Retention is how long the histories of ended workflows are kept; 0: this process
	// may not know.
	Retention time.Duration
}

// Namespace connects to the Temporal cluster and returns the state of the namespace.
func (i *Inspection) Namespace(ctx context.Context) (n Namespace, err error) {
	if err := i.s.connectCluster(ctx); err != nil {
		return n, err
	}
	name, t := i.s.cfg.TemporalNamespace, i.s.Temporal
	missing, err := engine.MissingSearchAttributes(ctx, t.WorkflowService(), t.OperatorService(), name, workflows.SearchAttributes())
	if err != nil {
		return n, err
	}
	if len(missing) > 0 {
		n.Lacks = &engine.SearchAttributesError{Namespace: name, Missing: missing}
	}
	described, err := t.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name})
	if denied(err) {
		return n, nil
	}
	n.Retention = described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	return n, err
}

// Stripe reads with each permission that reading needs. It asks for objects that do not
// exist.
func (i *Inspection) Stripe(ctx context.Context) error {
	c, err := i.s.newStripe(i.StripeURL)
	if err != nil {
		return err
	}
	const none = "purser_check"
	now := time.Now()
	for _, read := range []func() error{
		func() error { _, err := c.ListEvents(ctx, now.Add(-time.Minute), now, ""); return err },
		func() error { _, err := c.GetIntent(ctx, "pi_"+none); return err },
		func() error { _, _, err := c.Dispute(ctx, "dp_"+none); return err },
		func() error { _, err := c.Settlement(ctx, "txn_"+none); return err },
	} {
		if err := read(); err != nil && !errors.Is(err, order.ErrNoSuch) {
			return err
		}
	}
	return nil
}

// Carrier asks the carrier for a parcel that does not exist.
func (i *Inspection) Carrier(ctx context.Context) error {
	c, _ := i.s.newCarrier()
	if _, err := c.TrackParcel(ctx, "purser-check"); !errors.Is(err, order.ErrNoSuch) {
		return err
	}
	return nil
}

// Bucket uses every right to the bucket that images need, on a small file of its own.
func (i *Inspection) Bucket(ctx context.Context) error {
	store, err := i.s.newImageStore(ctx)
	if err != nil {
		return err
	}
	if err := i.s.listBucket(ctx, store); err != nil {
		return err
	}
	return store.CheckRights(ctx, "check/"+strings.ToLower(rand.Text()))
}

// Search uses both keys of Meilisearch. only is whether the key for searches may do
// nothing else; admin is the error of the other key.
func (i *Inspection) Search(ctx context.Context) (only bool, admin, search error) {
	c, err := i.s.newSearch()
	if err != nil {
		return false, err, nil
	}
	if err := c.CheckAdminKey(ctx); err != nil {
		return false, err, nil
	}
	only, err = c.CheckSearchKey(ctx)
	return only, nil, err
}

// MailProvider is the state of a mail provider that the sandbox does not play.
type MailProvider struct {
	Name   string
	Err    error // it cannot be used
	Limits mail.Limits
	// SES holds what only SES knows.
	SES *SESAccount
}

// SESAccount is the state of an account at SES.
type SESAccount struct {
	Production bool   // it may send to everybody
	Verified   bool   // it may send as our sender
	Status     string // of the sender's identity, in SES's words
}

// MailProviders logs in to each mail provider, and sends nothing.
func (i *Inspection) MailProviders(ctx context.Context) (all []MailProvider) {
	for _, name := range i.s.cfg.Routes() {
		switch {
		case name == config.RouteSES && i.s.cfg.SESRegion != "":
			all = append(all, i.ses(ctx))
		case name != config.RouteSES && i.s.cfg.RelayURL(name) != "":
			all = append(all, i.relay(ctx, name))
		}
	}
	return all
}

func (i *Inspection) ses(ctx context.Context) MailProvider {
	p := MailProvider{Name: config.RouteSES, SES: &SESAccount{}}
	m, err := i.s.newSES()
	if err == nil {
		p.Limits, err = m.Limits(ctx)
	}
	if err == nil {
		p.SES.Production, err = m.Production(ctx)
	}
	if err == nil {
		p.SES.Status, p.SES.Verified, err = m.Verified(ctx)
	}
	p.Err = err
	return p
}

func (i *Inspection) relay(ctx context.Context, name string) MailProvider {
	p := MailProvider{Name: name}
	m, err := i.s.newRelay(name)
	if err == nil {
		p.Limits, err = m.Limits(ctx)
	}
	if err == nil {
		err = m.Ping(ctx)
	}
	p.Err = err
	return p
}

// Sandbox asks the sandbox in another process whether it belongs to this installation.
func (i *Inspection) Sandbox(ctx context.Context) error { return i.s.askSandbox(ctx) }
