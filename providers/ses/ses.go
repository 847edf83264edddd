// Package ses sends mail through Amazon SES, API v2, over the official SDK.
package ses

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"purser/mail"
	"purser/mail/mime"
	"purser/order"
	"purser/providers/guard"
)

// Config selects an SES account.
type Config struct {
	// From is the verified sender, plain or with a name:
	// "Shop <orders@shop.example>". Required.
	From string
	// ReplyTo is the address for replies. Default: From.
	ReplyTo string
	// Region is the account's region; the default comes from the environment.
	Region string
	// AccessKey and SecretKey sign the calls. Empty: the SDK's default chain
	// (environment, profile, role).
	AccessKey, SecretKey string
	// Endpoint replaces the region's endpoint, for the sandbox.
	Endpoint string
	// ConfigurationSet publishes the mails' events. Empty: none.
	ConfigurationSet string
	// Environment is added as the tag "environment" when set.
	Environment string
	// Timeout limits a call whose context has no earlier deadline; default 10 s. A mail
	// has a second more for each MiB.
	Timeout time.Duration
	// Guard configures the bulkhead. There is no breaker here, because the mail
	// router has one for each provider.
	Guard guard.Config
}

// Mailer sends mails. Every error of its methods is a *order.ProviderError.
type Mailer struct {
	client  *sesv2.Client
	timeout time.Duration
	writer  *mime.Writer
	set     *string
	env     string
	refused atomic.Bool // SES reports that the sender is not verified
}

// New returns a mailer. It does not call SES.
func New(ctx context.Context, c Config) (*Mailer, error) {
	writer, err := mime.New(c.From, c.ReplyTo)
	if err != nil {
		return nil, fmt.Errorf("ses: %w", err)
	}
	if writer.NeedsUTF8(mail.Message{}) {
		return nil, errors.New("ses: the sender's address and the one for replies must be ASCII before the at sign: SES takes no others")
	}
	m := &Mailer{timeout: cmp.Or(c.Timeout, 10*time.Second), writer: writer, env: c.Environment}
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
	c.Guard.Name, c.Guard.Unbroken = cmp.Or(c.Guard.Name, provider), true
	m.client = sesv2.NewFromConfig(sdk, func(o *sesv2.Options) {
		o.Retryer = aws.NopRetryer{} // the workflow retries
		o.HTTPClient = &http.Client{
			Transport:     watched{guard.Transport(promptly(), c.Guard)},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
	})
	return m, nil
}

// promptly returns a transport that quickly fails if SES is down, so that
// another provider can have the mail. Each mail gets a new connection: on a
// kept connection that SES had already closed, it would be unknown whether the
// mail arrived, and the mail would never be sent.
func promptly() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: connectWithin, KeepAlive: 30 * time.Second}).DialContext
	t.TLSHandshakeTimeout = connectWithin
	t.DisableKeepAlives = true
	return t
}

const connectWithin = 2 * time.Second

// limit returns the context of a call that sends so many bytes.
func (m *Mailer) limit(ctx context.Context, bytes int) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, m.timeout+time.Duration(bytes>>20)*time.Second)
}

// CanSend fails with mail.ErrUnreachable if SES, which does not support SMTPUTF8
// (RFC 6531), cannot send a mail: then it need not be tried.
func (m *Mailer) CanSend(msg mail.Message) error {
	if m.writer.NeedsUTF8(msg) {
		return failure("send mail", order.ErrRejected, "address_not_ascii", mail.ErrUnreachable)
	}
	return nil
}

// SendMail sends a mail and returns the id that SES gave it. ErrUnknownOutcome
// means that it may have been sent; SES has no idempotency keys, so only the
// caller's ledger can prevent a second mail.
func (m *Mailer) SendMail(ctx context.Context, msg mail.Message) (string, error) {
	const op = "send mail"
	if err := m.CanSend(msg); err != nil {
		return "", err
	}
	raw, err := m.writer.Write(msg)
	if err != nil {
		return "", failure(op, order.ErrRejected, "cannot_be_written", err)
	}
	if m.refused.Load() {
		return "", failure(op, order.ErrDenied, "sender_not_verified", nil)
	}
	to := make([]string, len(msg.To))
	for i, a := range msg.To {
		to[i] = mail.Wire(a.Email)
	}
	ctx, stop := m.limit(ctx, len(raw))
	defer stop()
	ctx, sent := watch(ctx)
	out, err := m.client.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress:     aws.String(m.writer.SenderHeader(msg)),
		Destination:          &types.Destination{ToAddresses: to},
		Content:              &types.EmailContent{Raw: &types.RawMessage{Data: raw}},
		ConfigurationSetName: m.set,
		EmailTags:            m.tags(msg),
	})
	if err != nil {
		return "", classify(op, err, sent())
	}
	if aws.ToString(out.MessageId) == "" {
		return "", failure(op, order.ErrUnknownOutcome, "incomplete_answer", nil)
	}
	return *out.MessageId, nil
}

// mostTags is how many tags SES accepts.
const mostTags = 50

// tags name the mail and its business, for the events of SES and for searching.
// They hold no personal data. SES gives a mail a Message-ID of its own; the tag
// "message" makes every event carry ours.
func (m *Mailer) tags(msg mail.Message) []types.MessageTag {
	tags := []types.MessageTag{tag("message", mail.WireTag(msg.ID)), tag("stream", string(msg.Stream))}
	if msg.Template != "" {
		tags = append(tags, tag("template", msg.Template))
	}
	if m.env != "" {
		tags = append(tags, tag("environment", m.env))
	}
	for _, name := range slices.Sorted(maps.Keys(msg.Tags)) {
		reserved := slices.ContainsFunc(tags, func(t types.MessageTag) bool { return *t.Name == name })
		if !reserved && len(tags) < mostTags && name != "" {
			tags = append(tags, tag(name, msg.Tags[name]))
		}
	}
	return tags
}

// maxTag is how many characters SES accepts in a tag's name or value.
const maxTag = 255

// tag builds a name and a value from the characters that SES allows
// (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html).
func tag(name, value string) types.MessageTag {
	return types.MessageTag{Name: aws.String(tagText(name)), Value: aws.String(tagText(value))}
}

func tagText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, s)
	if s == "" {
		s = "none"
	}
	return s[:min(len(s), maxTag)]
}

// watched records that a request left the SDK: a failure before that, such as
// finding no credentials, has certainly sent nothing.
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
