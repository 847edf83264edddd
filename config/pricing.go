package config

import (
	"errors"
	"fmt"
	"os"
	"time"

	"purser/pricing"
)

// Pricing holds where the prices of orders come from, beside the catalogue. It is part
// of Config.
type Pricing struct {
	PricingFile    string        `name:"pricing" help:"File with the shop's taxes, shipping fees and discounts (docs/pricing.md). Default: there are none." env:"PURSER_PRICING" type:"path"`
	PricingURL     string        `name:"pricing-url" help:"The shop's own pricing endpoint, which is asked what an order costs (docs/pricing.md)." env:"PURSER_PRICING_URL"`
	PricingSecret  string        `help:"Secret that signs the requests to the pricing endpoint." env:"PURSER_PRICING_SECRET"`
	PricingTimeout time.Duration `help:"How long the pricing endpoint may take." env:"PURSER_PRICING_TIMEOUT" default:"2s"`
}

// checkPricing refuses settings that contradict each other, and a table that cannot be
// used.
func (c *Pricing) checkPricing() error {
	if err := checkPartnerURL("PURSER_PRICING_URL", c.PricingURL); err != nil {
		return err
	}
	switch {
	case c.PricingURL != "" && c.PricingFile != "":
		return errors.New("PURSER_PRICING and PURSER_PRICING_URL are both set: a price comes from one of them")
	case c.PricingURL != "" && len(c.PricingSecret) < 16:
		return errors.New("PURSER_PRICING_SECRET: want at least 16 characters (openssl rand -hex 32), so that the endpoint knows who asks")
	case c.PricingURL == "" && c.PricingSecret != "":
		return errors.New("PURSER_PRICING_SECRET is set, PURSER_PRICING_URL is not")
	case c.PricingURL != "" && (c.PricingTimeout < 10*time.Millisecond || c.PricingTimeout > 30*time.Second):
		return fmt.Errorf("PURSER_PRICING_TIMEOUT: want 10ms to 30s, got %s", c.PricingTimeout)
	}
	_, err := c.PricingTable()
	return err
}

// PricingTable reads the shop's table. Without a file it is empty.
func (c *Pricing) PricingTable() (*pricing.Table, error) {
	if c.PricingFile == "" {
		return &pricing.Table{}, nil
	}
	b, err := os.ReadFile(c.PricingFile)
	if err != nil {
		return nil, fmt.Errorf("PURSER_PRICING: %w", err)
	}
	t, err := pricing.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("PURSER_PRICING: %s: %w", c.PricingFile, err)
	}
	return t, nil
}
