package mail

import "fmt"

// Standing is how a provider's last sends went.
type Standing struct {
	Provider   string `json:"provider"`
	Sent       int64  `json:"sent"`    // of the latest sends, those looked at
	Bounced    int64  `json:"bounced"` // of those, for good
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

// BounceRate is in bounces per million sends.
func (s Standing) BounceRate() int64 { return rate(s.Bounced, s.Sent) }

// ComplaintRate is in complaints per million sends.
func (s Standing) ComplaintRate() int64 { return rate(s.Complained, s.Sent) }

// Tolerance is how bad a standing may get before marketing pauses itself.
// A provider suspends the whole account, with its mail about
// orders; so we stop before.
type Tolerance struct {
	// Bounces and Complaints are the provider's own limits, per million.
	// Default 50,000 (5 %) and 1,000 (0.1 %), those of SES.
	Bounces, Complaints int64
	// Share is at how many per cent of those we stop. Default 80.
	Share int64
	// Least is how many sends it takes to judge. Default 500.
	Least int64
}

// WithDefaults fills in what is 0.
func (t Tolerance) WithDefaults() Tolerance {
	for _, f := range []struct {
		field *int64
		value int64
	}{{&t.Bounces, 50_000}, {&t.Complaints, 1_000}, {&t.Share, 80}, {&t.Least, 500}} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	return t
}

// Judge returns why marketing must pause; "" if it need not. One bounce or
// complaint alone is no trend, however small the number of sends.
func (t Tolerance) Judge(s Standing) string {
	t = t.WithDefaults()
	if s.Sent < t.Least {
		return ""
	}
	for _, j := range []struct {
		what           string
		n, rate, limit int64
	}{{"bounces", s.Bounced, s.BounceRate(), t.Bounces}, {"complaints", s.Complained, s.ComplaintRate(), t.Complaints}} {
		if j.n > 1 && j.rate*100 >= j.limit*t.Share {
			return fmt.Sprintf("%s: %d of the last %d mails (%s) are %s; the limit is %s, we stop at %d %% of it",
				s.Provider, j.n, s.Sent, percent(j.rate), j.what, percent(j.limit), t.Share)
		}
	}
	return ""
}

// percent writes a rate per million.
func percent(r int64) string { return fmt.Sprintf("%d.%03d %%", r/10_000, r%10_000/10) }
