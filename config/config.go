// Package config holds all settings in one struct, which is read once from flags
// and the environment. Settings that contradict each other are refused before
// anything starts.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"purser/api/httpkit"
	"purser/providers/smtp"
	"purser/vault"
	"purser/workflows/orders"
)

// Config holds all settings. Every field has a working default. Help lists the fields
// by group, in this order.
type Config struct {
	Data        string `group:"The most common:" help:"Directory for all state of the embedded stack." env:"PURSER_DATA" default:"purser-data" type:"path"`
	DatabaseURL string `group:"The most common:" name:"database-url" help:"Postgres for the record and the embedded engine (postgres://…). Default: SQLite files in the data directory." env:"DATABASE_URL"`
	Listen      string `group:"The most common:" help:"Address on which the API, the health checks of a worker or the sandbox listens. Port 0 picks a free one." env:"PURSER_LISTEN" default:"${listen=127.0.0.1:8080}"`
	PublicURL   string `group:"The most common:" help:"Address at which providers, and the links in mails, reach this API. Default: the address on which it listens, or localhost if it listens on all. A worker has no default, and pauses campaigns without it." env:"PURSER_PUBLIC_URL"`
	APIKeys     string `group:"The most common:" name:"api-keys" help:"API keys, as name:role:secret,… with role shop, operator or viewer; a name that is repeated has several secrets. Default: one operator key, generated in the data directory." env:"PURSER_API_KEYS"`
	LogLevel    string `group:"The most common:" help:"debug, info, warn or error." env:"PURSER_LOG_LEVEL" default:"warn" enum:"debug,info,warn,error"`

	StripeKey             string   `group:"Payments and parcels:" help:"Stripe secret key. Without it the sandbox plays Stripe." env:"STRIPE_SECRET_KEY"`
	StripeWebhookSecrets  []string `group:"Payments and parcels:" help:"Stripe webhook secrets, the current one and the previous one." env:"STRIPE_WEBHOOK_SECRETS"`
	Payment               `embed:"" group:"Payments and parcels:"`
	CarrierURL            string   `group:"Payments and parcels:" name:"carrier-url" help:"The carrier's API. Without it the sandbox plays the carrier." env:"CARRIER_URL"`
	CarrierKey            string   `group:"Payments and parcels:" help:"The carrier's API key." env:"CARRIER_KEY"`
	CarrierWebhookSecrets []string `group:"Payments and parcels:" help:"The carrier's webhook secrets, the current one and the previous one." env:"CARRIER_WEBHOOK_SECRETS"`

	PayWithin     time.Duration `group:"Orders:" help:"How long a shopper may take to pay." env:"PURSER_PAY_WITHIN" default:"30m"`
	PrepayWithin  time.Duration `group:"Orders:" help:"How long a shopper may take who pays in advance, by bank transfer or in cash." env:"PURSER_PREPAY_WITHIN" default:"168h"`
	PlaceTimeout  time.Duration `group:"Orders:" help:"How long placing an order may take before the API returns 202." env:"PURSER_PLACE_TIMEOUT" default:"10s"`
	AskAfter      time.Duration `group:"Orders:" help:"How long to wait for an event about a payment before Stripe is asked." env:"PURSER_ASK_AFTER" default:"2m"`
	ReceivedAfter time.Duration `group:"Orders:" help:"If no parcel is booked so long after the money is held, the shopper is mailed that the order was received; 0: never." env:"PURSER_RECEIVED_AFTER" default:"10m"`
	// PayAgainBefore is how long before a hold lapses the shopper is asked to pay again.
	PayAgainBefore time.Duration `group:"Orders:" help:"How long before an authorization lapses that could not be captured yet the shopper is asked to pay again, at most half of the time that it lasts. If the order is not paid again by half of that time, and at the latest 12 hours, before it lapses, the order is cancelled. 0: it is cancelled without asking." env:"PURSER_PAY_AGAIN_BEFORE" default:"24h"`
	TrackAfter     time.Duration `group:"Orders:" help:"How long to wait for an event about a parcel before the carrier is asked." env:"PURSER_TRACK_AFTER" default:"12h"`
	OverdueAfter   time.Duration `group:"Orders:" help:"How long a parcel may stay without a scan before it needs an operator; 0: for ever." env:"PURSER_OVERDUE_AFTER" default:"336h"`
	ReturnWithin   time.Duration `group:"Orders:" help:"How long after their delivery goods can be sent back." env:"PURSER_RETURN_WITHIN" default:"720h"`
	// FindParcelsWithin is how long a parcel of a cancelled order is looked for.
	FindParcelsWithin time.Duration `group:"Orders:" help:"How long after a cancellation the carrier is asked again for a parcel whose booking it did not confirm; what it finds is voided. 0: it is not asked again." env:"PURSER_FIND_PARCELS_WITHIN" default:"24h"`
	Parcels           string        `group:"Orders:" help:"Who puts the goods into parcels: auto (Purser, as soon as an order is paid) or operator (a person, with purser order parcel add; the money is captured when the first one is booked)." env:"PURSER_PARCELS" default:"auto" enum:"auto,operator"`
	Capture           string        `group:"Orders:" help:"When an authorised payment is captured: booked (when the first parcel is booked) or placed (as soon as the money is held; then cancelling is a refund)." env:"PURSER_CAPTURE" default:"booked" enum:"booked,placed"`
	Cases             `embed:"" group:"Orders:"`
	Ledger            `embed:"" group:"Orders:"`
	Inbox             `embed:"" group:"Orders:"`
	Pricing           `embed:"" group:"Orders:"`
	ParcelPieces      int64  `group:"Orders:" help:"The most pieces in one parcel; 0: everything goes into one parcel." env:"PURSER_PARCEL_PIECES" default:"0"`
	ParcelWeight      int64  `group:"Orders:" help:"The most that one parcel may weigh, in grams, as far as the weights of its products are known; 0: anything." env:"PURSER_PARCEL_WEIGHT" default:"0"`
	ShipFrom          string `group:"Orders:" help:"The country that parcels are sent from, such as DE. Parcels that leave its customs area (the European Union's is one) then need customs data of their products. Default: it is not known, and none is asked for." env:"PURSER_SHIP_FROM"`

	MailFrom            string  `group:"Mail:" help:"Sender of all mail." env:"PURSER_MAIL_FROM" default:"Purser Shop <orders@shop.example>"`
	SESRegion           string  `group:"Mail:" name:"ses-region" help:"AWS region of SES. Without it the sandbox plays SES. Credentials come from AWS's default credential chain." env:"SES_REGION"`
	SESConfigurationSet string  `group:"Mail:" name:"ses-configuration-set" help:"SES configuration set." env:"SES_CONFIGURATION_SET"`
	SESEnvironment      string  `group:"Mail:" name:"ses-environment" help:"Value of the tag environment on each mail that SES sends, such as production, so that SES's events of several stages can be told apart. Letters, digits, hyphens and underscores. Default: no tag." env:"SES_ENVIRONMENT"`
	MailRate            float64 `group:"Mail:" help:"The most retried mails per second over all workers; 0: unlimited." env:"PURSER_MAIL_RATE" default:"0"`
	Mail                `embed:"" group:"Mail:"`
	MailBrand           `embed:"" group:"The texts and the design of mails:"`

	Catalogue `embed:"" group:"Catalogue and search:"`
	Search    `embed:"" group:"Catalogue and search:"`
	Images    `embed:"" group:"Images:"`

	VaultKey          string `group:"Temporal, several processes, secrets:" help:"Key for secrets at rest, 64 hexadecimal digits. Default: one generated in the data directory." env:"PURSER_VAULT_KEY"`
	TemporalAddress   string `group:"Temporal, several processes, secrets:" help:"Address of a Temporal cluster (roles api and worker)." env:"TEMPORAL_ADDRESS" default:"127.0.0.1:7233"`
	TemporalNamespace string `group:"Temporal, several processes, secrets:" help:"Namespace in the Temporal cluster." env:"TEMPORAL_NAMESPACE" default:"default"`
	Cluster           `embed:"" group:"Temporal, several processes, secrets:"`
	Roles             `embed:"" group:"Temporal, several processes, secrets:"`
	TemporalPort      int           `group:"Temporal, several processes, secrets:" help:"Port of the embedded Temporal server. 0 picks a free one." env:"PURSER_TEMPORAL_PORT" default:"7233"`
	UIPort            int           `group:"Temporal, several processes, secrets:" name:"ui-port" help:"Port of the Temporal UI. 0 picks a free one." env:"PURSER_UI_PORT" default:"8233"`
	NoUI              bool          `group:"Temporal, several processes, secrets:" name:"no-ui" help:"Do not start the Temporal UI." env:"PURSER_NO_UI"`
	Drain             time.Duration `group:"Temporal, several processes, secrets:" help:"How long the API keeps serving after it was told to stop, while /readyz returns 503, so that a load balancer sends it no more requests. If everything runs on this machine alone, the API closes at once." env:"PURSER_DRAIN" default:"5s"`

	Feedback `embed:"" group:"Feedback on mail, webhooks:"`

	SandboxPort      int           `group:"The sandbox:" help:"Port of the sandbox, which simulates the providers. 0 picks a free one." env:"PURSER_SANDBOX_PORT" default:"8090"`
	SandboxURL       string        `group:"The sandbox:" name:"sandbox-url" help:"Address at which the roles api and worker reach a sandbox in a process of its own. Set the same for all three roles; the sandbox's default is the address on which it listens." env:"PURSER_SANDBOX_URL"`
	SandboxHoldTime  time.Duration `group:"The sandbox:" help:"How long an authorization lasts at the sandbox's Stripe." env:"PURSER_SANDBOX_HOLD_TIME" default:"168h"`
	SandboxDebitTime time.Duration `group:"The sandbox:" help:"How long a direct debit is processing at the sandbox's Stripe; in reality it is days." env:"PURSER_SANDBOX_DEBIT_TIME" default:"30s"`
	SandboxPace      time.Duration `group:"The sandbox:" help:"Time between the scans of a parcel by the sandbox's carrier; 0: only on request." env:"PURSER_SANDBOX_PACE" default:"2s"`
}

