package campaigns

import (
	"context"
	"fmt"

	"purser/mail"
	"purser/records/audit"
	"purser/records/sqldb"
)

// RetryCampaign begins the next round of a finished campaign: recipients whose
// outcome has been unknown since r.ResolvedBefore become due in their next
// generation, and the campaign runs again. The audit records the actor. A round
// that has begun is not begun twice, and a cancelled round does not continue.
// It fails with mail.ErrNoCampaign, mail.ErrCampaignNotDone, mail.ErrOtherRound
// or, if no recipient would be due, mail.ErrNoneUnknown; then nothing is
// written.
func (s *Store) RetryCampaign(ctx context.Context, id string, version int64, r mail.Retry) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		var state mail.CampaignState
		var round int
		found, err := sqldb.First(ctx, q, "SELECT state, round FROM campaigns WHERE id = ?"+q.ForUpdate(), []any{id}, &state, &round)
		switch {
		case err != nil:
			return err
		case !found:
			return fmt.Errorf("%w: %.64q", mail.ErrNoCampaign, id)
		case round == r.Round+1 && state != mail.CampaignCancelled:
			return nil
		case round == r.Round+1: // the round was cancelled since
			return fmt.Errorf("%w: it is %s", mail.ErrCampaignNotDone, state)
		case round != r.Round:
			return fmt.Errorf("%w: it is in round %d", mail.ErrOtherRound, round)
		case state != mail.CampaignDone:
			return fmt.Errorf("%w: it is %s", mail.ErrCampaignNotDone, state)
		}
		n, err := q.Exec(ctx, `
			UPDATE campaign_recipients SET state = ?, why = '', message = '', settled_at = 0, generation = generation + 1
			WHERE campaign_id = ? AND state = ? AND settled_at <= ?`,
			string(mail.StateDue), id, string(mail.StateUnknown), sqldb.Micros(r.ResolvedBefore))
		switch {
		case err != nil:
			return err
		case n == 0:
			return mail.ErrNoneUnknown
		}
		_, err = q.Exec(ctx, "UPDATE campaigns SET state = ?, why = '', version = ?, round = ?, ended_at = 0, unknown = unknown - ? WHERE id = ?",
			string(mail.CampaignRunning), version, round+1, n, id)
		if err != nil {
			return err
		}
		return audit.Insert(ctx, q, s.DB.Now(), r.Actor, "retry", "", fmt.Sprintf("campaign %s, round %d, %d recipients: %s", id, round+1, n, r.Reason))
	})
	return sqldb.WrapError("retry campaign", err)
}
