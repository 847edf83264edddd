package config

import (
	"net/url"
	"strings"
)

// Part is a provider and whether the sandbox or the real one plays it.
type Part struct{ Name, Who string }

// Parts returns all providers, for the banner.
func (c *Config) Parts() []Part {
	played := func(by, real string) string {
		if real == "" {
			return "sandbox (set " + by + " for the real one)"
		}
		return "real"
	}
	return []Part{
		{"Stripe", played("STRIPE_SECRET_KEY", c.StripeKey)},
		{"Carrier", played("CARRIER_URL", c.CarrierURL)},
		{"Mail", c.mailPlayed()},
		{"S3", played("S3_BUCKET", c.S3Bucket)},
		{"Search", played("MEILISEARCH_URL", c.MeilisearchURL)},
	}
}

// Providers names all providers, for the log: which are real, and where the sandbox
// plays the others.
func (c *Config) Providers(sandbox string) string {
	stripe := "a live key"
	switch {
	case c.StripeKey == "":
		stripe = ""
	case !c.StripeIsLive():
		stripe = "a test key"
	}
	mails := ""
	if !c.PlaysSES() {
		mails = strings.Join(c.Routes(), ", then ")
	}
	bucket := ""
	if c.S3Bucket != "" {
		bucket = "bucket " + c.S3Bucket
	}
	var all []string
	for _, p := range []struct{ name, real string }{
		{"Stripe", stripe}, {"carrier", hostOf(c.CarrierURL)}, {"mail", mails}, {"S3", bucket}, {"search", hostOf(c.MeilisearchURL)},
	} {
		if p.real == "" {
			p.real = "sandbox"
		}
		all = append(all, p.name+": "+p.real)
	}
	if c.Played() {
		all = append(all, "sandbox at "+sandbox)
	}
	return strings.Join(all, ", ")
}

// hostOf returns the host of a URL, which may hold a password.
func hostOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "real"
	}
	return u.Host
}

// Played reports whether the sandbox plays any provider.
func (c *Config) Played() bool {
	return c.StripeKey == "" || c.CarrierURL == "" || c.PlaysSES() || c.S3Bucket == "" || c.SearchPlayed()
}

// StripeIsLive reports whether Stripe's key moves real money.
func (c *Config) StripeIsLive() bool {
	return c.StripeKey != "" && !strings.Contains(c.StripeKey, "_test_")
}

// LoadsSample reports whether an empty catalogue is filled with the sample products.
// With the real Stripe it is not, unless the operator requests it, so that nobody
// pays for a product that the shop does not have.
func (c *Config) LoadsSample() bool { return c.StripeKey == "" || c.SampleCatalogue }

// Apart returns the settings of an isolated stack in dir: the sandbox plays all
// providers, all ports are free ones, and there is no UI.
func (c Config) Apart(dir string) Config {
	c.Data, c.DatabaseURL, c.APIKeys, c.PublicURL, c.SandboxURL = dir, "", "", "", ""
	c.Listen, c.SandboxPort, c.TemporalPort, c.NoUI = "127.0.0.1:0", 0, 0, true
	c.StripeKey, c.CarrierURL, c.SESRegion, c.MeilisearchURL, c.Mail = "", "", "", "", Mail{}
	c.Pricing, c.Cluster = Pricing{}, Cluster{}
	c.S3Bucket, c.S3Region, c.S3Endpoint, c.CloudFrontDomain = "", "", "", ""
	return c
}
