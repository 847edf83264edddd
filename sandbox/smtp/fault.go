package smtp

import (
	"errors"
	"net"

	gosmtp "github.com/emersion/go-smtp"
)

// Moment is a point in an SMTP session.
type Moment string

// The moments at which a fault can strike.
const (
	Hello     Moment = "hello"
	Auth      Moment = "auth"
	MailFrom  Moment = "mail"
	RcptTo    Moment = "rcpt"
	Data      Moment = "data"       // the client wants to send the mail
	BeforeEnd Moment = "before end" // the client has sent the mail; it is not accepted yet
	AfterEnd  Moment = "after end"  // the mail is accepted; the client does not know yet
)

// Fault makes the relay misbehave at a moment of a session.
type Fault struct {
	At Moment
	// Code is the reply code, such as 421, with its enhanced code. 0 resets the
	// connection.
	Code     int
	Enhanced [3]int
	// Times is how often the fault strikes; 0 means until ClearFaults.
	Times int
}

// AddFault adds a fault.
func (s *Server) AddFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

// ClearFaults removes all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// errHungUp ends a session whose connection was reset.
var errHungUp = errors.New("hung up")

// strike applies the first fault for the moment, if any.
func (t *session) strike(at Moment) error {
	f, ok := t.server.pick(at)
	if !ok {
		return nil
	}
	if f.Code == 0 {
		if tcp, ok := t.conn.Conn().(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // reset, not closed
		}
		_ = t.conn.Conn().Close()
		return errHungUp
	}
	return &gosmtp.SMTPError{Code: f.Code, EnhancedCode: f.Enhanced, Message: "injected fault"}
}

func (s *Server) pick(at Moment) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.At != at {
			continue
		}
		if f.Times == 1 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		} else if f.Times > 1 {
			s.faults[i].Times--
		}
		return f, true
	}
	return Fault{}, false
}
