package workflows

import (
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
)

// The search attributes of an order's workflow: never personal data.
var (
	AttrStatus   = temporal.NewSearchAttributeKeyKeyword("OrderStatus")
	AttrWaiting  = temporal.NewSearchAttributeKeyKeyword("WaitingOn")
	AttrDeadline = temporal.NewSearchAttributeKeyTime("Deadline")
)

// SearchAttributes are the search attributes by their names, as the engine must
// know them before the first order.
func SearchAttributes() map[string]enums.IndexedValueType {
	all := map[string]enums.IndexedValueType{}
	for _, a := range []temporal.SearchAttributeKey{AttrStatus, AttrWaiting, AttrDeadline} {
		all[a.GetName()] = a.GetValueType()
	}
	return all
}
