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
)

// verifiesMoney reports whether the order asks the provider about such money.
func verifiesMoney(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeVerifyMoney, workflow.DefaultVersion, 1) >= 1
}
