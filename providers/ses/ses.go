// Package ses sends mail through Amazon SES, API v2, over the official SDK.
package ses

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	netmail "net/mail"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"purser/order"
	"purser/providers/guard"
)

// Letters writes what a mail says.
type Letters interface {
	Write(m order.Mail) (subject, text, html string, err error)
}

// Config says which SES account to send through.
type Config struct {
	// Letters writes the mails. Required.
	Letters Letters
	// From is the verified sender, plain or with a name:
	// "Shop <orders@shop.example>". Required.
	From string
	// ReplyTo is where answers go. Empty: to From.
	ReplyTo string
	// Region is the account's; default what the environment says.
	Region string
	// AccessKey and SecretKey sign the calls. Empty: the SDK's default chain
	// (environment, profile, role).
	AccessKey, SecretKey string
	// Endpoint replaces the region's, as for a stand-in.
	Endpoint string
	// ConfigurationSet publishes the mails' events. Empty: none.
	ConfigurationSet string
	// Environment is added as the tag "environment" when set (EML-12).
	Environment string
	// Timeout ends a call that the caller's context does not; default 10 s.
	Timeout time.Duration
	// Guard shapes the breaker and the bulkhead; its zero value will do.
	Guard guard.Config
}

// Mailer sends mails. Every error of its methods is a *order.ProviderError.
type Mailer struct {
	client  *sesv2.Client
	letters Letters
	from    *netmail.Address
	replyTo *netmail.Address // nil: none
	set     *string
	env     string
}

// New makes a mailer. It does not call SES.
func New(ctx context.Context, c Config) (*Mailer, error) {
	m := &Mailer{letters: c.Letters, env: c.Environment}
	var err error
	if m.from, err = netmail.ParseAddress(c.From); err != nil {
		return nil, fmt.Errorf("ses: from: %w", err)
	}
	if c.ReplyTo != "" {
		if m.replyTo, err = netmail.ParseAddress(c.ReplyTo); err != nil {
			return nil, fmt.Errorf("ses: reply-to: %w", err)
		}
	}
	if c.Letters == nil {
		return nil, errors.New("ses: nobody to write the letters")
	}
	if c.ConfigurationSet != "" {
		m.set = aws.String(c.ConfigurationSet)
	}
	var options []func(*awsconfig.LoadOptions) error
	if c.Region != "" {
		options = append(options, awsconfig.WithRegion(c.Region))
	}
	if c.AccessKey != "" {
		options = append(options, awsconfig.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, "")))
	}
	sdk, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("ses: %w", err)
	}
	c.Guard.Name = cmp.Or(c.Guard.Name, provider)
	m.client = sesv2.NewFromConfig(sdk, func(o *sesv2.Options) {
		o.Retryer = aws.NopRetryer{} // the workflow retries (RES-1)
		o.HTTPClient = &http.Client{
			Transport:     watched{guard.Transport(nil, c.Guard)},
			Timeout:       cmp.Or(c.Timeout, 10*time.Second),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
	})
	return m, nil
}

// SendMail sends a mail and answers the id SES gave it. ErrUnknownOutcome
// means it may have gone out; SES knows no idempotency, so only the caller's
// ledger can keep it from going out twice.
func (m *Mailer) SendMail(ctx context.Context, mail order.Mail) (string, error) {
	const op = "send mail"
	to, err := netmail.ParseAddress(mail.To)
	if err != nil || to.Address != mail.To {
		return "", failure(op, order.ErrRejected, "bad_address", nil)
	}
	raw, err := m.message(mail)
	if err != nil {
		return "", failure(op, order.ErrRejected, "cannot_be_written", err)
	}
	ctx, sent := watch(ctx)
	out, err := m.client.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress:     aws.String(m.from.String()),
		Destination:          &types.Destination{ToAddresses: []string{mail.To}},
		Content:              &types.EmailContent{Raw: &types.RawMessage{Data: raw}},
		ConfigurationSetName: m.set,
		EmailTags:            m.tags(mail),
	})
	if err != nil {
		return "", classify(op, err, sent())
	}
	if aws.ToString(out.MessageId) == "" {
		return "", failure(op, order.ErrUnknownOutcome, "incomplete_answer", nil)
	}
	return *out.MessageId, nil
}

// tags name the mail's business, for SES's events and for searching. They
// hold no personal data.
func (m *Mailer) tags(mail order.Mail) []types.MessageTag {
	tags := []types.MessageTag{
		tag("order", string(mail.OrderID)),
		tag("milestone", string(mail.Milestone)),
		tag("generation", strconv.Itoa(mail.Generation)),
	}
	if m.env != "" {
		tags = append(tags, tag("environment", m.env))
	}
	return tags
}

// tag makes a value of the characters SES allows.
func tag(name, value string) types.MessageTag {
	value = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, value)
	if value == "" {
		value = "none"
	}
	return types.MessageTag{Name: aws.String(name), Value: aws.String(value[:min(len(value), 256)])}
}

// watched notes that a request left the SDK: what fails before, such as
// finding credentials, has certainly sent nothing.
type watched struct{ next http.RoundTripper }

type watchKey struct{}

func watch(ctx context.Context) (context.Context, func() bool) {
	left := new(atomic.Bool)
	return context.WithValue(ctx, watchKey{}, left), left.Load
}

func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	if left, ok := r.Context().Value(watchKey{}).(*atomic.Bool); ok {
		left.Store(true)
	}
	return w.next.RoundTrip(r)
}
