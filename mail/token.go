package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// ErrToken: an unsubscribe token is not one of ours.
var ErrToken = errors.New("the link is not valid")

// Subscription is what an unsubscribe link is about.
type Subscription struct {
	Email   string // normalised
	List    Scope  // the list whose mail carried the link
	Message string // that mail's ID; "" if none in particular
}

// Links makes and reads the links of marketing mails by which a shopper
// leaves them. A link is signed, so nobody can unsubscribe anybody
// else; it never expires, because mail is kept for years and must keep its
// promise.
type Links struct {
	// Key signs. Whoever has it can unsubscribe everybody.
	Key []byte
	// Base is where the API is reached: https://shop.example. Empty: it is not
	// known here, and no links are made.
	Base string
}

// Where the links lead, below Base.
const (
	UnsubscribePath = "/unsubscribe/"
	PreferencesPath = "/preferences/"
)

// Unsubscribe is the one-click address for a mail (RFC 8058), for the header
// List-Unsubscribe and the foot of the letter. It is empty for a mail that is
// not marketing: from mail about an order one cannot unsubscribe, and
// where Base is not known.
// The list is that of ListOf.
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

// tokenForm is signed with the rest, so that a key used for something else one
// day cannot make a token.
const tokenForm = "purser unsubscribe 1"

// Token writes a subscription, signed.
func (l Links) Token(s Subscription) string {
	payload := strings.Join([]string{s.Email, string(s.List), s.Message}, "\n")
	return base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." + base64.RawURLEncoding.EncodeToString(l.mac(payload))
}

// maxToken bounds what is looked at.
const maxToken = 1024

// Read returns what a token is about, or ErrToken if it is not ours, whatever
// was changed in it.
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
