package ses

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// FeedbackType is a kind of feedback on a mail.
type FeedbackType string

// The kinds of feedback.
const (
	Deliver            FeedbackType = "deliver"
	Delay              FeedbackType = "delay"
	BouncePermanent    FeedbackType = "bounce"
	BounceTransient    FeedbackType = "bounce_transient"
	BounceUndetermined FeedbackType = "bounce_undetermined"
	Complain           FeedbackType = "complain"
	ComplainNotSpam    FeedbackType = "not_spam"
	Reject             FeedbackType = "reject"
)

// FeedbackTypes lists all kinds of feedback.
var FeedbackTypes = []FeedbackType{Deliver, Delay, BouncePermanent, BounceTransient, BounceUndetermined, Complain, ComplainNotSpam, Reject}

// The errors of PublishFeedback.
var (
	ErrNoMail       = errors.New("no such mail")
	ErrFeedbackType = errors.New("unknown kind of feedback")
)

// feedback is published feedback on a mail, kept for the mailbox.
type feedback struct {
	Type FeedbackType `json:"how"`
	To   []string     `json:"to"`
	At   time.Time    `json:"at"`
}

const feedbackKind = "said" // the journal's kind of lists of feedback

// PublishFeedback publishes feedback on a mail now, for all its recipients. It
// fails with ErrNoMail or ErrFeedbackType.
func (s *Server) PublishFeedback(id string, how FeedbackType) error {
	s.mu.Lock()
	m := s.byID[id]
	s.mu.Unlock()
	switch {
	case m == nil:
		return ErrNoMail
	case !slices.Contains(FeedbackTypes, how):
		return ErrFeedbackType
	}
	return s.publishAndRecord(m, how, m.To, 0)
}

// publishAndRecord publishes feedback after the wait and records it for the
// mailbox.
func (s *Server) publishAndRecord(m *mail, how FeedbackType, to []string, wait time.Duration) error {
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
	byHow := map[FeedbackType][]string{}
	var order []FeedbackType
	add := func(how FeedbackType, to string) {
		if byHow[how] == nil {
			order = append(order, how)
		}
		byHow[how] = append(byHow[how], to)
	}
	for _, to := range m.To {
		name, simulated := simulator(to)
		switch {
		case simulated && (name == "bounce" || name == "suppressionlist"):
			add(BouncePermanent, to)
		case simulated && name == "complaint":
			add(Deliver, to)
			add(Complain, to)
		case simulated && name == "ooto":
			add(Deliver, to)
			add(BounceTransient, to)
		case simulated || s.cfg.Pace > 0:
			add(Deliver, to)
		}
	}
	for _, how := range order {
		wait := s.cfg.Pace
		if how == Complain || how == BounceTransient {
			wait *= 2 // it follows the delivery
		}
		if err := s.publishAndRecord(m, how, byHow[how], wait); err != nil {
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
func (m *mail) event(how FeedbackType, to []string, at time.Time) (kind string, e object) {
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
	case BouncePermanent:
		kind, e["bounce"] = "Bounce", bounce("Permanent", "General", "5.1.1", "550 5.1.1 user unknown")
	case BounceTransient:
		kind, e["bounce"] = "Bounce", bounce("Transient", "MailboxFull", "4.2.2", "452 4.2.2 The mailbox is full")
	case BounceUndetermined:
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
func (how FeedbackType) Words() string {
	return map[FeedbackType]string{
		Deliver: "delivered", Delay: "delayed", BouncePermanent: "bounced for good", BounceTransient: "bounced for now",
		BounceUndetermined: "bounced, unknown why", Complain: "complained", ComplainNotSpam: "not spam", Reject: "rejected",
	}[how]
}
