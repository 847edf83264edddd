package templates

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/currency"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"purser/order"
)

// money formats an amount as in the language: 1.234,50 €. Digits and grouping
// come from the locale's data, the decimals from the currency; no amount is ever
// a float.
func (t tongue) money(m order.Money) string {
	digits, err := order.Exponent(m.Currency)
	if err != nil {
		return m.String() // checked before; never a wrong amount
	}
	unit, err := currency.ParseISO(m.Currency)
	if err != nil {
		return m.String()
	}
	p := message.NewPrinter(t.tag)
	abs, sign := uint64(m.Amount), ""
	if m.Amount < 0 {
		abs, sign = -abs, "-"
	}
	size := uint64(1)
	for range digits {
		size *= 10
	}
	amount := p.Sprint(number.Decimal(abs / size))
	if digits > 0 {
		amount += t.point() + fmt.Sprintf("%0*d", digits, abs%size)
	}
	symbol := p.Sprint(currency.Symbol(unit))
	pattern := t.say("money", map[string]string{"symbol": symbol, "number": amount})
	// A symbol of letters needs a space before the number: KWD 12.500.
	if last := []rune(symbol); strings.HasPrefix(pattern, symbol+amount) && unicode.IsLetter(last[len(last)-1]) {
		pattern = symbol + "\u00a0" + amount
	}
	return sign + pattern
}

// day formats a date: 24. November 2026.
func (t tongue) day(at time.Time) string {
	day := strconv.Itoa(at.Day())
	if at.Day() == 1 {
		day = t.say("first_day", nil) // 1er novembre
	}
	return t.say("date", map[string]string{
		"day": day, "year": strconv.Itoa(at.Year()),
		"month": t.say("months."+strconv.Itoa(int(at.Month())-1), nil),
	})
}

// moment formats a date and the time of day with its zone, because readers may
// live in another zone.
func (t tongue) moment(at time.Time) string {
	return t.say("moment", map[string]string{"date": t.day(at), "time": at.Format("15:04"), "zone": at.Format("MST")})
}
