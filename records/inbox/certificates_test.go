package inbox_test

import (
	"fmt"
	"testing"

	"purser/records"
	"purser/records/recordstest"
)

// Certificates are stored for other processes, the latest for each address, and
// their number is limited (WHK-18).
func TestCertificates(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		keep := func(address, chain string) {
			t.Helper()
			if err := s.KeepCertificate(t.Context(), address, []byte(chain)); err != nil {
				t.Fatal(err)
			}
		}
		keep("https://sns.example/a.pem", "old")
		for i := range 70 {
			keep(fmt.Sprintf("https://sns.example/%d.pem", i), "other")
		}
		keep("https://sns.example/a.pem", "new")
		kept, err := s.Certificates(t.Context())
		if err != nil || len(kept) != 64 || string(kept["https://sns.example/a.pem"]) != "new" || string(kept["https://sns.example/69.pem"]) != "other" {
			t.Errorf("%d are kept, %q, %v", len(kept), kept["https://sns.example/a.pem"], err)
		}
	})
}
