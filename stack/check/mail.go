package check

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"

	"purser/config"
	"purser/mail"
	"purser/order"
	"purser/stack"
)

// mail checks the mail providers and, for customers who pay, their feedback and the sender.
func (c *checker) mail(ctx context.Context) (lines []Line) {
	const name = "mail"
	if c.cfg.PlaysSES() {
		lines = c.played(name, "SES", "set SES_REGION or SMTP_URL")
	}
	providers := c.with.MailProviders(ctx)
	for _, p := range providers {
		if p.SES != nil {
			lines = append(lines, c.ses(p))
		} else {
			lines = append(lines, relay(p))
		}
	}
	if c.Live {
		lines = append(lines, c.feedback()...)
		lines = append(lines, c.sender())
		lines = append(lines, c.senderRecords(ctx, providers)...)
	}
	return lines
}

// ses returns the line of the account at SES.
func (c *checker) ses(p stack.MailProvider) Line {
	const name = "mail"
	at := "SES in " + c.cfg.SESRegion
	switch {
	case noCredentials(p.Err):
		return problem(name, at+": no AWS credentials were found", awsKeys)
	case errors.Is(p.Err, order.ErrDenied):
		return problem(name, fmt.Sprintf("%s refuses this process: %v", at, p.Err), "check the AWS credentials, and that they may use ses:GetAccount, ses:GetEmailIdentity and ses:SendEmail")
	case p.Err != nil:
		return notChecked(name, false, "no response from "+at+": "+cause(p.Err))
	case !p.Limits.Enabled:
		return problem(name, at+" has stopped this account's mail", "see the account's dashboard at SES")
	case !p.SES.Verified:
		return problem(name, fmt.Sprintf("%s may not send as %s: the identity is %s", at, c.domain(), p.SES.Status), "verify the domain at SES")
	case c.Live && !p.SES.Production:
		return problem(name, at+" sends to verified addresses only, because the account is in Amazon's sandbox", "request production access at SES")
	}
	most := "any number"
	if p.Limits.PerDay != mail.Unlimited {
		most = fmt.Sprint(p.Limits.PerDay)
	}
	return ok(name, fmt.Sprintf("%s: %s mails a second, %s a day, identity %s", at, strconv.FormatFloat(p.Limits.Rate, 'f', -1, 64), most, p.SES.Status))
}

// relay returns the line of a relay.
func relay(p stack.MailProvider) Line {
	const name = "mail"
	at := fmt.Sprintf("the relay %q", p.Name)
	setting := "SMTP_URLS"
	if p.Name == config.RouteSMTP {
		setting = "SMTP_URL"
	}
	var failed *order.ProviderError
	switch {
	case p.Err == nil:
		return ok(name, at+" lets this process in")
	case errors.As(p.Err, &failed) && failed.Code == "not_to_be_trusted":
		return problem(name, fmt.Sprintf("the certificate of %s is not valid: %v", at, failed.Err), "set "+setting+" to a name that it has, or renew it")
	case errors.Is(p.Err, order.ErrDenied):
		return problem(name, fmt.Sprintf("%s refuses this process: %v", at, p.Err), "check user and password in "+setting)
	}
	return problem(name, fmt.Sprintf("%s cannot be reached: %s", at, cause(p.Err)), "check "+setting)
}

// feedback checks that Purser learns which mails did not arrive.
func (c *checker) feedback() (lines []Line) {
	const name = "mail feedback"
	routes := c.cfg.Routes()
	if slices.Contains(routes, config.RouteSES) && !c.cfg.PlaysSES() {
		if len(c.cfg.SESTopics) == 0 {
			lines = append(lines, problem(name, "SES_TOPIC_ARNS is not set, so bounces and complaints are not noticed", "publish the configuration set's events to an SNS topic, and subscribe /webhooks/ses to it"))
		} else {
			lines = append(lines, ok(name, counted(c.cfg.SESTopics, "topic")+" for /webhooks/ses"))
		}
	}
	if slices.ContainsFunc(routes, func(r string) bool { return c.cfg.RelayURL(r) != "" && r != config.RouteSES }) {
		if len(c.cfg.MailWebhookSecrets) == 0 {
			lines = append(lines, warning(name, "MAIL_WEBHOOK_SECRETS is not set, so bounces and complaints of relays are not noticed", "have the relay report them to /webhooks/mail"))
		} else {
			lines = append(lines, ok(name, counted(c.cfg.MailWebhookSecrets, "secret")+" for /webhooks/mail"))
		}
	}
	return lines
}

// sender checks that the sender is the shop's own.
func (c *checker) sender() Line {
	const name = "sender"
	if d := c.domain(); !ownDomain(d) {
		return problem(name, fmt.Sprintf("mails come from %q, which is no domain of a shop", d), "set PURSER_MAIL_FROM")
	}
	return ok(name, "mails come from "+c.domain())
}

// domain returns the domain of the sender of mails.
func (c *checker) domain() string {
	a, err := netmail.ParseAddress(c.cfg.MailFrom)
	if err != nil {
		return ""
	}
	_, domain, _ := strings.Cut(mail.Wire(a.Address), "@")
	return strings.ToLower(domain)
}

// ownDomain reports whether a domain can be a shop's: those of RFC 2606 and of a
// private network are not.
func ownDomain(d string) bool {
	_, top, dotted := strings.Cut("."+d, ".")
	for dotted && strings.Contains(top, ".") {
		_, top, dotted = strings.Cut(top, ".")
	}
	second := strings.HasSuffix("."+d, ".example.com") || strings.HasSuffix("."+d, ".example.net") || strings.HasSuffix("."+d, ".example.org")
	return strings.Contains(d, ".") && !second && !slices.Contains([]string{"example", "invalid", "test", "localhost", "local"}, top)
}
