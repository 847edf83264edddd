package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// ErrToken means that an unsubscribe token is not valid.
var ErrToken = errors.New("the link is not valid")

// Subscription is the content of an unsubscribe link.
type Subscription struct {
	Email   string // normalised
	List    Scope  // the list whose mail carried the link
	Message string // that mail's ID; "" if the link is not of one mail
}

// Links makes and reads the unsubscribe links of marketing mails. A link is
// signed, so that nobody can unsubscribe anybody else. It never expires, because
// shoppers keep mail for years and its links must keep working.
type Links struct {
	// Key signs the links. With it one can unsubscribe any address.
	Key []byte
	// Base is the public URL of the API, such as https://shop.example. Without
	// it no links are made.
	Base string
}

// The paths of the links below Base.
const (
	UnsubscribePath = "/unsubscribe/"
	PreferencesPath = "/preferences/"
)

// Unsubscribe returns the one-click link for a mail (RFC 8058), for the header
// List-Unsubscribe and the footer of the mail. It is empty for a mail that is
// not marketing, and if Base is empty. The link is about the list that ListOf
// returns.
func (l Links) Unsubscribe(m Message) string {
	if m.Stream != Marketing || len(m.To) == 0 || l.Base == "" {
		return ""
	}
	email, err := Normalise(m.To[0].Email)
	if err != nil {
		return ""
	}
	return l.Base + UnsubscribePath + l.Token(Subscription{Email: email, List: ListOf(m.Tags["list"]), Message: m.ID})
}

// tokenForm is part of the signed text, so that another use of the same key
// cannot make a token.
const tokenForm = "purser unsubscribe 1"

// Token returns a subscription as a signed token.
func (l Links) Token(s Subscription) string {
	payload := strings.Join([]string{s.Email, string(s.List), s.Message}, "\n")
	return base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." + base64.RawURLEncoding.EncodeToString(l.mac(payload))
}

// maxToken bounds the length of a token, in bytes.
const maxToken = 1024

// Read verifies a token and returns its subscription; it fails with ErrToken if
// any part of the token was changed.
func (l Links) Read(token string) (Subscription, error) {
	head, tail, _ := strings.Cut(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil || len(token) > maxToken || len(l.Key) == 0 {
		return Subscription{}, ErrToken
	}
	mac, err := base64.RawURLEncoding.DecodeString(tail)
	if err != nil || !hmac.Equal(mac, l.mac(string(payload))) {
		return Subscription{}, ErrToken
	}
	parts := strings.Split(string(payload), "\n")
	if len(parts) != 3 {
		return Subscription{}, ErrToken
	}
	return Subscription{Email: parts[0], List: Scope(parts[1]), Message: parts[2]}, nil
}

func (l Links) mac(payload string) []byte {
	h := hmac.New(sha256.New, l.Key)
	h.Write([]byte(tokenForm + "\n" + payload))
	return h.Sum(nil)
}
