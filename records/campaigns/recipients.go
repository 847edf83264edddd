package campaigns

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"purser/mail"
	"purser/records/sqldb"
)

// AddRecipients adds checked recipients to a campaign that is still in the
// given state, each address once. It adds all of them or none. invalid is the
// number of rows that were refused before.
func (s *Store) AddRecipients(ctx context.Context, id string, in mail.CampaignState, all []mail.Recipient, invalid int) (mail.Added, error) {
	var a mail.Added
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		a = mail.Added{}
		var state mail.CampaignState
		var total int64
		found, err := sqldb.First(ctx, q, "SELECT state, total FROM campaigns WHERE id = ?"+q.ForUpdate(), []any{id}, &state, &total)
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
			n, err := q.Exec(ctx, `
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
		_, err = q.Exec(ctx, "UPDATE campaigns SET total = total + ?, invalid = invalid + ?, duplicates = duplicates + ? WHERE id = ?",
			a.Added, invalid, len(a.Duplicates), id)
		return err
	})
	return a, sqldb.WrapError("add recipients", err)
}

func dataText(data map[string]string) (string, error) {
	if len(data) == 0 {
		return "", nil
	}
	b, err := json.Marshal(data)
	return string(b), err
}

// DueRecipients returns the next due recipients whose number is above after.
func (s *Store) DueRecipients(ctx context.Context, id string, after int64, limit int) ([]mail.Recipient, error) {
	return s.Recipients(ctx, id, RecipientFilter{State: mail.StateDue, After: after, Limit: limit})
}

// RecipientFilter chooses recipients of a campaign.
type RecipientFilter struct {
	State mail.State // empty selects all
	After int64      // only recipients with a higher number
	Limit int        // default 50, at most 500
}

// Recipients lists recipients in the order of sending.
func (s *Store) Recipients(ctx context.Context, id string, f RecipientFilter) ([]mail.Recipient, error) {
	query := `SELECT n, address, name, locale, order_id, data, state, why, message, settled_at, generation FROM campaign_recipients
		WHERE campaign_id = ? AND n > ?`
	args := []any{id, f.After}
	if f.State != "" {
		query, args = query+" AND state = ?", append(args, string(f.State))
	}
	var found []mail.Recipient
	err := sqldb.Each(ctx, s.DB.Reader(), query+" ORDER BY n LIMIT ?", append(args, sqldb.PageSize(f.Limit)), func(r *sql.Rows) error {
		var m mail.Recipient
		var data string
		var at int64
		if err := r.Scan(&m.N, &m.Address, &m.Name, &m.Locale, &m.OrderID, &data, &m.State, &m.Why, &m.Message, &at, &m.Generation); err != nil {
			return err
		}
		m.At = sqldb.FromMicros(at)
		if data != "" {
			if err := json.Unmarshal([]byte(data), &m.Data); err != nil {
				return err
			}
		}
		found = append(found, m)
		return nil
	})
	return found, sqldb.WrapError("recipients", err)
}