// AfterApply reads the secrets' files and checks the settings. The flag parser calls
// it after it has read the flags and the environment.
func (c *Config) AfterApply() error {
	if err := c.readSecrets(); err != nil {
		return err
	}
	return c.check()
}

// check refuses settings that are invalid or contradict each other.
func (c *Config) check() error {
	if c.DatabaseURL != "" {
		u, err := url.Parse(c.DatabaseURL)
		if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			return errors.New("DATABASE_URL: want postgres://user:password@host/database")
		}
	}
	if c.StripeKey != "" && len(c.StripeWebhookSecrets) == 0 {
		return errors.New("STRIPE_SECRET_KEY is set, STRIPE_WEBHOOK_SECRETS is not: without it no payment event can be trusted")
	}
	if err := c.checkTemporal(); err != nil {
		return err
	}
	if err := c.checkRoles(); err != nil {
		return err
	}
	if err := c.checkPayment(); err != nil {
		return err
	}
	if err := checkPartnerURL("CARRIER_URL", c.CarrierURL); err != nil {
		return err
	}
	if c.CarrierURL != "" && (c.CarrierKey == "" || len(c.CarrierWebhookSecrets) == 0) {
		return errors.New("CARRIER_URL is set: CARRIER_KEY and CARRIER_WEBHOOK_SECRETS are needed too")
	}
	if err := c.checkSearch(); err != nil {
		return err
	}
	if err := c.checkCatalogue(); err != nil {
		return err
	}
	if err := c.checkLedger(); err != nil {
		return err
	}
	if err := c.checkInbox(); err != nil {
		return err
	}
	if err := c.checkCases(); err != nil {
		return err
	}
	if err := c.checkPricing(); err != nil {
		return err
	}
	if c.APIKeys != "" {
		if _, err := httpkit.ParseKeys(c.APIKeys); err != nil {
			return fmt.Errorf("PURSER_API_KEYS: %w", err)
		}
	}
	if c.VaultKey != "" {
		if _, err := vault.New(c.VaultKey); err != nil {
			return fmt.Errorf("PURSER_VAULT_KEY: %w", err)
		}
	}
	if err := c.Images.check(); err != nil {
		return err
	}
	if err := c.checkMailBrand(); err != nil {
		return err
	}
	if err := c.checkMail(); err != nil {
		return err
	}
	if err := c.checkTimes(); err != nil {
		return err
	}
	return c.checkFeedback()
}

