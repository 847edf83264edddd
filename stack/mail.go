package stack

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"purser/activities/mails"
	"purser/config"
	"purser/mail"
	"purser/mail/templates"
	"purser/providers/mailrouter"
	"purser/providers/ses"
	"purser/providers/smtp"
	sandboxsmtp "purser/sandbox/smtp"
)

// mailOut holds what sending mail takes: the templates and the providers.
type mailOut struct {
	templates *templates.Writer
	toShop    mail.Address
	ses       *ses.Mailer // nil: SES is not among the providers
	router    *mailrouter.Router
}

// newMail returns the mail templates and the mail providers or their stand-ins.
func (s *Stack) newMail() (*mailOut, error) {
	c := s.cfg
	w := &mailOut{}
	shop, err := c.Shop()
	if err != nil {
		return nil, err
	}
	if w.templates, err = templates.New(shop); err != nil {
		return nil, err
	}
	if w.toShop, err = c.ToShop(); err != nil {
		return nil, err
	}
	var routes []mailrouter.Route
	for _, name := range c.Routes() {
		r := mailrouter.Route{Name: name}
		if name == config.RouteSES {
			w.ses, err = s.newSES()
			r.Mailer = w.ses
		} else {
			r.Mailer, err = s.newRelay(name)
		}
		if err != nil {
			return nil, err
		}
		routes = append(routes, r)
	}
	w.router, err = mailrouter.New(mailrouter.Config{Routes: routes, Pace: s.Records, Log: s.log})
	return w, err
}

func (s *Stack) newSES() (*ses.Mailer, error) {
	c := s.cfg
	conf := ses.Config{From: c.MailFrom, ReplyTo: c.MailReplyTo, Region: c.SESRegion, ConfigurationSet: c.SESConfigurationSet, Environment: c.SESEnvironment}
	if c.SESRegion == "" {
		conf.Endpoint, conf.Region, conf.AccessKey, conf.SecretKey = s.sandboxURL+"/ses", "sandbox", "sandbox", "sandbox"
		// With a configuration set the stand-in, like SES, repeats our id in its
		// reports, which resolves mails of unknown outcome.
		conf.ConfigurationSet = cmp.Or(conf.ConfigurationSet, "sandbox")
	}
	return ses.New(context.Background(), conf)
}

func (s *Stack) newRelay(name string) (*smtp.Mailer, error) {
	conf := smtp.Config{Name: name, From: s.cfg.MailFrom, Host: "127.0.0.1", TLS: smtp.None}
	var err error
	if url := s.cfg.RelayURL(name); url != "" {
		conf, err = smtp.Parse(name, s.cfg.MailFrom, url)
	} else {
		conf.Port, err = s.playRelay()
	}
	if err != nil {
		return nil, fmt.Errorf("mail relay %q: %w", name, err)
	}
	conf.ReplyTo = s.cfg.MailReplyTo
	return smtp.New(conf)
}

// playRelay starts a stand-in for a relay in this process and returns its port.
func (s *Stack) playRelay() (port int, err error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(0)))
	if err != nil {
		return 0, err
	}
	relay := sandboxsmtp.New(sandboxsmtp.Config{})
	relay.Start(l)
	s.onStop(func() {
		if err := relay.Close(); err != nil {
			s.log.Warn("sandbox relay", "error", err)
		}
	})
	return l.Addr().(*net.TCPAddr).Port, nil
}

// startMail asks the providers for their limits before the first mail needs
// them, and regularly after that. It also looks after mails without an answer.
func (s *Stack) startMail(ctx context.Context, w *mailOut) {
	first, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := w.router.Ask(first); err != nil {
		s.log.Warn("mail providers' limits are not known yet", "error", err)
	}
	s.background(w.router.Run)
	sweeper := &mails.Sweeper{
		Ledger: s.Records, Resender: s.starter, Rule: s.cfg.Silence(), Marketing: s.cfg.ResendsMarketing(), Log: s.log,
	}
	s.background(sweeper.Run)
}
