package sns

import (
	"cmp"
	"strings"
	"time"
	"unicode"

	"purser/mail"
	"purser/order"
)

// event is an SES event in either of its shapes: a notification of an identity
// (notificationType) or an event of a configuration set (eventType). They
// differ in the name of the type, and only the second has the mail's tags.
type event struct {
	NotificationType string `json:"notificationType"`
	EventType        string `json:"eventType"`
	Mail             struct {
		Timestamp   time.Time           `json:"timestamp"`
		MessageID   string              `json:"messageId"`
		Destination []string            `json:"destination"`
		Tags        map[string][]string `json:"tags"`
	} `json:"mail"`
	Delivery struct {
		Timestamp    time.Time `json:"timestamp"`
		Recipients   []string  `json:"recipients"`
		SMTPResponse string    `json:"smtpResponse"`
	} `json:"delivery"`
	Bounce struct {
		Type       string      `json:"bounceType"`
		SubType    string      `json:"bounceSubType"`
		Recipients []recipient `json:"bouncedRecipients"`
		Timestamp  time.Time   `json:"timestamp"`
	} `json:"bounce"`
	Complaint struct {
		Recipients   []recipient `json:"complainedRecipients"`
		Timestamp    time.Time   `json:"timestamp"`
		FeedbackType string      `json:"complaintFeedbackType"`
		SubType      string      `json:"complaintSubType"`
	} `json:"complaint"`
	Delay struct {
		Type       string      `json:"delayType"`
		Recipients []recipient `json:"delayedRecipients"`
		Timestamp  time.Time   `json:"timestamp"`
	} `json:"deliveryDelay"`
	Reject struct {
		Reason string `json:"reason"`
	} `json:"reject"`
	Failure struct {
		Error string `json:"errorMessage"`
	} `json:"failure"`
}

type recipient struct {
	Address    string `json:"emailAddress"`
	Diagnostic string `json:"diagnosticCode"`
	Status     string `json:"status"`
}

func (e *event) kind() string { return cmp.Or(e.EventType, e.NotificationType) }

// tag is a tag of the mail; SES lists each as an array of one.
func (e *event) tag(name string) string {
	if v := e.Mail.Tags[name]; len(v) == 1 {
		return v[0]
	}
	return ""
}

// order returns the order that the mail's tags name, if any.
func (e *event) order() order.ID {
	id, err := order.ParseID(e.tag("order"))
	if err != nil {
		return ""
	}
	return id
}

// These are the longest names and diagnostics that are kept.
const (
	maxName       = 128
	maxDiagnostic = 300
	// maxRecipients is the limit for one mail: SES accepts 50.
	maxRecipients = 1000
)

// feedback converts the event to feedback for each recipient; it returns none
// for an event that does not affect a mail's outcome. problem says why an event
// that does cannot be used.
func (e *event) feedback(said time.Time) (list []mail.Feedback, problem string) {
	f := mail.Feedback{Provider: provider, ProviderID: e.Mail.MessageID, MessageID: mail.FromWireTag(e.tag("message"))}
	var to []recipient
	switch e.kind() {
	case "Send":
		f.Kind, f.At, to = mail.Accepted, e.Mail.Timestamp, plainly(e.Mail.Destination, "")
	case "Delivery":
		f.Kind, f.At, to = mail.Delivered, e.Delivery.Timestamp, plainly(e.Delivery.Recipients, e.Delivery.SMTPResponse)
	case "Bounce":
		f.Kind, f.At, to = mail.Bounced, e.Bounce.Timestamp, e.Bounce.Recipients
		f.Bounce, f.Diagnostic = bounceOf(e.Bounce.Type), e.Bounce.Type+"/"+e.Bounce.SubType
	case "Complaint":
		if e.Complaint.FeedbackType == "not-spam" {
			return nil, "" // the owner moved it out of the spam folder
		}
		f.Kind, f.At, to = mail.Complained, e.Complaint.Timestamp, e.Complaint.Recipients
		f.Diagnostic = cmp.Or(e.Complaint.FeedbackType, e.Complaint.SubType)
	case "DeliveryDelay":
		f.Kind, f.At, to, f.Diagnostic = mail.Delayed, e.Delay.Timestamp, e.Delay.Recipients, e.Delay.Type
	case "Reject":
		f.Kind, f.At, to = mail.Refused, e.Mail.Timestamp, plainly(e.Mail.Destination, e.Reject.Reason)
	case "Rendering Failure":
		f.Kind, f.At, to = mail.Refused, e.Mail.Timestamp, plainly(e.Mail.Destination, e.Failure.Error)
	default: // Open, Click, Subscription, and types that SES may add
		return nil, ""
	}
	if !plain(f.ProviderID) || len(f.ProviderID) > maxName {
		return nil, "the event names no mail"
	}
	if y := f.At.Year(); y < 2000 || y > 9000 {
		f.At = said
	}
	return each(f, to)
}

func plainly(addresses []string, diagnostic string) []recipient {
	to := make([]recipient, len(addresses))
	for i, a := range addresses {
		to[i] = recipient{Address: a, Diagnostic: diagnostic}
	}
	return to
}

// each gives every recipient its own feedback. It skips an invalid address,
// which cannot be acted on and must not block the others.
func each(f mail.Feedback, to []recipient) (list []mail.Feedback, problem string) {
	if len(to) > maxRecipients {
		return nil, "more recipients than a mail can have"
	}
	about := f.Diagnostic
	for _, r := range to {
		email, err := mail.Normalise(r.Address)
		if err != nil {
			continue
		}
		f.Recipient, f.Diagnostic = email, clip(strings.Trim(about+": "+cmp.Or(r.Diagnostic, r.Status), ": "), maxDiagnostic)
		f.At = f.At.UTC()
		list = append(list, f)
	}
	if len(list) == 0 {
		return nil, "no recipient has an address"
	}
	return list, ""
}

// bounceOf maps the bounce type of SES. An unknown type is not treated as
// permanent.
func bounceOf(s string) mail.Bounce {
	switch s {
	case "Permanent":
		return mail.Permanent
	case "Transient":
		return mail.Transient
	}
	return mail.Undetermined
}

// clip makes a text fit for the record: it removes control characters and
// limits the length.
func clip(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