// checkTimes refuses durations, rates and counts that are out of range.
func (c *Config) checkTimes() error {
	for _, t := range []struct {
		name string
		d    time.Duration
		zero bool // whether 0 is allowed
	}{
		{"PURSER_PAY_WITHIN", c.PayWithin, false},
		{"PURSER_PREPAY_WITHIN", c.PrepayWithin, false},
		{"PURSER_ASK_AFTER", c.AskAfter, false},
		{"PURSER_TRACK_AFTER", c.TrackAfter, false},
		{"PURSER_PLACE_TIMEOUT", c.PlaceTimeout, false},
		{"PURSER_OVERDUE_AFTER", c.OverdueAfter, true},
		{"PURSER_RECEIVED_AFTER", c.ReceivedAfter, true},
		{"PURSER_PAY_AGAIN_BEFORE", c.PayAgainBefore, true},
		{"PURSER_RETURN_WITHIN", c.ReturnWithin, false},
		{"PURSER_FIND_PARCELS_WITHIN", c.FindParcelsWithin, true},
		{"PURSER_SANDBOX_HOLD_TIME", c.SandboxHoldTime, false},
		{"PURSER_SANDBOX_PACE", c.SandboxPace, true},
		{"PURSER_SANDBOX_DEBIT_TIME", c.SandboxDebitTime, false},
		{"PURSER_DRAIN", c.Drain, true},
	} {
		switch {
		case t.zero && t.d < 0:
			return fmt.Errorf("%s: want 0 or more, got %s", t.name, t.d)
		case !t.zero && t.d <= 0:
			return fmt.Errorf("%s: want more than 0, got %s", t.name, t.d)
		}
	}
	if c.MailRate < 0 {
		return fmt.Errorf("PURSER_MAIL_RATE: want 0 or more, got %g", c.MailRate)
	}
	if c.ParcelPieces < 0 {
		return fmt.Errorf("PURSER_PARCEL_PIECES: want 0 or more, got %d", c.ParcelPieces)
	}
	if c.ParcelWeight < 0 {
		return fmt.Errorf("PURSER_PARCEL_WEIGHT: want 0 or more, got %d", c.ParcelWeight)
	}
	if err := c.Terms().Check(); err != nil {
		return fmt.Errorf("PURSER_SHIP_FROM: %w", err)
	}
	return nil
}

