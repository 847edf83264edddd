package mail_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/mail"
)

func FuzzNormalise(f *testing.F) {
	f.Add("Ada <ada@bücher.example>")
	f.Add("\"a b\"@x")
	f.Add("Ada <aaa..bbb@docomo.example>")
	f.Add("\"ccc.\"@docomo.example")
	f.Add("用户@例子.example")
	f.Add("a@[127.0.0.1]")
	f.Fuzz(func(t *testing.T, s string) {
		once, err := mail.Normalise(s)
		if err != nil {
			return
		}
		if twice, err := mail.Normalise(once); err != nil || twice != once {
			t.Fatalf("%q becomes %q, then %q (%v)", s, once, twice, err)
		}
		if strings.ContainsAny(once, "\r\n\x00 ") {
			t.Fatalf("%q", once)
		}
		if wire, err := mail.Normalise(mail.Wire(once)); err != nil || wire != once {
			t.Fatalf("%q in SMTP is %q, which is read as %q (%v)", once, mail.Wire(once), wire, err)
		}
	})
}

func TestScopes(t *testing.T) {
	for _, tt := range []struct {
		why                      mail.Reason
		marketing, transactional bool
	}{
		{why: mail.BecauseBounced, marketing: true, transactional: true},
		{why: mail.BecauseKeepsBounced, marketing: true, transactional: true},
		{why: mail.BecauseComplained, marketing: true},
		{why: mail.BecauseUnsubscribed, marketing: true},
		{why: mail.BecauseOperator, marketing: true, transactional: true},
	} {
		s := mail.ScopeOf(tt.why)
		if s.Blocks(mail.Marketing) != tt.marketing || s.Blocks(mail.Transactional) != tt.transactional {
			t.Errorf("EML-13 %s: blocks marketing %t, transactional %t", tt.why, s.Blocks(mail.Marketing), s.Blocks(mail.Transactional))
		}
	}
	if mail.Reminders.BlocksList(mail.Campaigns) || !mail.Reminders.BlocksList(mail.Reminders) || !mail.Reminders.Blocks(mail.Marketing) {
		t.Error("the scope of a list does not block exactly its list and, where the list is unknown, marketing")
	}
}

var links = mail.Links{Key: []byte("key"), Base: "https://shop.example"}

// TestLinks proves BNC-6 and F49: a link is about one address and cannot be
// changed.
func TestLinks(t *testing.T) {
	m := mail.Message{ID: "m1", Stream: mail.Marketing, To: []mail.Address{{Email: "Ada@example.com"}}, Tags: map[string]string{"list": "reminders"}}
	token, ok := strings.CutPrefix(links.Unsubscribe(m), "https://shop.example/unsubscribe/")
	if !ok {
		t.Fatal(links.Unsubscribe(m))
	}
	want := mail.Subscription{Email: "ada@example.com", List: mail.Reminders, Message: "m1"}
	got, err := links.Read(token)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	_, signature, _ := strings.Cut(token, ".")
	other := base64.RawURLEncoding.EncodeToString([]byte("bob@example.com\nreminders\nm1"))
	for name, bad := range map[string]string{
		"another address": other + "." + signature,
		"no signature":    other,
		"empty":           "",
		"another key":     mail.Links{Key: []byte("other")}.Token(want),
		"cut off":         token[:len(token)-2],
		"too long":        token + strings.Repeat("A", 2000),
		"not base64":      "!" + token,
	} {
		if _, err := links.Read(bad); !errors.Is(err, mail.ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (mail.Links{}).Read(mail.Links{}.Token(want)); !errors.Is(err, mail.ErrToken) {
		t.Error("a token was accepted without a key")
	}
	m.Stream = mail.Transactional
	if u := links.Unsubscribe(m); u != "" {
		t.Errorf("EML-13: mail about an order can be unsubscribed from: %s", u)
	}
}

func FuzzReadToken(f *testing.F) {
	f.Add("YQ.YQ")
	f.Add(mail.Links{Key: []byte("other")}.Token(mail.Subscription{Email: "a@b.example"}))
	f.Fuzz(func(t *testing.T, token string) {
		if s, err := links.Read(token); err == nil {
			t.Fatalf("accepted %q as %+v", token, s)
		}
	})
}
