package ses

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// How is a kind of feedback on a mail.
type How string

// The kinds of feedback.
const (
	Deliver         How = "deliver"
	Delay           How = "delay"
	BounceForGood   How = "bounce"
	BounceForNow    How = "bounce_transient"
	BounceUnknown   How = "bounce_undetermined"
	Complain        How = "complain"
	ComplainNotSpam How = "not_spam"
	Reject          How = "reject"
)

// Hows lists all kinds of feedback.
var Hows = []How{Deliver, Delay, BounceForGood, BounceForNow, BounceUnknown, Complain, ComplainNotSpam, Reject}

// The errors of Answer.
var (
	ErrNoMail = errors.New("no such mail")
	ErrHow    = errors.New("unknown kind of feedback")
)

// feedback is published feedback on a mail, kept for the mailbox.
type feedback struct {
	How How       `json:"how"`
	To  []string  `json:"to"`
	At  time.Time `json:"at"`
}

const feedbackKind = "said"

// Answer publishes feedback on a mail now, for all its recipients. It fails with
// ErrNoMail or ErrHow.
func (s *Server) Answer(id string, how How) error {
	s.mu.Lock()
	m := s.byID[id]
	s.mu.Unlock()
	switch {
	case m == nil:
		return ErrNoMail
	case !slices.Contains(Hows, how):
		return ErrHow
	}
	return s.publishFeedback(m, how, m.To, 0)
}

// publishFeedback publishes feedback after the wait and records it for the
// mailbox.
func (s *Server) publishFeedback(m *mail, how How, to []string, wait time.Duration) error {
	at := s.cfg.Now().Add(wait).UTC()
	kind, e := m.event(how, to, at)
	if err := s.publish(wait, kind, e); err != nil {
		return err
	}
	s.mu.Lock()
	s.feedback[m.ID] = append(s.feedback[m.ID], feedback{how, to, at})
	said := slices.Clone(s.feedback[m.ID])
	s.mu.Unlock()
	return s.journal.Put(feedbackKind, m.ID, said)
}

// scheduleFeedback publishes the automatic feedback on a new mail: the addresses
// of SES's mailbox simulator behave as they do on Amazon; all others are
// delivered after the Pace, if it is set.
func (s *Server) scheduleFeedback(m *mail) error {
	byHow := map[How][]string{}
	var order []How
	add := func(how How, to string) {
		if byHow[how] == nil {
			order = append(order, how)
		}
		byHow[how] = append(byHow[how], to)
	}
	for _, to := range m.To {
		name, simulated := simulator(to)
		switch {
		case simulated && (name == "bounce" || name == "suppressionlist"):
			add(BounceForGood, to)
		case simulated && name == "complaint":
			add(Deliver, to)
			add(Complain, to)
		case simulated && name == "ooto":
			add(Deliver, to)
			add(BounceForNow, to)
		case simulated || s.cfg.Pace > 0:
			add(Deliver, to)
		}
	}
	for _, how := range order {
		wait := s.cfg.Pace
		if how == Complain || how == BounceForNow {
			wait *= 2 // it follows the delivery
		}
		if err := s.publishFeedback(m, how, byHow[how], wait); err != nil {
			return err
		}
	}
	return nil
}

// simulator returns the name of the mailbox of SES's simulator that an address
// belongs to; a label after a plus is ignored.
func simulator(to string) (name string, ok bool) {
	local, ok := strings.CutSuffix(strings.ToLower(address(to)), "@simulator.amazonses.com")
	name, _, _ = strings.Cut(local, "+")
	return name, ok
}

type object = map[string]any

// event returns feedback in SES's format: an event of the configuration set that
// the mail was sent with or, without one, a notification of the identity, which
// has no tags.
func (m *mail) event(how How, to []string, at time.Time) (kind string, e object) {
	about := object{
		"timestamp": stamp(m.At), "messageId": m.ID, "source": m.From, "destination": m.To, "sendingAccountId": "000000000000",
	}
	recipients := func(fields object) []object {
		list := make([]object, len(to))
		for i, r := range to {
			list[i] = object{"emailAddress": r}
			for k, v := range fields {
				list[i][k] = v
			}
		}
		return list
	}
	bounce := func(typ, sub, status, says string) object {
		return object{
			"bounceType": typ, "bounceSubType": sub, "timestamp": stamp(at), "feedbackId": newID(), "reportingMTA": "dsn; sandbox.example",
			"bouncedRecipients": recipients(object{"action": "failed", "status": status, "diagnosticCode": "smtp; " + says}),
		}
	}
	e = object{"mail": about}
	switch how {
	case Deliver:
		kind, e["delivery"] = "Delivery", object{
			"timestamp": stamp(at), "recipients": to, "smtpResponse": "250 2.0.0 Ok: queued as SANDBOX", "processingTimeMillis": at.Sub(m.At).Milliseconds(),
		}
	case Delay:
		kind, e["deliveryDelay"] = "DeliveryDelay", object{
			"timestamp": stamp(at), "delayType": "MailboxFull", "expirationTime": stamp(at.Add(14 * time.Hour)),
			"delayedRecipients": recipients(object{"status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 The mailbox is full"}),
		}
	case BounceForGood:
		kind, e["bounce"] = "Bounce", bounce("Permanent", "General", "5.1.1", "550 5.1.1 user unknown")
	case BounceForNow:
		kind, e["bounce"] = "Bounce", bounce("Transient", "MailboxFull", "4.2.2", "452 4.2.2 The mailbox is full")
	case BounceUnknown:
		kind, e["bounce"] = "Bounce", bounce("Undetermined", "Undetermined", "5.0.0", "554 something is wrong")
	case Complain, ComplainNotSpam:
		says := "abuse"
		if how == ComplainNotSpam {
			says = "not-spam"
		}
		kind, e["complaint"] = "Complaint", object{
			"complainedRecipients": recipients(nil), "timestamp": stamp(at), "feedbackId": newID(), "complaintFeedbackType": says,
		}
	case Reject:
		kind, e["reject"] = "Reject", object{"reason": "Bad content"}
	}
	if m.Set == "" {
		e["notificationType"] = kind
		return kind, e
	}
	tags := map[string][]string{"ses:configuration-set": {m.Set}}
	for k, v := range m.Tags {
		tags[k] = []string{v}
	}
	about["tags"], e["eventType"] = tags, kind
	return kind, e
}

// loadFeedback reads the feedback from the journal.
func (s *Server) loadFeedback() error {
	return s.journal.Each(feedbackKind, func(id string, raw json.RawMessage) error {
		var list []feedback
		err := json.Unmarshal(raw, &list)
		s.feedback[id] = list
		return err
	})
}

// Words returns the kind of feedback in the words of the mailbox.
func (how How) Words() string {
	return map[How]string{
		Deliver: "delivered", Delay: "delayed", BounceForGood: "bounced for good", BounceForNow: "bounced for now",
		BounceUnknown: "bounced, unknown why", Complain: "complained", ComplainNotSpam: "not spam", Reject: "rejected",
	}[how]
}
