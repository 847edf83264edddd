package inbox

import (
	"context"
	"time"

	inboxrecords "purser/records/inbox"
)

// inboxCounts is what an operator watches: how many items the record has, and what
// this process has counted since it started.
type inboxCounts struct {
	States    map[inboxrecords.State]int64 `json:"states" doc:"Items in each state"`
	OldestDue time.Time                    `json:"oldestDue,omitzero" doc:"Since when the oldest item waits to be delivered; missing if none does"`
	Received  *receivedCounts              `json:"received,omitempty" doc:"What this process took in since it started"`
	Relayed   *relayedCounts               `json:"relayed,omitempty" doc:"What this process delivered since it started"`
}

type receivedCounts struct {
	Fresh      int64 `json:"fresh"`
	Kept       int64 `json:"kept" doc:"Of the fresh: of a type no order needs"`
	Parked     int64 `json:"parked" doc:"Of the fresh: needing a person"`
	Duplicates int64 `json:"duplicates"`
	Forged     int64 `json:"forged"`
	Malformed  int64 `json:"malformed"`
	TooLarge   int64 `json:"tooLarge"`
	Capped     int64 `json:"capped" doc:"Of the forged: told to stop"`
	Failed     int64 `json:"failed" doc:"Could not be verified now or stored"`
	Undecided  int64 `json:"undecided" doc:"Of the failed: could not be verified now. Many of them are an attack"`
}

type relayedCounts struct {
	Delivered  int64 `json:"delivered"`
	ReportLate int64 `json:"late" doc:"To an order that had ended"`
	Known      int64 `json:"known" doc:"Not delivered, for the order's record said so already"`
	Mails      int64 `json:"mails" doc:"Reports about mails that were acted upon"`
	Held       int64 `json:"held" doc:"Attempts that found no order yet"`
	Failed     int64 `json:"failed" doc:"Attempts that failed otherwise"`
	Overflow   int64 `json:"overflow" doc:"Left to the sweeper because the queue was full"`
	Waiting    int64 `json:"waiting" doc:"In memory now"`
}

type inboxCountsOutput struct{ Body inboxCounts }

// counts returns how many events there are, and what became of them.
func (s *Service) counts(ctx context.Context, _ *struct{}) (*inboxCountsOutput, error) {
	states, oldest, err := s.Records.InboxCounts(ctx)
	if err != nil {
		return nil, err
	}
	out := &inboxCountsOutput{inboxCounts{States: states, OldestDue: oldest}}
	if s.Counted != nil {
		in, relayed := s.Counted()
		out.Body.Received, out.Body.Relayed = (*receivedCounts)(&in), (*relayedCounts)(&relayed)
	}
	return out, nil
}
