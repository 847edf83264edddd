package records

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"purser/mail"
)

// CreateCampaign writes a draft. Creating the same one again changes nothing.
func (s *Store) CreateCampaign(ctx context.Context, c mail.Campaign, actor string) error {
	doc, err := json.Marshal(c)
	if err != nil {
		return failed("create campaign", err)
	}
	err = s.db.write(ctx, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `
			INSERT INTO campaigns (id, doc, actor, state, why, version, created_at, started_at, ended_at,
				total, sent, suppressed, rejected, unknown, skipped, invalid, duplicates)
			VALUES (?, ?, ?, ?, '', 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING`,
			c.ID, string(doc), actor, string(mail.CampaignDraft), micros(s.now()))
		if err != nil || n == 1 {
			return err
		}
		was, err := one[string](ctx, q, "SELECT doc FROM campaigns WHERE id = ?", c.ID)
		if err == nil && was != string(doc) {
			err = mail.ErrOtherCampaign
		}
		return err
	})
	return failed("create campaign", err)
}

const campaignColumns = `doc, actor, state, why, version, round, created_at, started_at, ended_at,
	total, sent, suppressed, rejected, unknown, skipped, invalid, duplicates`

// Campaign answers how a campaign stands, or mail.ErrNoCampaign.
func (s *Store) Campaign(ctx context.Context, id string) (mail.CampaignStatus, error) {
	var found []mail.CampaignStatus
	err := each(ctx, s.db.reader(), "SELECT "+campaignColumns+" FROM campaigns WHERE id = ?", []any{id}, campaignInto(&found))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w: %.64q", mail.ErrNoCampaign, id)
	}
	if err != nil {
		return mail.CampaignStatus{}, failed("campaign", err)
	}
	return found[0], nil
}

// Campaigns lists the latest campaigns, newest first.
func (s *Store) Campaigns(ctx context.Context, limit int) ([]mail.CampaignStatus, error) {
	var found []mail.CampaignStatus
	err := each(ctx, s.db.reader(), "SELECT "+campaignColumns+" FROM campaigns ORDER BY created_at DESC, id DESC LIMIT ?",
		[]any{pageSize(limit)}, campaignInto(&found))
	return found, failed("campaigns", err)
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
		n.Due = n.Total - n.Settled()
		c.CreatedAt, c.StartedAt, c.EndedAt = fromMicros(created), fromMicros(started), fromMicros(ended)
		if err := json.Unmarshal(doc, &c.Campaign); err != nil {
			return err
		}
		*found = append(*found, c)
		return nil
	}
}

// DeleteCampaign forgets a draft and those it was for. It fails with
// mail.ErrNoCampaign, and with mail.ErrCampaignBegun for one that is none.
func (s *Store) DeleteCampaign(ctx context.Context, id string) error {
	err := s.db.write(ctx, func(ctx context.Context, q querier) error {
		var state mail.CampaignState
		found, err := first(ctx, q, "SELECT state FROM campaigns WHERE id = ?"+q.forUpdate(), []any{id}, &state)
		switch {
		case err != nil:
			return err
		case !found:
			return orNoCampaign(sql.ErrNoRows, id)
		case state != mail.CampaignDraft:
			return fmt.Errorf("%w: it is %s", mail.ErrCampaignBegun, state)
		}
		if _, err = q.exec(ctx, "DELETE FROM campaign_recipients WHERE campaign_id = ?", id); err == nil {
			_, err = q.exec(ctx, "DELETE FROM campaigns WHERE id = ?", id)
		}
		return err
	})
	return failed("delete campaign", err)
}

// MarkCampaign writes the state a campaign has come to. version counts its
// workflow's writes: a late repetition of an earlier one changes nothing.
func (s *Store) MarkCampaign(ctx context.Context, id string, version int64, st mail.CampaignState, why string) error {
	now := micros(s.now())
	var started, ended int64
	switch {
	case st == mail.CampaignRunning:
		started = now
	case st.Final():
		ended = now
	}
	err := s.db.write(ctx, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `
			UPDATE campaigns SET state = ?, why = ?, version = ?, ended_at = ?,
				started_at = CASE WHEN started_at = 0 THEN ? ELSE started_at END
			WHERE id = ? AND version < ?`, string(st), why, version, ended, started, id, version)
		if err != nil || n == 1 {
			return err
		}
		_, err = one[int64](ctx, q, "SELECT version FROM campaigns WHERE id = ?", id)
		return orNoCampaign(err, id)
	})
	return failed("mark campaign", err)
}

