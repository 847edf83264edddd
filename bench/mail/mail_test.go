package mail

import (
	"path/filepath"
	"testing"
	"time"

	"purser/records"
)

// TestBenchMail (EML-1, EML-3, EML-5, F39, F41, F47) runs a small measurement: the
// rate limit is kept, and short outages neither lose nor double a mail.
func TestBenchMail(t *testing.T) {
	s, err := records.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "record.db"), records.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const rate = 10
	r, err := Measure(t.Context(), "sqlite", []*records.Store{s}, Load{Workers: 3, Rate: rate, For: 3 * time.Second, Flaps: 12})
	if err != nil {
		t.Fatal(err)
	}
	if r.Recipients > rate || r.Throttled > 0 || r.Recipients < rate/2 {
		t.Errorf("%d recipients in a second, %d throttled, at a rate of %d", r.Recipients, r.Throttled, rate)
	}
	if r.Lost != 0 || r.Doubled != 0 || r.FlapMails == 0 || r.ByBackup == 0 || r.UnknownSent == 0 {
		t.Errorf("%+v", r)
	}
	if r.Failover <= 0 || r.Failover > 10 || r.OrderMails == 0 {
		t.Errorf("%+v", r)
	}
}
