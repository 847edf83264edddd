package campaigns

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
	"time"

	"purser/mail"
	"purser/records/sqldb"
)

// countColumns holds the columns of the states that have a count of their own.
var countColumns = map[mail.State]string{
	mail.StateSent: "sent", mail.StateSuppressed: "suppressed", mail.StateRejected: "rejected",
	mail.StateUnknown: "unknown", mail.StateSkipped: "skipped",
}

// RecordRecipients writes what became of recipients, by number, state, why and
// message. An outcome that is recorded stays, except that an unknown one may turn
// out to be sent. Of an earlier generation, whose sender is late, only that it
// was sent counts; generation 0 is the one that is due.
func (s *Store) RecordRecipients(ctx context.Context, id string, all []mail.Recipient) error {
	now := sqldb.Micros(s.DB.Now())
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		if err := lockCampaign(ctx, q, id); err != nil {
			return err
		}
		change := map[string]int64{}
		for _, r := range all {
			column, ok := countColumns[r.State]
			if !ok {
				return fmt.Errorf("recipient %d: %q is no end", r.N, r.State)
			}
			newest := int64(r.Generation)
			if newest == 0 || r.State == mail.StateSent {
				newest = math.MaxInt64
			}
			for _, from := range []mail.State{mail.StateDue, mail.StateUnknown} {
				if from == mail.StateUnknown && r.State != mail.StateSent {
					continue
				}
				n, err := q.Exec(ctx, `UPDATE campaign_recipients SET state = ?, why = ?, message = ?, settled_at = ?
					WHERE campaign_id = ? AND n = ? AND state = ? AND generation <= ?`, string(r.State), r.Why, r.Message, now, id, r.N, string(from), newest)
				if err != nil {
					return err
				}
				change[column] += n
				if from == mail.StateUnknown {
					change["unknown"] -= n
				}
			}
		}
		return addCounts(ctx, q, id, change)
	})
	return sqldb.WrapError("record recipients", err)
}

// addCounts changes a campaign's counts along with its recipients.
func addCounts(ctx context.Context, q sqldb.Querier, id string, change map[string]int64) error {
	var sets []string
	var args []any
	for _, column := range []string{"sent", "suppressed", "rejected", "unknown", "skipped"} {
		sets, args = append(sets, column+" = "+column+" + ?"), append(args, change[column])
	}
	_, err := q.Exec(ctx, "UPDATE campaigns SET "+strings.Join(sets, ", ")+" WHERE id = ?", append(args, id)...)
	return err
}

// lockCampaign makes those who record outcomes of a campaign's recipients take
// turns, so that two that record the same recipients do not wait for each other
// for ever.
func lockCampaign(ctx context.Context, q sqldb.Querier, id string) error {
	_, err := sqldb.One[string](ctx, q, "SELECT id FROM campaigns WHERE id = ?"+q.ForUpdate(), id)
	return orNoCampaign(err, id)
}

// ConfirmRecipient records the recipient of a campaign's mail as sent, as a step
// of the transaction in which the ledger learns that it was: a recipient that was
// unknown, and also one that is due, whose sender is about to say that it does
// not know.
func ConfirmRecipient(ctx context.Context, q sqldb.Querier, messageID, to, providerID, why string, now time.Time) error {
	id, ok := mail.CampaignOf(messageID)
	if !ok {
		return nil
	}
	r, err := notSentYet(ctx, q, id, messageID, to)
	if err != nil || r.N == 0 {
		return err
	}
	if err := lockCampaign(ctx, q, id); err != nil {
		return err
	}
	if r, err = notSentYet(ctx, q, id, messageID, to); err != nil || r.N == 0 {
		return err
	}
	_, err = q.Exec(ctx, "UPDATE campaign_recipients SET state = 'sent', why = ?, message = ?, settled_at = ? WHERE campaign_id = ? AND n = ?",
		why, providerID, sqldb.Micros(now), id, r.N)
	if err != nil {
		return err
	}
	change := map[string]int64{"sent": 1}
	if column := countColumns[r.State]; column != "" {
		change[column]--
	}
	return addCounts(ctx, q, id, change)
}

// notSentYet returns the recipient of a mail that is sent by the ledger and not
// yet by the campaign; N is 0 if there is none. Where a provider writes the
// address in another way, or not at all, it is looked for among the unknown
// recipients.
func notSentYet(ctx context.Context, q sqldb.Querier, id, messageID, to string) (found mail.Recipient, err error) {
	where, args := "r.state = 'unknown'", []any{messageID, id}
	if mail.Meant(messageID, id, to) {
		where, args = "r.address = ? AND r.state <> 'sent'", append(args, to)
	}
	err = sqldb.Each(ctx, q, `SELECT r.n, r.address, r.state FROM campaign_recipients AS r
		JOIN mails AS m ON m.mail_key = ? AND m.state = 'sent' WHERE r.campaign_id = ? AND `+where, args, func(rows *sql.Rows) error {
		var r mail.Recipient
		err := rows.Scan(&r.N, &r.Address, &r.State)
		if mail.Meant(messageID, id, r.Address) {
			found = r
		}
		return err
	})
	return found, err
}