func orNoCampaign(err error, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: %.64q", mail.ErrNoCampaign, id)
	}
	return err
}

// AddRecipients adds recipients that were checked to a campaign that is still
// in the given state, each address once. invalid is how many rows were refused
// before. It is whole or absent.
func (s *Store) AddRecipients(ctx context.Context, id string, in mail.CampaignState, all []mail.Recipient, invalid int) (mail.Added, error) {
	var a mail.Added
	err := s.db.write(ctx, func(ctx context.Context, q querier) error {
		a = mail.Added{}
		var state mail.CampaignState
		var total int64
		found, err := first(ctx, q, "SELECT state, total FROM campaigns WHERE id = ?"+q.forUpdate(), []any{id}, &state, &total)
		switch {
		case err != nil:
			return err
		case !found:
			return fmt.Errorf("%w: %.64q", mail.ErrNoCampaign, id)
		case state != in:
			return fmt.Errorf("%w: it is %s", mail.ErrCampaignBegun, state)
		}
		for i, r := range all {
			data, err := dataText(r.Data)
			if err != nil {
				return err
			}
			n, err := q.exec(ctx, `
				INSERT INTO campaign_recipients (campaign_id, n, address, name, locale, order_id, data, state, why, message, settled_at)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', 0) ON CONFLICT (campaign_id, address) DO NOTHING`,
				id, total+a.Added+1, r.Address, r.Name, r.Locale, r.OrderID, data, string(mail.StateDue))
			if err != nil {
				return err
			}
			a.Added += n
			if n == 0 {
				a.Duplicates = append(a.Duplicates, i)
			}
		}
		_, err = q.exec(ctx, "UPDATE campaigns SET total = total + ?, invalid = invalid + ?, duplicates = duplicates + ? WHERE id = ?",
			a.Added, invalid, len(a.Duplicates), id)
		return err
	})
	return a, failed("add recipients", err)
}

func dataText(data map[string]string) (string, error) {
	if len(data) == 0 {
		return "", nil
	}
	b, err := json.Marshal(data)
	return string(b), err
}

// DueRecipients answers the next recipients whose turn it is, after the number.
func (s *Store) DueRecipients(ctx context.Context, id string, after int64, limit int) ([]mail.Recipient, error) {
	return s.Recipients(ctx, id, RecipientFilter{State: mail.StateDue, After: after, Limit: limit})
}

// RecipientFilter chooses recipients of a campaign.
type RecipientFilter struct {
	State mail.State // empty: all
	After int64      // their number is above this
	Limit int        // default 50, at most 500
}

// Recipients lists recipients in the order of their turns.
func (s *Store) Recipients(ctx context.Context, id string, f RecipientFilter) ([]mail.Recipient, error) {
	query := `SELECT n, address, name, locale, order_id, data, state, why, message, settled_at, generation FROM campaign_recipients
		WHERE campaign_id = ? AND n > ?`
	args := []any{id, f.After}
	if f.State != "" {
		query, args = query+" AND state = ?", append(args, string(f.State))
	}
	var found []mail.Recipient
	err := each(ctx, s.db.reader(), query+" ORDER BY n LIMIT ?", append(args, pageSize(f.Limit)), func(r *sql.Rows) error {
		var m mail.Recipient
		var data string
		var at int64
		if err := r.Scan(&m.N, &m.Address, &m.Name, &m.Locale, &m.OrderID, &data, &m.State, &m.Why, &m.Message, &at, &m.Generation); err != nil {
			return err
		}
		m.At = fromMicros(at)
		if data != "" {
			if err := json.Unmarshal([]byte(data), &m.Data); err != nil {
				return err
			}
		}
		found = append(found, m)
		return nil
	})
	return found, failed("recipients", err)
}
