package stripe

import (
	"fmt"
	"strconv"
	"strings"
)

// The amounts and currencies of Stripe's documentation
// (https://docs.stripe.com/currencies). The table repeats the adapter's on
// purpose: a stand-in that shared it would share its mistakes.
const (
	supported = "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf " +
		"clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk " +
		"jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad " +
		"ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb " +
		"tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw"
)

// minimum is the smallest amount that can be charged, where Stripe documents one.
var minimum = map[string]int64{
	"usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
	"gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200,
	"ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}

// multiple is the number that an amount must be a multiple of: three-decimal
// currencies use only two decimals, and two currencies have no fractions any
// more.
var multiple = map[string]int64{
	"bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10, "isk": 100, "ugx": 100,
}

// digits is how many digits an amount may have, where Stripe documents more than eight:
// for every payment method in rupiah, Indian rupees and Colombian pesos, for cards in the
// others.
var digits = map[string]int{"cop": 10, "huf": 10, "idr": 12, "inr": 9, "jpy": 10, "lbp": 11}

// chargeable checks an amount in a currency.
func chargeable(amount int64, currency string) *Error {
	if len(currency) != 3 || strings.Contains(currency, " ") || !strings.Contains(supported, currency) {
		return invalid("", "currency", "Invalid currency: "+currency+".")
	}
	least, most := max(minimum[currency], 1), max(digits[currency], 8)
	switch {
	case amount < 1:
		return invalid("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	case amount < least:
		return invalid("amount_too_small", "amount", "Amount is below the minimum for "+currency+".")
	case len(strconv.FormatInt(amount, 10)) > most:
		return invalid("amount_too_large", "amount", fmt.Sprintf("Amount must have no more than %d digits.", most))
	}
	return whole(amount, currency)
}

// whole checks that the card networks can process an amount.
func whole(amount int64, currency string) *Error {
	if m := multiple[currency]; m != 0 && amount%m != 0 {
		return invalid("invalid_charge_amount", "amount", "Invalid amount: amounts in "+currency+" must be evenly divisible.")
	}
	return nil
}
