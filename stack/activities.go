package stack

import (
	"purser/activities/bulks"
	"purser/activities/campaigns"
	"purser/activities/cases"
	"purser/activities/images"
	"purser/activities/imports"
	inboxsteps "purser/activities/inbox"
	"purser/activities/ledger"
	"purser/activities/mails"
	"purser/activities/orders"
	"purser/activities/products"
	"purser/activities/unattended"
	"purser/inbox"
	"purser/pricing"
	"purser/providers/stripe"
	"purser/starter"
	"purser/workers"
)

// activities returns the steps of the workflows, which call these providers.
func (p *providers) activities(s *Stack) workers.Activities {
	mails := &mails.Activities{
		MailRouter: p.mail.router, Templates: p.mail.templates, Senders: p.mail.templates, ToShop: p.mail.toShop,
		Ledger: s.Records, Resends: s.Records, Blocked: s.Records, Orders: s.Records, Labels: p.labels(s),
	}
	products := s.productActivities(p)
	return workers.Activities{
		Orders: &orders.Activities{
			Record: s.Records, Orders: s.Records, Sealer: s.vault,
			Intents: p.stripe, Captures: p.stripe, Carrier: p.carrier, Labels: p.labels(s), Cases: s.starter, CaseList: s.Records, Catalogue: s.Records,
			Prices: pricing.Calculator{Offers: s.Records, Rules: p.prices}, Exchanges: s.starter,
		},
		Cases: &cases.Activities{
			Record: s.Records, Orders: s.Records, Matters: s.Records, Workflows: s.starter,
			ApproveAbove: s.cfg.Terms().ApproveAbove, ToShop: p.mail.toShop,
		},
		Mails: mails,
		Campaigns: &campaigns.Activities{
			Mails: mails, Record: s.Records, Recipients: s.Records, Audience: s.Records, Templates: p.mail.templates,
			Leaving: s.links(), Reputation: s.Records,
		},
		Products:   products,
		Imports:    &imports.Activities{Imports: s.Records, ImportRows: s.Records, Products: products},
		Images:     s.imageActivities(p),
		Bulks:      &bulks.Activities{Bulks: s.Records, Orders: s.Records, Messages: s.starter},
		Own:        s.ownSteps(),
		Unattended: &unattended.Activities{Orders: s.Records, Attendant: s.starter},
		Ledger: &ledger.Activities{
			Books: s.Records, Candidates: s.Records, Doubts: s.Records, Differences: s.Records, Reports: s.Records,
			Imports: s.Records, Settlements: s.Records,
			Payments: p.stripe, Balance: p.stripe, ToShop: p.mail.toShop,
		},
		Inbox: &inboxsteps.Activities{
			Provider: "stripe", Keeps: stripe.KeepsEvents, Events: p.stripe, Record: s.Records,
			// The relay of the process that serves the webhooks finds the events in the record.
			Inbox: &inbox.Handler{Sources: map[string]inbox.Source{"stripe": p.stripe}, Keeper: s.Records, Log: s.log},
		},
	}
}

// productActivities returns the steps that change products and keep the search
// index.
func (s *Stack) productActivities(p *providers) *products.Activities {
	return &products.Activities{
		Products: s.Records, ProductNotifier: s.starter, Listings: s.Records, Revisions: s.Records,
		DueProducts: s.Records, StockAudit: s.Records, Past: s.Records,
		KeepChanges: s.cfg.KeepProductChanges, KeepWebhooks: s.cfg.KeepWebhooks,
		Index: p.search, IndexKeys: p.search, Rebuild: p.search, ImageURL: s.imageURL(p),
		ProductImages: s.Records, ImageDeleter: &starter.Images{Temporal: s.Temporal},
	}
}

// imageActivities returns the steps that make, delete and sweep images.
func (s *Stack) imageActivities(p *providers) *images.Activities {
	return &images.Activities{
		Source: p.images, Store: p.images, Record: s.Records, Sweeper: s.Records, Notifier: s.starter, Products: s.Records,
		Discards: s.Records, Work: &starter.Images{Temporal: s.Temporal},
	}
}

// labels returns the files of labels.
func (p *providers) labels(s *Stack) *orders.Labels {
	return &orders.Labels{Carrier: p.carrier, Store: p.images, Log: s.log}
}
