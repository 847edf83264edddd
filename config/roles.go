package config

import (
	"fmt"
	"os"
)

// Roles holds the settings of a role that runs in a process of its own. It is part of
// Config.
type Roles struct {
	DatabaseConnections int `help:"The most connections to Postgres that this process keeps for the record. Default: 10 for purser api, 14 for purser worker, 16 for purser up, so that two of each role leave half of Postgres's 100 to others." env:"PURSER_DATABASE_CONNECTIONS"`
}

// The sizes of the pools of connections to Postgres, by role. Two API and two worker
// processes together stay at half of Postgres's default of 100, since an engine may
// use the same server.
const (
	APIConnections    = 10
	WorkerConnections = 14
)

// Connections returns the size of the pool of connections of a role whose default is
// usual; 0 means the default of the database.
func (c *Roles) Connections(usual int) int {
	if c.DatabaseConnections > 0 {
		return c.DatabaseConnections
	}
	return usual
}

func (c *Roles) checkRoles() error {
	if c.DatabaseConnections != 0 && c.DatabaseConnections < 2 {
		return fmt.Errorf("PURSER_DATABASE_CONNECTIONS: want 2 or more, got %d", c.DatabaseConnections)
	}
	return nil
}

// awsCredentials are the variables by which AWS's default credential chain finds keys.
var awsCredentials = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"}

// CheckSandboxAlone refuses a sandbox in a process of its own beside the settings of
// real providers: they would do nothing there, and the person who set them believes
// that real money, parcels and mails move.
func (c *Config) CheckSandboxAlone() error {
	set := map[string]bool{
		"STRIPE_SECRET_KEY": c.StripeKey != "", "STRIPE_WEBHOOK_SECRETS": len(c.StripeWebhookSecrets) > 0,
		"CARRIER_URL": c.CarrierURL != "", "CARRIER_KEY": c.CarrierKey != "", "CARRIER_WEBHOOK_SECRETS": len(c.CarrierWebhookSecrets) > 0,
		"SES_REGION": c.SESRegion != "", "SES_TOPIC_ARNS": len(c.SESTopics) > 0, "SMTP_URL": c.SMTPURL != "", "SMTP_URLS": len(c.SMTPURLs) > 0,
		"S3_BUCKET": c.S3Bucket != "", "CLOUDFRONT_PRIVATE_KEY": c.CloudFrontKey != "",
		"MEILISEARCH_URL": c.MeilisearchURL != "", "MEILISEARCH_ADMIN_KEY": c.MeilisearchAdminKey != "", "MEILISEARCH_SEARCH_KEY": c.MeilisearchSearchKey != "",
	}
	for _, name := range awsCredentials {
		set[name] = os.Getenv(name) != ""
	}
	for _, name := range append([]string{
		"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS", "CARRIER_URL", "CARRIER_KEY", "CARRIER_WEBHOOK_SECRETS", "SES_REGION", "SES_TOPIC_ARNS", "SMTP_URL", "SMTP_URLS",
		"S3_BUCKET", "CLOUDFRONT_PRIVATE_KEY", "MEILISEARCH_URL", "MEILISEARCH_ADMIN_KEY", "MEILISEARCH_SEARCH_KEY",
	}, awsCredentials...) {
		if set[name] {
			return fmt.Errorf("%s is set: the sandbox does not run beside a real provider's settings: start it without them, or do not start it", name)
		}
	}
	return nil
}
