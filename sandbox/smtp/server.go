// Package smtp is a stand-in for a mail relay to develop and test against. It
// accepts mail over SMTP like a real one, sends none, counts the accepted mails,
// refuses addresses and messages that relays refuse, and refuses, throttles or resets the connection by configured faults.
package smtp

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// Config configures the relay. Its zero value accepts mail without a login and
// without TLS.
type Config struct {
	// User and Password are required to log in. Empty means no login.
	User, Password string
	// TLS enables STARTTLS, or TLS from the first byte if Implicit is set.
	TLS      *tls.Config
	Implicit bool
	// Keep is how many of the latest mails are kept with their content;
	// default 1,000.
	Keep int
}

// Mail is an accepted mail.
type Mail struct {
	At   time.Time
	ID   string // its Message-ID, without the brackets
	From string
	To   []string
	Raw  []byte // nil if the mail is too old, see Config.Keep
}

// Server is the relay.
type Server struct {
	conf Config
	smtp *gosmtp.Server

	listener net.Listener
	served   chan error

	mu     sync.Mutex
	mails  []Mail
	faults []Fault
}

// New returns a relay; Start runs it.
func New(c Config) *Server {
	if c.Keep <= 0 {
		c.Keep = 1000
	}
	s := &Server{conf: c}
	s.smtp = gosmtp.NewServer(gosmtp.BackendFunc(s.newSession))
	s.smtp.Domain = "relay.sandbox.example"
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = 30*time.Second, 30*time.Second
	s.smtp.MaxMessageBytes, s.smtp.MaxRecipients = maxBytes, maxRecipients
	s.smtp.AllowInsecureAuth = c.TLS == nil
	s.smtp.ErrorLog = log.New(io.Discard, "", 0)
	if !c.Implicit {
		s.smtp.TLSConfig = c.TLS
	}
	return s
}

// Start serves a listener until Close.
func (s *Server) Start(l net.Listener) {
	if s.conf.Implicit {
		l = tls.NewListener(l, s.conf.TLS)
	}
	s.listener, s.served = l, make(chan error, 1)
	go func() { s.served <- s.smtp.Serve(l) }()
}

// Close stops the relay and closes all connections.
func (s *Server) Close() error {
	_ = s.listener.Close() // the server may not know the listener yet
	_ = s.smtp.Close()
	if err := <-s.served; !errors.Is(err, gosmtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Mails returns the accepted mails, oldest first.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Counts returns how often each mail was accepted, by its Message-ID. A mail
// with more than one was sent twice.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int)
	for _, m := range s.mails {
		counts[m.ID]++
	}
	return counts
}

// newSession begins a session.
func (s *Server) newSession(c *gosmtp.Conn) (gosmtp.Session, error) {
	t := &session{server: s, conn: c, loggedIn: s.conf.User == ""}
	if err := t.strike(Hello); err != nil {
		return nil, err
	}
	return t, nil
}

// session is one SMTP session.
type session struct {
	server   *Server
	conn     *gosmtp.Conn
	loggedIn bool
	from     string
	to       []string
}

func (t *session) AuthMechanisms() []string {
	if t.server.conf.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (t *session) Auth(string) (sasl.Server, error) {
	if err := t.strike(Auth); err != nil {
		return nil, err
	}
	return sasl.NewPlainServer(func(_, user, password string) error {
		t.loggedIn = user == t.server.conf.User && password == t.server.conf.Password
		if !t.loggedIn {
			return gosmtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (t *session) Mail(from string, _ *gosmtp.MailOptions) error {
	if !t.loggedIn {
		return &gosmtp.SMTPError{Code: 530, EnhancedCode: gosmtp.EnhancedCode{5, 7, 0}, Message: "authentication required"}
	}
	if err := checkAddress(from); err != nil {
		return err
	}
	t.from, t.to = from, nil
	return t.strike(MailFrom)
}

func (t *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if err := checkAddress(to); err != nil {
		return err
	}
	if strings.HasSuffix(to, "@rejected.example") {
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	}
	t.to = append(t.to, to)
	return t.strike(RcptTo)
}

func (t *session) Data(r io.Reader) error {
	if err := t.strike(Data); err != nil {
		return err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := checkMessage(raw); err != nil {
		return err
	}
	if err := t.strike(BeforeEnd); err != nil {
		return err
	}
	t.server.take(Mail{At: time.Now(), ID: messageID(raw), From: t.from, To: t.to, Raw: raw})
	return t.strike(AfterEnd)
}

func (t *session) Reset()        { t.from, t.to = "", nil }
func (t *session) Logout() error { return nil }

func (s *Server) take(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	if old := len(s.mails) - 1 - s.conf.Keep; old >= 0 {
		s.mails[old].Raw = nil
	}
}

func messageID(raw []byte) string {
	msg, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	return strings.Trim(msg.Header.Get("Message-Id"), "<>")
}
