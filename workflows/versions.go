package workflows

import "go.temporal.io/sdk/workflow"

// The changes of the order's story, by their names in the histories. An order
// that passed such a place before the change goes on as it began.
const (
	// parcelsAstray: an operator is told of a parcel that the carrier does not
	// know or that does not move, and one that goes its way although its order was cancelled brings
	// the shopper no mail and keeps no workflow alive once it has arrived.
	parcelsAstray = "parcels-astray"
	// mailsDeclines: a shopper is told of a declined card, for which the
	// provider is asked at another time than before.
	mailsDeclines = "mail-of-a-declined-card"
	// givesBackRest: of money of which a part has gone back already, the rest
	// is given back, and not the whole asked for.
	givesBackRest = "give-back-the-rest"
	// saysWaiting: the record and the attributes are told of a wait that alone
	// has changed, and never of one that is not the order's.
	saysWaiting = "say-what-is-waited-for"
	// asksOn: a provider that does not say what was given back is asked on, and
	// a person told.
	asksOn = "ask-on-what-was-given-back"
	// undoesTaken: an undo that a termination has cut short goes on, also when
	// money had been taken.
	undoesTaken = "undo-of-taken-money"
)

// changed reports whether a run goes the changed way. It is asked only where
// the ways part, so that a plain order's history does not grow by it.
func changed(ctx workflow.Context, change string) bool {
	return workflow.GetVersion(ctx, change, workflow.DefaultVersion, 1) > workflow.DefaultVersion
}
