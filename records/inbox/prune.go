package inbox

import (
	"context"
	"fmt"
	"time"

	"purser/records/sqldb"
)

// pruneBatch is how many events one transaction takes the bytes of. They are
// a few kilobytes each, at most a megabyte.
const pruneBatch = 100

// PruneInbox deletes the bytes of events that were received before a time and
// have been delivered, or are of a type nobody needs, and returns of how many:
// body, headers and news, which hold shoppers' data. The row stays: an event that
// comes again is a duplicate as before. An event that is still to be delivered
// or waits for a person keeps its bytes, however old it is. Other writes get in
// between.
func (s *Store) PruneInbox(ctx context.Context, receivedBefore time.Time) (int64, error) {
	const done = "state || '' IN ('delivered', 'kept') AND pruned_at = 0" // as in the index
	// The condition stands twice: an operator may send the event again between
	// the choice and the change.
	n, err := s.DB.DeleteInBatches(ctx, pruneBatch, fmt.Sprintf(`
		UPDATE inbox SET body = NULL, headers = NULL, news = NULL, pruned_at = ?
		WHERE id IN (SELECT id FROM inbox WHERE %[1]s AND received_at < ? ORDER BY received_at LIMIT %[2]d) AND %[1]s`, done, pruneBatch),
		sqldb.Micros(s.DB.Now()), sqldb.Micros(receivedBefore))
	return n, sqldb.WrapError("prune inbox", err)
}
