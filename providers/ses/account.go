package ses

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"purser/mail"
	"purser/order"
)

// Limits returns what the account may send.
func (m *Mailer) Limits(ctx context.Context) (mail.Limits, error) {
	const op = "get account"
	ctx, sent := watch(ctx)
	ctx, stop := m.limit(ctx, 0)
	defer stop()
	out, err := m.client.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return mail.Limits{}, classify(op, err, sent())
	}
	if out.SendQuota == nil {
		return mail.Limits{}, failure(op, order.ErrUnavailable, "incomplete_answer", nil)
	}
	l := mail.Limits{
		Rate: out.SendQuota.MaxSendRate, Sent: int64(out.SendQuota.SentLast24Hours + 0.5),
		PerDay: int64(out.SendQuota.Max24HourSend), Enabled: out.SendingEnabled, At: time.Now(),
	}
	if out.SendQuota.Max24HourSend < 0 {
		l.PerDay = mail.Unlimited
	}
	return l, nil
}

// Production reports whether the account may send to everybody. An account begins in
// what Amazon calls its sandbox, where it may send only to addresses that it has verified.
func (m *Mailer) Production(ctx context.Context) (bool, error) {
	ctx, sent := watch(ctx)
	ctx, stop := m.limit(ctx, 0)
	defer stop()
	out, err := m.client.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return false, classify("get account", err, sent())
	}
	return out.ProductionAccessEnabled, nil
}

// Ping makes the cheapest request, to check whether SES responds.
func (m *Mailer) Ping(ctx context.Context) error {
	_, err := m.Limits(ctx)
	return err
}

// Verified returns whether SES lets us send as our sender: as the address
// itself, its domain, or a parent domain. A pending verification does not
// count. After a definite no, mails are denied here, before SES rejects each of
// them for good. status is SES's own status.
func (m *Mailer) Verified(ctx context.Context) (status string, ok bool, err error) {
	address := m.writer.From().Address
	_, domain, _ := strings.Cut(address, "@")
	names := []string{address}
	for ; strings.Contains(domain, "."); _, domain, _ = strings.Cut(domain, ".") {
		names = append(names, domain)
	}
	for _, name := range names {
		s, verified, err := m.identity(ctx, name)
		if err != nil {
			return "", false, err // unknown: the earlier result stays
		}
		if status == "" || verified {
			status, ok = s, verified
		}
		if ok {
			break
		}
	}
	m.refused.Store(!ok)
	return cmp.Or(status, "NOT_FOUND"), ok, nil
}

// identity returns the status of an identity, or "" if SES does not know it.
func (m *Mailer) identity(ctx context.Context, name string) (status string, ok bool, err error) {
	ctx, sent := watch(ctx)
	ctx, stop := m.limit(ctx, 0)
	defer stop()
	out, err := m.client.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(name)})
	if err != nil {
		e := classify("get identity", err, sent())
		if e.Code == "NotFoundException" {
			return "", false, nil
		}
		return "", false, e
	}
	switch status = string(out.VerificationStatus); out.VerificationStatus {
	case types.VerificationStatusPending, types.VerificationStatusNotStarted, types.VerificationStatusFailed:
	default:
		ok = out.VerifiedForSendingStatus
	}
	if d := out.DkimAttributes; d != nil && d.Status != "" {
		status += ", DKIM " + string(d.Status)
	}
	return cmp.Or(status, "UNKNOWN"), ok, nil
}
