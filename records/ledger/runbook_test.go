package ledger_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"purser/records/recordstest"
)

// correction is the statement of the runbook that writes a correcting entry.
var correction = regexp.MustCompile(`(?s)    (INSERT INTO ledger_entries .*?);`)

// TestRunbookCorrection: the runbook's statement makes the ledger agree again, for an
// entry that is missing and, with the accounts the other way round, for one that should
// not be there.
func TestRunbookCorrection(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "runbook.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := correction.FindSubmatch(text)
	if found == nil {
		t.Fatal("the runbook has no correcting entry")
	}
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s, db := open(t, url(t))
		other, o := paid(t, s), paid(t, s)
		statement := strings.NewReplacer("ORDER", string(o.ID), "TIME", strconv.FormatInt(time.Now().Unix(), 10)+"000000").Replace(string(found[1]))
		write := func(statement string) {
			t.Helper()
			if err := exec(t.Context(), db, statement); err != nil {
				t.Fatal(err)
			}
		}
		agree := func(want bool) {
			t.Helper()
			if got := differences(t, s, other.ID, o.ID); (len(got) == 0) != want {
				t.Errorf("agree: %t, want %t: %+v", !want, want, got)
			}
		}
		write(statement) // by somebody who should not have
		agree(false)
		write(strings.Replace(statement, "'clearing', 'captured'", "'captured', 'clearing'", 1))
		agree(true)
		remove(t, db, "order_id = '"+string(o.ID)+"' AND kind = 'order' AND credit = 'captured'")
		agree(false)
		write(statement)
		agree(true)
		all := entries(t, s)
		if last := all[len(all)-1]; last.OrderID != o.ID || last.Ref != o.Payments[0].Reference || last.Party != "stripe" || last.Amount.Amount != 1450 || last.Version == 0 {
			t.Errorf("booked as %+v", last)
		}
	})
}
