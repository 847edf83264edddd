package workflows

import (
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
)

// The search attributes of an order's workflow. They hold no personal data.
var (
	AttrStatus   = temporal.NewSearchAttributeKeyKeyword("OrderStatus")
	AttrWaiting  = temporal.NewSearchAttributeKeyKeyword("WaitingOn")
	AttrDeadline = temporal.NewSearchAttributeKeyTime("Deadline")
)

// The search attributes of a case's workflow, which also has AttrDeadline.
var (
	AttrCase       = temporal.NewSearchAttributeKeyKeyword("CaseKind")
	AttrCaseStatus = temporal.NewSearchAttributeKeyKeyword("CaseStatus")
)

// SearchAttributes returns the types of the search attributes by name. The engine
// must have them before the first order.
func SearchAttributes() map[string]enums.IndexedValueType {
	all := map[string]enums.IndexedValueType{}
	for _, a := range []temporal.SearchAttributeKey{AttrStatus, AttrWaiting, AttrDeadline, AttrCase, AttrCaseStatus} {
		all[a.GetName()] = a.GetValueType()
	}
	return all
}
