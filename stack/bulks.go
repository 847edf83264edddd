package stack

import (
	"context"
	"time"
)

// bulksSince is how old a bulk may be whose workflow is started by itself.
const bulksSince = 24 * time.Hour

// resumeBulks starts the workflows of bulks whose process ended before it could start
// them.
func (s *Stack) resumeBulks(ctx context.Context) error {
	open, err := s.Records.OpenBulks(ctx, time.Now().Add(-bulksSince))
	if err != nil {
		return err
	}
	for _, b := range open {
		if err := s.starter.StartBulkOnce(ctx, b); err != nil {
			return err
		}
	}
	return nil
}
