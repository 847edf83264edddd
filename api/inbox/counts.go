package inbox

import (
	"context"
	"time"

	inboxrecords "purser/records/inbox"
)

// inboxCounts holds how many items the record has, and what this process has
// counted since it started.
type inboxCounts struct {
	States    map[inboxrecords.State]int64 `json:"states" doc:"Items in each state; a state with countedTo of them may have more"`
	CountedTo int                          `json:"countedTo" doc:"No state is counted further than this, so that the counts take no longer for a large inbox"`
	OldestDue time.Time                    `json:"oldestDue,omitzero" doc:"When the oldest undelivered item became due; missing if no item is due"`
	Received  *receivedCounts              `json:"received,omitempty" doc:"Webhooks that this process has received since it started"`
	Relayed   *relayedCounts               `json:"relayed,omitempty" doc:"Events that this process has delivered since it started"`
}

type receivedCounts struct {
	Fresh      int64 `json:"fresh"`
	Kept       int64 `json:"kept" doc:"Of the fresh: events of a type that no order needs"`
	Parked     int64 `json:"parked" doc:"Of the fresh: events that need an operator"`
	Duplicates int64 `json:"duplicates"`
	Forged     int64 `json:"forged"`
	Malformed  int64 `json:"malformed"`
	TooLarge   int64 `json:"tooLarge"`
	Capped     int64 `json:"capped" doc:"Of the forged: refused with 429"`
	Failed     int64 `json:"failed" doc:"Webhooks that could not be verified or stored at the time; refused with 503"`
	Undecided  int64 `json:"undecided" doc:"Of the failed: webhooks that could not be verified at the time. Many of them indicate an attack"`
}

type relayedCounts struct {
	Delivered  int64 `json:"delivered"`
	ReportLate int64 `json:"late" doc:"Events for an order that had ended"`
	Known      int64 `json:"known" doc:"Events that were not delivered because the order's record already had their content"`
	Mails      int64 `json:"mails" doc:"Reports about mails that were handled"`
	Held       int64 `json:"held" doc:"Attempts that found no order yet"`
	Foreign    int64 `json:"foreign" doc:"Events that are about no order of this shop, as another program's on the same account"`
	Failed     int64 `json:"failed" doc:"Attempts that failed otherwise"`
	Overflow   int64 `json:"overflow" doc:"Events left to the sweeper because the queue was full"`
	Waiting    int64 `json:"waiting" doc:"Events in memory now"`
}

type inboxCountsOutput struct{ Body inboxCounts }

// counts returns the inbox counts of the record and of this process.
func (s *Service) counts(ctx context.Context, _ *struct{}) (*inboxCountsOutput, error) {
	states, oldest, err := s.Records.InboxCounts(ctx)
	if err != nil {
		return nil, err
	}
	out := &inboxCountsOutput{inboxCounts{States: states, CountedTo: inboxrecords.CountedTo, OldestDue: oldest}}
	if s.Counted != nil {
		in, relayed := s.Counted()
		out.Body.Received, out.Body.Relayed = (*receivedCounts)(&in), (*relayedCounts)(&relayed)
	}
	return out, nil
}
