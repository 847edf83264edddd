package sns

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// These are the types of messages.
const (
	notification = "Notification"
	subscribe    = "SubscriptionConfirmation"
	unsubscribe  = "UnsubscribeConfirmation"
)

// message is the JSON that SNS posts. Go's decoder uses the last of several
// equal fields; Verify and Parse decode alike, so the parsed fields are the
// signed ones.
type message struct {
	Type             string
	MessageID        string `json:"MessageId"`
	Token            string
	TopicArn         string
	Subject          *string
	Message          string
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
	SubscribeURL     string
}

var (
	errNotJSON = errors.New("not an SNS message")
	errField   = errors.New("a field of more than one line")
)

func read(body []byte) (*message, error) {
	m := new(message)
	if len(body) > maxBody || json.Unmarshal(body, m) != nil {
		return nil, errNotJSON // the decoder's own error would quote the body
	}
	return m, nil
}

func (m *message) time() (time.Time, error) {
	t, err := time.Parse(time.RFC3339, m.Timestamp)
	return t.UTC(), err
}

// signed returns the text that SNS signs: names and values, one per line,
// ordered by name. Only Message may have several lines; otherwise one signed
// text could be split into fields in two ways.
func (m *message) signed() (string, error) {
	fields := []string{"Message", m.Message, "MessageId", m.MessageID}
	names := []string{m.MessageID, m.Timestamp, m.TopicArn}
	switch m.Type {
	case notification:
		if m.Subject != nil {
			if strings.ContainsAny(*m.Subject, "\r\n") {
				return "", errField
			}
			fields = append(fields, "Subject", *m.Subject)
		}
		fields = append(fields, "Timestamp", m.Timestamp)
	case subscribe, unsubscribe:
		names = append(names, m.SubscribeURL, m.Token)
		fields = append(fields, "SubscribeURL", m.SubscribeURL, "Timestamp", m.Timestamp, "Token", m.Token)
	default:
		return "", errors.New("unknown type")
	}
	if !plain(names...) {
		return "", errField
	}
	fields = append(fields, "TopicArn", m.TopicArn, "Type", m.Type)
	return strings.Join(fields, "\n") + "\n", nil
}
