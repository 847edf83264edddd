package inbox_test

import (
	"testing"
	"time"

	"purser/order"
	"purser/records"
	"purser/records/inbox"
	"purser/records/recordstest"
)

// TestUndelivered (WHK-14): the events that many attempts have not delivered are found; one
// that was delivered, or waits for its order, is not among them.
func TestUndelivered(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		var ids []int64
		for _, event := range []string{"evt_1", "evt_2", "evt_3", "evt_4"} {
			it := inbox.Item{Provider: "stripe", EventID: event, Type: "charge.refunded", ReceivedAt: recordstest.Noon, Body: []byte("{}")}
			if _, err := s.Receive(t.Context(), &it); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, it.ID)
		}
		for range 3 {
			if err := s.RecordDelivery(t.Context(), ids[:3], inbox.Received, "down", recordstest.Noon.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.RecordDelivery(t.Context(), ids[1:2], inbox.Held, "no order yet", recordstest.Noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		found := func(after int64, attempts int) []order.UndeliveredEvent {
			t.Helper()
			all, err := s.UndeliveredAfter(t.Context(), after, attempts, 10)
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		if all := found(0, 3); len(all) != 2 || all[0].ID != ids[0] || all[0].EventID != "evt_1" || all[0].Attempts != 3 || !all[0].ReceivedAt.Equal(recordstest.Noon) || all[1].ID != ids[2] {
			t.Errorf("%+v", all)
		}
		if all := found(ids[0], 3); len(all) != 1 {
			t.Errorf("after the first: %+v", all)
		}
		if all := found(0, 4); len(all) != 0 {
			t.Errorf("with more attempts: %+v", all)
		}
		if err := s.RecordDelivery(t.Context(), ids[:1], inbox.Delivered, "", time.Time{}); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[int64]bool{ids[0]: false, ids[1]: true, ids[2]: true, 9999: false} {
			if open, err := s.UndeliveredOpen(t.Context(), id); err != nil || open != want {
				t.Errorf("%d is open: %t, %v", id, open, err)
			}
		}
		if all := found(0, 3); len(all) != 1 {
			t.Errorf("after the delivery: %+v", all)
		}
	})
}
