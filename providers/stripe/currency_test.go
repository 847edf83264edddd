package stripe

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"purser/order"
)

// known are all codes that order.Exponent knows.
func known() []string {
	var all []string
	const abc = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, a := range abc {
		for _, b := range abc {
			for _, c := range abc {
				if code := string([]rune{a, b, c}); func() bool { _, err := order.Exponent(code); return err == nil }() {
					all = append(all, code)
				}
			}
		}
	}
	return all
}

func TestEveryCurrency(t *testing.T) { // PAY-1
	taken := 0
	for _, code := range known() {
		m := order.Money{Amount: 123_450, Currency: code}
		units, err := toStripe(m)
		if err != nil {
			if !errors.Is(err, order.ErrAmount) {
				t.Errorf("%s: %v", code, err)
			}
			continue
		}
		taken++
		if back, err := fromStripe(units, code); err != nil || back != m {
			t.Errorf("%v is %d of Stripe's units is %v, %v", m, units, back, err)
		}
	}
	if taken < 135 {
		t.Errorf("only %d currencies can be charged", taken)
	}
}

func TestStripesUnits(t *testing.T) {
	for _, c := range []struct {
		money order.Money
		units int64
	}{
		{order.Money{Amount: 1000, Currency: "USD"}, 1000},
		{order.Money{Amount: 500, Currency: "JPY"}, 500},
		{order.Money{Amount: 5, Currency: "ISK"}, 500},
		{order.Money{Amount: 5, Currency: "UGX"}, 500},
		{order.Money{Amount: 5, Currency: "MGA"}, 5},
		{order.Money{Amount: 5120, Currency: "KWD"}, 5120},
		{order.Money{Amount: 70_000, Currency: "COP"}, 70_000},
		{order.Money{Amount: 150_000, Currency: "PKR"}, 150_000},
		{order.Money{Amount: 1050, Currency: "TWD"}, 1050},
		{order.Money{Amount: 1050, Currency: "HUF"}, 1050},
	} {
		if got, err := toStripe(c.money); err != nil || got != c.units {
			t.Errorf("%v: got %d, %v; want %d", c.money, got, err, c.units)
		}
	}
	for _, m := range []order.Money{{Amount: 5124, Currency: "KWD"}, {Amount: 0, Currency: "EUR"}, {Amount: -1, Currency: "EUR"}, {Amount: 1, Currency: "LYD"}, {Amount: 1, Currency: "A B"}} {
		if got, err := toStripe(m); err == nil {
			t.Errorf("%v: got %d, want an error", m, got)
		}
	}
	for _, code := range []string{"ISK", "UGX"} {
		if got, err := fromStripe(501, code); err == nil {
			t.Errorf("501 units of %s: got %v, want an error: there is no such fraction", code, got)
		}
	}
}

func TestStatementSuffix(t *testing.T) { // PAY-17
	rapid.Check(t, func(t *rapid.T) {
		id := order.ID(rapid.String().Draw(t, "id"))
		prefix := strings.Repeat("P", rapid.IntRange(0, maxStatementPrefix).Draw(t, "prefix"))
		got := statementSuffix(id, prefix)
		used := len(prefix)
		if used == 0 {
			used = maxStatementPrefix
		}
		if used+2+len(got) > 22 {
			t.Fatalf("%q after a prefix of %d characters is too long", got, used)
		}
		if strings.Trim(got, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || !strings.ContainsAny(got, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			t.Fatalf("%q: want letters and digits, and at least one letter", got)
		}
	})
	if got := statementSuffix("ord_abcdefghjkmnpqrstvwxyz0123", "SHOP"); got != "ABCDEFGHJKMNPQRS" {
		t.Errorf("got %q", got)
	}
}

// TestFractions: an amount at Stripe that is not one of ours is named as Stripe shows it,
// however many of its digits are odd.
func TestFractions(t *testing.T) {
	for _, tc := range []struct {
		units int64
		code  string
		says  string
	}{
		{units: 99_050, code: "ISK", says: "99050 in ISK holds a fraction"},
		{units: 501, code: "ISK", says: "501 in ISK holds a fraction"},
		{units: 500_010, code: "UGX", says: "500010 in UGX holds a fraction"},
		{units: -99_050, code: "ISK", says: "-99050 in ISK holds a fraction"},
	} {
		got, err := fromStripe(tc.units, tc.code)
		if !errors.Is(err, order.ErrAmount) || !strings.Contains(err.Error(), tc.says) || got != (order.Money{}) {
			t.Errorf("%d %s: got %v, %v", tc.units, tc.code, got, err)
		}
	}
}

// FuzzFromStripe: an amount is converted exactly, or refused with its figure.
func FuzzFromStripe(f *testing.F) {
	f.Add(int64(99_050), "ISK")
	f.Add(int64(-1), "EUR")
	f.Add(int64(150_000_000), "IDR")
	f.Fuzz(func(t *testing.T, units int64, code string) {
		m, err := fromStripe(units, code)
		switch {
		case err == nil && m.Chargeable() == nil:
			if back, err := toStripe(m); err != nil || back != units {
				t.Fatalf("%d %s is %v is %d, %v", units, code, m, back, err)
			}
		case errors.Is(err, order.ErrAmount) && strings.Contains(err.Error(), "fraction") && !strings.Contains(err.Error(), strconv.FormatInt(units, 10)):
			t.Fatalf("%d %s: %v", units, code, err)
		}
	})
}
