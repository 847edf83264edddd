package inbox

import (
	"context"
	"fmt"
	"time"

	"purser/records/sqldb"
)

// pruneBatch is how many events lose their bytes in one transaction. An event
// has a few kilobytes, at most a megabyte.
const pruneBatch = 100

// PruneInbox deletes body, headers and parsed event, which hold shoppers' data,
// from events that were received before a time and have been delivered, were
// dismissed, are of a type that no workflow needs, or are about no order of this shop. It returns how many there were. The row
// stays, so a repeated event is still a duplicate. An event that is to be
// delivered or waits for a person keeps its bytes, however old it is. It works
// in batches, so that other writes can run in between.
func (s *Store) PruneInbox(ctx context.Context, receivedBefore time.Time) (int64, error) {
	const done = "state || '' IN ('delivered', 'kept', 'foreign', 'dismissed') AND pruned_at = 0" // spelled as in the index
	// The condition is repeated because an operator may redeliver the event between
	// the selection and the change.
	n, err := s.DB.DeleteInBatches(ctx, pruneBatch, fmt.Sprintf(`
		UPDATE inbox SET body = NULL, headers = NULL, news = NULL, pruned_at = ?
		WHERE id IN (SELECT id FROM inbox WHERE %[1]s AND received_at < ? ORDER BY received_at LIMIT %[2]d) AND %[1]s`, done, pruneBatch),
		sqldb.Micros(s.DB.Now()), sqldb.Micros(receivedBefore))
	return n, sqldb.WrapError("prune inbox", err)
}
