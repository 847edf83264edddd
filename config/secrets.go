package config

import (
	"fmt"
	"os"
	"strings"
)

// secretFile is the prefix of a secret setting that names a file instead, as
// orchestrators mount them: file:/run/secrets/stripe. The secret then appears
// neither in the process list, as a flag does, nor in the environment.
const secretFile = "file:"

// secrets returns the settings that may refer to a file, by environment variable.
func (c *Config) secrets() map[string][]*string {
	all := map[string][]*string{
		"DATABASE_URL": {&c.DatabaseURL}, "PURSER_API_KEYS": {&c.APIKeys}, "PURSER_VAULT_KEY": {&c.VaultKey}, "TEMPORAL_API_KEY": {&c.TemporalAPIKey},
		"STRIPE_SECRET_KEY": {&c.StripeKey}, "CARRIER_KEY": {&c.CarrierKey}, "SMTP_URL": {&c.SMTPURL}, "PURSER_PRICING_SECRET": {&c.PricingSecret},
		"MEILISEARCH_ADMIN_KEY": {&c.MeilisearchAdminKey}, "MEILISEARCH_SEARCH_KEY": {&c.MeilisearchSearchKey},
	}
	for name, list := range map[string][]string{
		"STRIPE_WEBHOOK_SECRETS": c.StripeWebhookSecrets, "CARRIER_WEBHOOK_SECRETS": c.CarrierWebhookSecrets, "MAIL_WEBHOOK_SECRETS": c.MailWebhookSecrets,
	} {
		for i := range list {
			all[name] = append(all[name], &list[i])
		}
	}
	return all
}

// readSecrets replaces every reference by the content of its file, without the line
// break at the end.
func (c *Config) readSecrets() error {
	for name, values := range c.secrets() {
		for _, v := range values {
			if err := ReadSecret(name, v); err != nil {
				return err
			}
		}
	}
	for relay, v := range c.SMTPURLs {
		if err := ReadSecret("SMTP_URLS", &v); err != nil {
			return err
		}
		c.SMTPURLs[relay] = v
	}
	return nil
}

// ReadSecret replaces a reference to a file by the file's content.
func ReadSecret(name string, v *string) error {
	path, ok := strings.CutPrefix(*v, secretFile)
	if !ok {
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if *v = strings.TrimRight(string(b), "\r\n"); *v == "" {
		return fmt.Errorf("%s: %s is empty", name, path)
	}
	return nil
}
