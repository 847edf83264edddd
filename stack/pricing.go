package stack

import (
	"purser/pricing"
	"purser/providers/shopprices"
)

// pricing returns where the prices of orders come from, beside the catalogue.
func (s *Stack) pricing() (pricing.Rules, error) {
	if c := s.cfg.Pricing; c.PricingURL != "" {
		return shopprices.New(shopprices.Config{URL: c.PricingURL, Secret: c.PricingSecret, Timeout: c.PricingTimeout, Log: s.log}), nil
	}
	return s.cfg.PricingTable()
}
