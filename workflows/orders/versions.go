package orders

import "go.temporal.io/sdk/workflow"

// The changes that a running order can meet. A change ID is never used again.
const (
	// changeVerifyMoney: the provider is asked about money that an event reports
	// otherwise than as an authorization of the order's total. Before, the event was
	// believed.
	changeVerifyMoney = "verify-reported-money"
	// changeMemoNeeds: the memo says what needs a person.
	changeMemoNeeds = "memo-needs"
	// changeVerifyParcels: the carrier is asked about a parcel that an event reports as
	// voided or, while the order is being cancelled, as returned. Before, the event was
	// believed.
	changeVerifyParcels = "verify-reported-parcels"
	// changeAskAboutDisputed: a person is asked at once about a payment that cannot be
	// refunded because it is disputed, and is not asked a second time whether an order
	// goes on whose parcel the carrier has. Before, the refund was tried for a day.
	changeAskAboutDisputed = "ask-about-disputed"
	// changeRecallParcels: an order that is cancelled before it has booked a parcel asks
	// the record whether an attempt that was lost has.
	changeRecallParcels = "recall-parcels"
)

// verifiesMoney reports whether the order asks the provider about such money.
func verifiesMoney(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeVerifyMoney, workflow.DefaultVersion, 1) >= 1
}

// verifiesParcels reports whether the order asks the carrier about such parcels.
func verifiesParcels(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeVerifyParcels, workflow.DefaultVersion, 1) >= 1
}

// asksAboutDisputed reports whether the order asks a person about disputed payments so.
func asksAboutDisputed(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeAskAboutDisputed, workflow.DefaultVersion, 1) >= 1
}

// recallsParcels reports whether the order asks the record for such parcels.
func recallsParcels(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeRecallParcels, workflow.DefaultVersion, 1) >= 1
}
