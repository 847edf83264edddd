package stack

import (
	"purser/activities/campaigns"
	"purser/activities/images"
	"purser/activities/imports"
	"purser/activities/mails"
	"purser/activities/orders"
	"purser/activities/products"
	"purser/starter"
	"purser/workers"
)

// activities are the steps of the workflows over these providers.
func (p *providers) activities(s *Stack) workers.Activities {
	mails := &mails.Activities{
		Post: p.mail.office, Letters: p.mail.letters, Senders: p.mail.letters, ToShop: p.mail.toShop,
		Ledger: s.Records, Resends: s.Records, Blocked: s.Records, Orders: s.Records,
	}
	products := s.productActivities(p)
	return workers.Activities{
		Orders: &orders.Activities{
			Record: s.Records, Orders: s.Records, Sealer: s.vault,
			Intents: p.stripe, Captures: p.stripe, Carrier: p.carrier,
		},
		Mails: mails,
		Campaigns: &campaigns.Activities{
			Mails: mails, Record: s.Records, Recipients: s.Records, Audience: s.Records, Letters: p.mail.letters,
			Leaving: s.links(), Reputation: s.Records,
		},
		Products: products,
		Imports:  &imports.Activities{Imports: s.Records, ImportRows: s.Records, Products: products},
		Images:   s.imageActivities(p),
	}
}

// productActivities change products and keep the search index, over these
// providers.
func (s *Stack) productActivities(p *providers) *products.Activities {
	return &products.Activities{
		Products: s.Records, ProductTeller: s.starter, Listings: s.Records, Revisions: s.Records,
		DueProducts: s.Records, StockAudit: s.Records, Past: s.Records,
		KeepChanges: s.cfg.KeepProductChanges, KeepWebhooks: s.cfg.KeepWebhooks,
		Index: p.search, IndexKeys: p.search, Rebuild: p.search, PictureURL: s.pictureURL(p),
		ProductPictures: s.Records, PictureDeleter: &starter.Pictures{Temporal: s.Temporal},
	}
}

// imageActivities make, delete and sweep images, over these providers.
func (s *Stack) imageActivities(p *providers) *images.Activities {
	return &images.Activities{
		Source: p.pictures, Shelf: p.pictures, Record: s.Records, Sweeper: s.Records, Teller: s.starter, Products: s.Records,
		Discards: s.Records, Work: &starter.Pictures{Temporal: s.Temporal},
	}
}
