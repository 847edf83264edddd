package records

import (
	"context"
	"fmt"
	"time"
)

// pruneAtOnce is how many events one transaction takes the bytes of. They are
// a few kilobytes each, at most a megabyte.
const pruneAtOnce = 100

// PruneInbox gives up the bytes of events that were received before a time and
// have arrived, or are of a type nobody needs, and answers of how many: body,
// headers and news, which hold shoppers' data. The row stays: an event that
// comes again is a duplicate as before (WHK-6). What is still to be delivered
// or waits for a person keeps them, however old it is. Whoever wants to write
// meanwhile gets in between.
func (s *Store) PruneInbox(ctx context.Context, receivedBefore time.Time) (int64, error) {
	const settled = "state || '' IN ('delivered', 'kept') AND pruned_at = 0" // as in the index
	// The condition stands twice: an operator may send the event again between
	// the choice and the change.
	n, err := s.deleteSome(ctx, pruneAtOnce, fmt.Sprintf(`
		UPDATE inbox SET body = NULL, headers = NULL, news = NULL, pruned_at = ?
		WHERE id IN (SELECT id FROM inbox WHERE %[1]s AND received_at < ? ORDER BY received_at LIMIT %[2]d) AND %[1]s`, settled, pruneAtOnce),
		micros(s.now()), micros(receivedBefore))
	return n, failed("prune inbox", err)
}
