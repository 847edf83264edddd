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
)

// verifiesMoney reports whether the order asks the provider about such money.
func verifiesMoney(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeVerifyMoney, workflow.DefaultVersion, 1) >= 1
}

// verifiesParcels reports whether the order asks the carrier about such parcels.
func verifiesParcels(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeVerifyParcels, workflow.DefaultVersion, 1) >= 1
}
