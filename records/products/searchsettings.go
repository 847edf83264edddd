package products

import (
	"context"
	"encoding/json"

	"purser/catalog"
	"purser/records/sqldb"
)

// settingsRow is the recorded settings of the search and whether they were ever
// recorded.
type settingsRow struct {
	catalog.RecordedSettings
	recorded bool
	applied  int64
}

func readSettings(ctx context.Context, q sqldb.Querier, lock string) (row settingsRow, err error) {
	var doc string
	var changed int64
	row.recorded, err = sqldb.First(ctx, q, "SELECT doc, version, actor, changed_at, applied, problem FROM search_settings WHERE id = 1"+lock, nil,
		&doc, &row.Version, &row.ChangedBy, &changed, &row.applied, &row.Problem)
	if err == nil && row.recorded {
		err = json.Unmarshal([]byte(doc), &row.SearchSettings)
		row.Applied = row.applied == row.Version
	}
	if changed > 0 {
		at := sqldb.FromMicros(changed)
		row.ChangedAt = &at
	}
	row.SearchSettings = row.Complete()
	return row, err
}

// SearchSettings returns the shop's settings of the search; until they are set, the
// built-in ones.
func (s *Store) SearchSettings(ctx context.Context) (catalog.RecordedSettings, error) {
	row, err := readSettings(ctx, s.DB.Reader(), "")
	return row.RecordedSettings, sqldb.WrapError("search settings", err)
}

// PutSearchSettings replaces the shop's settings of the search. With ifVersion it fails
// with catalog.ErrVersion unless they have this version. It fails with
// catalog.ErrSettings if they are not valid.
func (s *Store) PutSearchSettings(ctx context.Context, settings catalog.SearchSettings, actor string, ifVersion *int64) (catalog.RecordedSettings, error) {
	if err := settings.Validate(); err != nil {
		return catalog.RecordedSettings{}, sqldb.WrapError("put search settings", err)
	}
	doc, err := json.Marshal(settings)
	if err != nil {
		return catalog.RecordedSettings{}, sqldb.WrapError("put search settings", err)
	}
	var now catalog.RecordedSettings
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		was, err := readSettings(ctx, q, q.ForUpdate())
		if err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != was.Version {
			return catalog.ErrVersion
		}
		// The condition on the version matters where no row could be locked.
		n, err := q.Exec(ctx, `
			INSERT INTO search_settings (id, doc, version, actor, changed_at, applied, problem) VALUES (1, ?, ?, ?, ?, -1, '')
			ON CONFLICT (id) DO UPDATE SET doc = excluded.doc, version = excluded.version, actor = excluded.actor, changed_at = excluded.changed_at, problem = ''
			WHERE search_settings.version = excluded.version - 1`,
			string(doc), was.Version+1, actor, sqldb.Micros(s.DB.Now()))
		if err == nil && n == 0 {
			err = sqldb.ErrRace
		}
		if err != nil {
			return err
		}
		row, err := readSettings(ctx, q, "")
		now = row.RecordedSettings
		return err
	})
	return now, sqldb.WrapError("put search settings", err)
}

// RecordApplied records that the index has the settings of a version, or why it could
// not get them. It changes nothing if the index has a later version.
func (s *Store) RecordApplied(ctx context.Context, version int64, problem string) error {
	applied := version
	if problem != "" {
		applied = -1
	}
	err := s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, `
			INSERT INTO search_settings (id, doc, version, actor, changed_at, applied, problem) VALUES (1, '{}', 0, '', 0, ?, ?)
			ON CONFLICT (id) DO UPDATE SET applied = CASE WHEN excluded.applied > search_settings.applied THEN excluded.applied ELSE search_settings.applied END,
				problem = CASE WHEN search_settings.version = ? THEN excluded.problem ELSE search_settings.problem END`,
			applied, problem, version)
		return err
	})
	return sqldb.WrapError("record applied search settings", err)
}
