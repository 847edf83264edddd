package inbox

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"purser/order"
	"purser/records/sqldb"
)

// MissingEvents returns those of a provider's listed events, all of one account, that
// are not in the inbox, in whatever state.
func (s *Store) MissingEvents(ctx context.Context, provider, account string, listed []order.ListedEvent) ([]order.ListedEvent, error) {
	if len(listed) == 0 {
		return nil, nil
	}
	args := []any{provider, account}
	for _, e := range listed {
		args = append(args, e.ID)
	}
	have := map[string]bool{}
	query := "SELECT event_id FROM inbox WHERE provider = ? AND account = ? AND event_id IN (?" + strings.Repeat(", ?", len(listed)-1) + ")"
	err := sqldb.Each(ctx, s.DB.Reader(), query, args, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		have[id] = true
		return err
	})
	if err != nil {
		return nil, sqldb.WrapError("missing events", err)
	}
	return slices.DeleteFunc(slices.Clone(listed), func(e order.ListedEvent) bool { return have[e.ID] }), nil
}

// EventsListed returns until when all events that a provider lists are in the inbox;
// the time is zero if its list was never read.
func (s *Store) EventsListed(ctx context.Context, provider string) (time.Time, error) {
	var until int64
	_, err := sqldb.First(ctx, s.DB.Reader(), "SELECT listed_until FROM inbox_marks WHERE provider = ?", []any{provider}, &until)
	return sqldb.FromMicros(until), sqldb.WrapError("events listed", err)
}

// SetEventsListed says that all events that a provider lists until then are in the
// inbox. An earlier time than before changes nothing.
func (s *Store) SetEventsListed(ctx context.Context, provider string, until time.Time) error {
	return sqldb.WrapError("events listed", s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, `
			INSERT INTO inbox_marks (provider, listed_until) VALUES (?, ?)
			ON CONFLICT (provider) DO UPDATE SET listed_until = excluded.listed_until
			WHERE inbox_marks.listed_until < excluded.listed_until`, provider, sqldb.Micros(until))
		return err
	}))
}