// checkPartnerURL requires https, except for an address on this machine or on a
// private network, such as that of a compose file.
func checkPartnerURL(name, s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("%s: want https://host", name)
	}
	if u.Scheme == "http" && !smtp.Nearby(u.Hostname()) {
		return fmt.Errorf("%s: http is for this machine and for names without a dot, which only a private network has: want https://%s", name, u.Host)
	}
	return nil
}

// EmbeddedUIPort returns the port of the Temporal UI, or -1 if it is not started.
func (c *Config) EmbeddedUIPort() int {
	if c.NoUI {
		return -1
	}
	return c.UIPort
}

// RecordURL returns the URL of the SQL database that holds the record.
func (c *Config) RecordURL() string {
	if c.DatabaseURL != "" {
		return c.DatabaseURL
	}
	return "sqlite://" + filepath.Join(c.Data, "record.db")
}

// Terms returns how long an order waits in each of its phases, and how its goods
// are packed.
func (c *Config) Terms() orders.Terms {
	approval, _ := orders.ParseApproval(c.ApproveAbove) // it was checked
	return orders.Terms{
		ApproveAbove: approval,
		PayWithin:    c.PayWithin, PrepayWithin: c.PrepayWithin, AskAfter: c.AskAfter, ReceivedAfter: c.ReceivedAfter,
		TrackAfter: c.TrackAfter, OverdueAfter: c.OverdueAfter, ParcelPieces: c.ParcelPieces, ParcelWeight: c.ParcelWeight, ShipFrom: c.ShipFrom, PayAgainBefore: c.PayAgainBefore, FindParcelsWithin: c.FindParcelsWithin, ReturnWithin: c.ReturnWithin, Capture: orders.CaptureWhen(c.Capture),
		Parcels: map[string]orders.ParcelsBy{"operator": orders.ParcelsByOperator}[c.Parcels],
	}
}

// Logger returns a logger that writes JSON to stderr at the configured level and
// above.
func (c *Config) Logger() *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(strings.ToUpper(c.LogLevel))); err != nil {
		level = slog.LevelWarn
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}
