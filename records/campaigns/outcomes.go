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

// countColumns names the column of each state that has a count of its own.
var countColumns = map[mail.State]string{
	mail.StateSent: "sent", mail.StateSuppressed: "suppressed", mail.StateRejected: "rejected",
	mail.StateUnknown: "unknown", mail.StateSkipped: "skipped",
}

// RecordRecipients writes the outcomes of recipients: number, state, why and
// message. A recorded outcome stays, except that an unknown one may turn out to
// be sent. An outcome of an earlier generation comes from a late sender, and
// counts only if the mail was sent; generation 0 is the current one.
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
				return fmt.Errorf("recipient %d: %q is not a final state", r.N, r.State)
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

// addCounts changes a campaign's counts, in the transaction that changes its
// recipients.
func addCounts(ctx context.Context, q sqldb.Querier, id string, change map[string]int64) error {
	var sets []string
	var args []any
	for _, column := range []string{"sent", "suppressed", "rejected", "unknown", "skipped"} {
		sets, args = append(sets, column+" = "+column+" + ?"), append(args, change[column])
	}
	_, err := q.Exec(ctx, "UPDATE campaigns SET "+strings.Join(sets, ", ")+" WHERE id = ?", append(args, id)...)
	return err
}

// lockCampaign makes writers of a campaign's outcomes wait for each other,
// because two of them that write the same recipients in different orders would
// deadlock.
func lockCampaign(ctx context.Context, q sqldb.Querier, id string) error {
	_, err := sqldb.One[string](ctx, q, "SELECT id FROM campaigns WHERE id = ?"+q.ForUpdate(), id)
	return orNoCampaign(err, id)
}

// ConfirmRecipient records the recipient of a campaign's mail as sent, in the
// transaction that records the mail as sent in the ledger. That resolves an
// unknown recipient, and also a due one whose sender is about to report that it
// does not know.
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

// notSentYet returns the recipient of a mail that is sent in the ledger but not
// yet in the campaign; N is 0 if no recipient matches. A provider may write the
// address in another way or omit it; then the message id is looked up among the
// unknown recipients.
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
