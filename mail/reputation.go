package mail

import "fmt"

// Standing counts the results of the latest mails at a provider.
type Standing struct {
	Provider   string `json:"provider"`
	Sent       int64  `json:"sent"`    // the latest mails that are counted
	Bounced    int64  `json:"bounced"` // of Sent, permanently
	Complained int64  `json:"complained"`
}

// perMillion is the unit of rates: whole numbers, fine enough for a tenth of a
// per cent.
const perMillion = 1_000_000

func rate(n, of int64) int64 {
	if of == 0 {
		return 0
	}
	return n * perMillion / of
}

// BounceRate returns the bounces per million mails.
func (s Standing) BounceRate() int64 { return rate(s.Bounced, s.Sent) }

// ComplaintRate returns the complaints per million mails.
func (s Standing) ComplaintRate() int64 { return rate(s.Complained, s.Sent) }

// Tolerance says how bad a standing may get before marketing is paused. A
// provider that suspends an account stops its mail about orders too, so
// marketing must pause earlier.
type Tolerance struct {
	// Bounces and Complaints are the provider's own limits, per million mails;
	// default 50,000 (5 %) and 1,000 (0.1 %), SES's limits.
	Bounces, Complaints int64
	// Share is the percentage of these limits at which marketing pauses;
	// default 80.
	Share int64
	// Least is the least number of mails that Judge considers; default 500.
	Least int64
}

// WithDefaults returns the tolerance with the defaults for zero fields.
func (t Tolerance) WithDefaults() Tolerance {
	for _, f := range []struct {
		field *int64
		value int64
	}{
		{field: &t.Bounces, value: 50_000},
		{field: &t.Complaints, value: 1_000},
		{field: &t.Share, value: 80},
		{field: &t.Least, value: 500},
	} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	return t
}

// Judge returns why marketing must pause; "" if it need not. A single bounce or
// complaint never pauses it, however small the number of mails is.
func (t Tolerance) Judge(s Standing) string {
	t = t.WithDefaults()
	if s.Sent < t.Least {
		return ""
	}
	for _, j := range []struct {
		what           string
		n, rate, limit int64
	}{
		{what: "bounces", n: s.Bounced, rate: s.BounceRate(), limit: t.Bounces},
		{what: "complaints", n: s.Complained, rate: s.ComplaintRate(), limit: t.Complaints},
	} {
		if j.n > 1 && j.rate*100 >= j.limit*t.Share {
			return fmt.Sprintf("%s: %d of the last %d mails (%s) are %s; the limit is %s, marketing pauses at %d %% of it",
				s.Provider, j.n, s.Sent, percent(j.rate), j.what, percent(j.limit), t.Share)
		}
	}
	return ""
}

// percent formats a rate per million as a percentage.
func percent(r int64) string { return fmt.Sprintf("%d.%03d %%", r/10_000, r%10_000/10) }
