package order_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"purser/order"
)

// TestIDForKey is the same for the same principal and key, and no other
// (IDEM-1).
func TestIDForKey(t *testing.T) {
	if got := order.IDForKey("shop", "key-1"); got != order.IDForKey("shop", "key-1") {
		t.Error("the same key makes another id")
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z0-9-]{0,12}`)
		a, b := word.Draw(t, "a principal"), word.Draw(t, "another")
		k, l := word.Draw(t, "a key"), word.Draw(t, "another")
		same := a == b && k == l
		one, two := order.IDForKey(a, k), order.IDForKey(b, l)
		if (one == two) != same {
			t.Fatalf("%s/%s is %s, %s/%s is %s", a, k, one, b, l, two)
		}
		parsed(t, one)
	})
}

func TestNewID(t *testing.T) {
	seen := map[order.ID]bool{}
	for range 1000 {
		id := order.NewID()
		if seen[id] {
			t.Fatalf("%s was made twice", id)
		}
		seen[id] = true
		parsed(t, id)
	}
}

func parsed(t interface{ Fatalf(string, ...any) }, id order.ID) {
	if got, err := order.ParseID(string(id)); err != nil || got != id {
		t.Fatalf("%s: %s, %v", id, got, err)
	}
}

func TestParseIDRefuses(t *testing.T) {
	good := string(order.IDForKey("shop", "key"))
	for _, s := range []string{
		"", "ord_", good[4:], good[:29], good + "0", strings.ToUpper(good), " " + good, good + "\n", "order/" + good,
		"ORD_" + good[4:], good[:29] + "i", good[:29] + "l", good[:29] + "o", good[:29] + "u", good[:29] + "/", good[:28] + "é",
		good[:10] + "%" + good[11:], "ord_" + strings.Repeat("é", 13), strings.Repeat("x", 1<<16),
	} {
		id, err := order.ParseID(s)
		if !errors.Is(err, order.ErrNotFound) || id != "" {
			t.Errorf("%.60q: %q, %v", s, id, err)
		}
		if err != nil && len(err.Error()) > 250 {
			t.Errorf("%d characters of error", len(err.Error()))
		}
	}
}

// FuzzParseID accepts nothing but what could have been made: the id itself, in
// an alphabet that needs no escaping anywhere.
func FuzzParseID(f *testing.F) {
	f.Add("ord_00000000000000000000000001")
	f.Add(string(order.IDForKey("shop", "key")))
	f.Add("ord_")
	f.Add("ord_0000000000000000000000000i")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := order.ParseID(s)
		if err != nil {
			if id != "" || !errors.Is(err, order.ErrNotFound) {
				t.Fatalf("%q, %v", id, err)
			}
			return
		}
		if string(id) != s || len(s) != 30 || !strings.HasPrefix(s, "ord_") {
			t.Fatalf("%q was read as %q", s, id)
		}
		for _, c := range s[4:] {
			if !strings.ContainsRune("0123456789abcdefghjkmnpqrstvwxyz", c) {
				t.Fatalf("%q holds %q", s, c)
			}
		}
	})
}

// TestKey names each operation, within the 255 characters a provider takes
// (PAY-4, IDEM-3).
func TestKey(t *testing.T) {
	id := order.IDForKey("shop", "key")
	if got, want := order.Key(id, "capture", 2), string(id)+":capture:2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	seen := map[string]bool{}
	for _, op := range []string{"intent", "capture", "cancel", "refund", "cancel-pi_1", "refund-pi_1", "refund-pi_2"} {
		for _, n := range []int{1, 2, 12, math.MaxInt} {
			k := order.Key(id, op, n)
			if seen[k] || k != order.Key(id, op, n) {
				t.Errorf("%s names two operations, or one has two names", k)
			}
			seen[k] = true
		}
	}
	if k := order.Key(id, "refund-pi_"+strings.Repeat("x", 128), math.MaxInt); len(k) > 255 {
		t.Errorf("%d characters", len(k))
	}
}

func TestMailKey(t *testing.T) {
	m := order.Mail{OrderID: "ord_1", Notification: order.MailShipped, Generation: 1}
	if got := m.Key(); got != "ord_1:mail-shipped:1" {
		t.Error(got)
	}
}

// TestHash is equal for equal requests only (IDEM-2).
func TestHash(t *testing.T) {
	was := request().Hash()
	if again := request().Hash(); again != was || len(was) != 32 {
		t.Errorf("%s, then %s", was, again)
	}
	for _, f := range textFields {
		r := request()
		f.set(&r, "other")
		if r.Hash() == was {
			t.Errorf("another %s, the same hash", f.name)
		}
	}
	for name, change := range map[string]func(*order.Request){
		"email": func(r *order.Request) { r.Email = "b@example.com" }, "country": func(r *order.Request) { r.ShipTo.Country = "FR" },
		"currency": func(r *order.Request) { r.Currency = "USD" }, "quantity": func(r *order.Request) { r.Lines[0].Quantity++ },
		"lines": func(r *order.Request) { r.Lines = append(r.Lines, order.RequestLine{SKU: "cup", Quantity: 1}) },
	} {
		r := request()
		change(&r)
		if r.Hash() == was {
			t.Errorf("another %s, the same hash", name)
		}
	}
}
