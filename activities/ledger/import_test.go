package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/ledger"
	"purser/order"
	"purser/records/recordstest"
)

// statement is a provider's balance, the latest settlement first.
type statement struct {
	mu    sync.Mutex
	all   []ledger.Settlement
	lists []string // what was listed
	dies  int      // after how many pages; 0: never
}

const statementPage = 10

func (p *statement) Settlements(_ context.Context, from, to time.Time, f func([]ledger.Settlement) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var page []ledger.Settlement
	pages := 0
	flush := func() error {
		err := f(page)
		page = nil
		if pages++; err == nil && pages == p.dies {
			err = &order.ProviderError{Kind: order.ErrRejected} // the process is gone
		}
		return err
	}
	for _, s := range p.all {
		if !s.At.IsZero() && (s.At.Before(from) || !to.IsZero() && s.At.After(to)) {
			continue
		}
		p.lists = append(p.lists, s.ID)
		if page = append(page, s); len(page) == statementPage {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(page) == 0 {
		return nil
	}
	return flush()
}

func (p *statement) Settlement(_ context.Context, id string) (ledger.Settlement, error) {
	for _, s := range p.all {
		if s.ID == id {
			return s, nil
		}
	}
	return ledger.Settlement{}, &order.ProviderError{Kind: order.ErrNoSuch}
}

// add adds a settlement that is later than the others.
func (p *statement) add(id string, at time.Time) {
	s := ledger.Settlement{ID: id, Party: "stripe", Kind: ledger.SettlementOther, Amount: order.Money{Amount: 100, Currency: "EUR"}, Net: 100, At: at}
	p.all = append([]ledger.Settlement{s}, p.all...)
}

// booked returns how often each settlement is booked.
func (s *shop) booked() map[string]int {
	s.Helper()
	n := map[string]int{}
	s.must(s.store.EachEntry(s.Context(), time.Time{}, time.Time{}, func(e ledger.Entry) error {
		n[e.Source]++
		return nil
	}))
	return n
}

// TestImportResumes (REC-4): an import that broke off continues where it was, and books
// each settlement once, also those that came between, and those of one second.
func TestImportResumes(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s := newShop(t, url(t))
		at := time.Now().Add(-40 * 24 * time.Hour).Truncate(time.Second).UTC()
		p := &statement{}
		for i := range 47 {
			p.add(fmt.Sprintf("txn_%d", i), at.Add(time.Duration(i/4)*time.Hour))
		}
		s.steps.Balance = p
		for try := range 3 { // three pages of the five are read, and then the rest
			p.dies = []int{2, 1, 0}[try]
			p.lists = nil
			found := s.check(false)
			if broke := found.Problem != ""; broke != (p.dies > 0) {
				t.Errorf("try %d: %+v", try, found)
			}
			p.add(fmt.Sprintf("late_%d", try), at.Add(time.Duration(20+try)*time.Hour))
		}
		if first := p.lists[0]; strings.HasPrefix(first, "late") || strings.Count(strings.Join(p.lists, " ")+" ", "txn_46 ") > 1 {
			t.Errorf("the last import begins with %s, and lists %q", first, p.lists)
		}
		s.check(false)
		n := s.booked()
		for _, b := range p.all {
			if n[b.ID] != 1 {
				t.Errorf("%s is booked %d times", b.ID, n[b.ID])
			}
		}
		// A person was asked once about the imports that broke off, and it is resolved.
		if sent := s.mailer.Sent(); len(sent) != 1 || !strings.Contains(sent[0].Content.Text, "the provider's balance transactions cannot be imported") || len(s.open()) > 0 {
			t.Errorf("%d mails, %+v", len(sent), s.open())
		}
		p.lists = nil
		if s.check(false); len(p.lists) > 4 {
			t.Errorf("the next import lists %d settlements", len(p.lists))
		}
	})
}

