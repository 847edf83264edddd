// Package campaigns records campaigns, their recipients and the outcome for
// each recipient.
package campaigns

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"purser/mail"
	"purser/records/sqldb"
)

// Store reads and writes campaigns.
type Store struct {
	DB *sqldb.DB
}

// CreateCampaign writes a draft. Creating the same draft again changes nothing.
func (s *Store) CreateCampaign(ctx context.Context, c mail.Campaign, actor string) error {
	doc, err := json.Marshal(c)
	if err != nil {
		return sqldb.WrapError("create campaign", err)
	}
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, `
			INSERT INTO campaigns (id, doc, actor, state, why, version, created_at, started_at, ended_at,
				total, sent, suppressed, rejected, unknown, skipped, invalid, duplicates)
			VALUES (?, ?, ?, ?, '', 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING`,
			c.ID, string(doc), actor, string(mail.CampaignDraft), sqldb.Micros(s.DB.Now()))
		if err != nil || n == 1 {
			return err
		}
		was, err := sqldb.One[string](ctx, q, "SELECT doc FROM campaigns WHERE id = ?", c.ID)
		if err == nil && was != string(doc) {
			err = mail.ErrOtherCampaign
		}
		return err
	})
	return sqldb.WrapError("create campaign", err)
}

const campaignColumns = `doc, actor, state, why, version, round, created_at, started_at, ended_at,
	total, sent, suppressed, rejected, unknown, skipped, invalid, duplicates`

// Campaign returns a campaign as it stands, or mail.ErrNoCampaign.
func (s *Store) Campaign(ctx context.Context, id string) (mail.CampaignStatus, error) {
	var found []mail.CampaignStatus
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT "+campaignColumns+" FROM campaigns WHERE id = ?", []any{id}, campaignInto(&found))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w: %.64q", mail.ErrNoCampaign, id)
	}
	if err != nil {
		return mail.CampaignStatus{}, sqldb.WrapError("campaign", err)
	}
	return found[0], nil
}

// Campaigns lists the latest campaigns, newest first.
func (s *Store) Campaigns(ctx context.Context, limit int) ([]mail.CampaignStatus, error) {
	var found []mail.CampaignStatus
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT "+campaignColumns+" FROM campaigns ORDER BY created_at DESC, id DESC LIMIT ?",
		[]any{sqldb.PageSize(limit)}, campaignInto(&found))
	return found, sqldb.WrapError("campaigns", err)
}

// UnknownCampaigns lists campaigns that ended between two times and left outcomes
// unknown in their first round, oldest first.
func (s *Store) UnknownCampaigns(ctx context.Context, from, to time.Time) ([]mail.CampaignStatus, error) {
	var found []mail.CampaignStatus
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT "+campaignColumns+" FROM campaigns WHERE state = ? AND round = 1 AND unknown > 0 AND ended_at >= ? AND ended_at <= ? ORDER BY ended_at",
		[]any{string(mail.CampaignDone), sqldb.Micros(from), sqldb.Micros(to)}, campaignInto(&found))
	return found, sqldb.WrapError("unknown campaigns", err)
}

func campaignInto(found *[]mail.CampaignStatus) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var c mail.CampaignStatus
		var doc []byte
		var created, started, ended int64
		n := &c.Counts
		if err := r.Scan(&doc, &c.Actor, &c.State, &c.Why, &c.Version, &c.Round, &created, &started, &ended, &n.Total, &n.Sent, &n.Suppressed,
			&n.Rejected, &n.Unknown, &n.Skipped, &n.Invalid, &n.Duplicates); err != nil {
			return err
		}
		n.Due = n.Total - n.Resolved()
		c.CreatedAt, c.StartedAt, c.EndedAt = sqldb.FromMicros(created), sqldb.FromMicros(started), sqldb.FromMicros(ended)
		if err := json.Unmarshal(doc, &c.Campaign); err != nil {
			return err
		}
		*found = append(*found, c)
		return nil
	}
}

// DeleteCampaign deletes a draft and its recipients. It fails with
// mail.ErrNoCampaign, and with mail.ErrCampaignBegun for a campaign that is no
// longer a draft.
func (s *Store) DeleteCampaign(ctx context.Context, id string) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		var state mail.CampaignState
		found, err := sqldb.First(ctx, q, "SELECT state FROM campaigns WHERE id = ?"+q.ForUpdate(), []any{id}, &state)
		switch {
		case err != nil:
			return err
		case !found:
			return orNoCampaign(sql.ErrNoRows, id)
		case state != mail.CampaignDraft:
			return fmt.Errorf("%w: it is %s", mail.ErrCampaignBegun, state)
		}
		if _, err = q.Exec(ctx, "DELETE FROM campaign_recipients WHERE campaign_id = ?", id); err == nil {
			_, err = q.Exec(ctx, "DELETE FROM campaigns WHERE id = ?", id)
		}
		return err
	})
	return sqldb.WrapError("delete campaign", err)
}

// SetCampaignState writes the state that a campaign has reached. version counts
// the writes of its workflow, so a late repetition of an earlier write changes
// nothing.
func (s *Store) SetCampaignState(ctx context.Context, id string, version int64, st mail.CampaignState, why string) error {
	now := sqldb.Micros(s.DB.Now())
	var started, ended int64
	switch {
	case st == mail.CampaignRunning:
		started = now
	case st.Final():
		ended = now
	}
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, `
			UPDATE campaigns SET state = ?, why = ?, version = ?, ended_at = ?,
				started_at = CASE WHEN started_at = 0 THEN ? ELSE started_at END
			WHERE id = ? AND version < ?`, string(st), why, version, ended, started, id, version)
		if err != nil || n == 1 {
			return err
		}
		_, err = sqldb.One[int64](ctx, q, "SELECT version FROM campaigns WHERE id = ?", id)
		return orNoCampaign(err, id)
	})
	return sqldb.WrapError("set campaign state", err)
}

func orNoCampaign(err error, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: %.64q", mail.ErrNoCampaign, id)
	}
	return err
}
