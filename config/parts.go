package config

// Part is an outside party and who plays it.
type Part struct{ Name, Who string }

// Parts are all outside parties.
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

// Played reports whether the sandbox plays any provider.
func (c *Config) Played() bool {
	return c.StripeKey == "" || c.CarrierURL == "" || c.PlaysSES() || c.S3Bucket == "" || c.SearchPlayed()
}

// LoadsSample reports whether an empty catalogue is filled with the sample
// products. Where real money is taken, nobody may order what the shop does not
// have, unless the operator asks for it.
func (c *Config) LoadsSample() bool { return c.StripeKey == "" || c.SampleCatalogue }

// Apart are the settings of a stack of its own in dir: all providers played,
// no port that another may have, no UI.
func (c Config) Apart(dir string) Config {
	c.Data, c.DatabaseURL, c.APIKeys, c.PublicURL, c.SandboxURL = dir, "", "", "", ""
	c.Listen, c.SandboxPort, c.TemporalPort, c.NoUI = "127.0.0.1:0", 0, 0, true
	c.StripeKey, c.CarrierURL, c.SESRegion, c.MeilisearchURL, c.Mail = "", "", "", "", Mail{}
	c.S3Bucket, c.S3Region, c.S3Endpoint, c.CloudFrontDomain = "", "", "", ""
	return c
}