// TestUnbookable (REC-4, REC-6): a settlement that cannot be booked stops nothing, and a
// person is asked about it once; it is booked as soon as it can be.
func TestUnbookable(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s := newShop(t, url(t))
		p, at := &statement{}, time.Now().Add(-time.Hour).Truncate(time.Second).UTC()
		for i := range 25 {
			p.add(fmt.Sprintf("txn_%d", i), at)
		}
		half, sum, when := &p.all[3], &p.all[12], &p.all[20]
		good := []ledger.Settlement{*half, *sum, *when}
		half.Problem, sum.Net = "half a króna", 99
		when.Problem, when.At = "it was made at -1, which is not a time", time.Time{}
		s.steps.Balance = p
		for i := range 3 {
			found := s.check(i == 2)
			if found.Differences != 3 || found.Problem != "" || len(s.mailer.Sent()) != 1 {
				t.Errorf("check %d: %+v, %d mails: %+v", i, found, len(s.mailer.Sent()), s.open())
			}
		}
		text := s.mailer.Sent()[0].Content.Text
		for _, want := range []string{half.ID + ", balance", "half a króna", sum.ID, "100 less a fee of 0 is not 99", when.ID, "is not a time"} {
			if !strings.Contains(text, want) {
				t.Errorf("the mail does not say %q: %s", want, text)
			}
		}
		if n := s.booked(); len(n) != 22 {
			t.Errorf("%d are booked", len(n))
		}
		*half, *sum, *when = good[0], good[1], good[2]
		if found := s.check(false); found.Differences > 0 || len(s.booked()) != 25 || len(s.mailer.Sent()) != 1 {
			t.Errorf("mended: %+v, %d booked, %d mails: %+v", found, len(s.booked()), len(s.mailer.Sent()), s.open())
		}
	})
}

// TestClockAhead (REC-4): a provider whose clock is ahead for a while hides no later
// settlement from the import.
func TestClockAhead(t *testing.T) {
	s := newShop(t, recordstest.SQLite(t))
	p, now := &statement{}, time.Now().Truncate(time.Second).UTC()
	p.add("ahead", now.Add(30*24*time.Hour))
	s.steps.Balance = p
	s.check(false)
	p.add("later", now.Add(time.Minute))
	s.check(true)
	if n := s.booked(); n["ahead"] != 1 || n["later"] != 1 || len(s.open()) > 0 {
		t.Errorf("booked %v, %+v", n, s.open())
	}
}

// TestChecksOverlap (REC-6): checks that run at the same time, and find the same and
// other differences, send one mail about each.
func TestChecksOverlap(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s := newShop(t, url(t))
		var sold []order.Order
		for range 3 {
			sold = append(sold, s.sell("pm_card_visa"))
		}
		s.check(false)
		for _, o := range sold {
			s.refund(o, 450)
		}
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() { s.check(i%2 == 0) })
		}
		all.Wait()
		reported := map[order.ID]int{}
		for _, m := range s.mailer.Sent() {
			for _, o := range sold {
				reported[o.ID] += strings.Count(m.Content.Text, string(o.ID))
			}
		}
		for _, o := range sold {
			if reported[o.ID] != 1 {
				t.Errorf("a person was asked %d times about %s", reported[o.ID], o.ID)
			}
		}
		if open := s.open(); len(open) != 3 {
			t.Errorf("%+v", open)
		}
	})
}

// TestManyDifferences (REC-5, REC-6): however much differs already, a new difference is
// found, by a check of the changed orders too.
func TestManyDifferences(t *testing.T) {
	s := newShop(t, recordstest.SQLite(t))
	s.exec(` -- of orders before all others
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
			INSERT INTO ledger_differences (order_id, payment, ref, party, source, account, currency, record, ledger, why, found_at, report, reported_at, resolved_at)
			SELECT printf('aaa_%04d', i), 1, '', 'stripe', '', 'captured', 'EUR', 1, 0, 'why', 1, 1, 1, 0 FROM n`)
	for _, full := range []bool{false, true} {
		o := s.sell("pm_card_visa")
		s.refund(o, 450)
		before := len(s.mailer.Sent())
		s.check(full)
		sent := s.mailer.Sent()
		if len(sent) != before+1 || !strings.Contains(sent[before].Content.Text, string(o.ID)) || strings.Contains(sent[before].Content.Text, "aaa_") {
			t.Errorf("full %t: %d mails", full, len(sent)-before)
		}
	}
}
