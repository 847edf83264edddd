package orders_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/workflows/orders"
)

// savedSnapshot returns the file of a saved snapshot.
func savedSnapshot(version int) string {
	return filepath.Join("testdata", "snapshots", fmt.Sprintf("v%d.json", version))
}

// TestSavedSnapshots (ORD-5, REC-10): a snapshot of each version that was ever written
// can be read, and the aftercare workflow goes on from it. The one of the present
// version is read without losing a field: a change of State that would lose one needs
// a new version. PURSER_RECORD_SNAPSHOT=1 saves one of the present version.
func TestSavedSnapshots(t *testing.T) {
	w := newFixture(t)
	w.at(time.Minute, func() { w.decline("card_declined", "") })
	w.at(4*time.Minute, w.pay)
	w.at(time.Hour, w.payElsewhere)
	w.at(90*time.Minute, func() { w.refundByHand(500) })
	w.at(2*time.Hour, func() {
		w.sendEvents(w.event(order.ProviderEvent{Type: "charge.dispute.created", Dispute: &order.Dispute{
			ID: "dp_1", PaymentRef: w.intent(), Amount: w.order().Total, Reason: "fraudulent", Status: order.DisputeNeedsResponse,
		}}))
	})
	w.arrive(3 * time.Hour)
	w.run().ended(order.Delivered)
	if os.Getenv("PURSER_RECORD_SNAPSHOT") != "" {
		s, err := w.record.Snapshot(t.Context(), id)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(savedSnapshot(s.Version)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(savedSnapshot(s.Version), indent(t, s.Data), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for v := 1; v <= orders.SnapshotVersion; v++ {
		t.Run(fmt.Sprint("v", v), func(t *testing.T) {
			data, err := os.ReadFile(savedSnapshot(v))
			if err != nil {
				t.Fatal(err)
			}
			s, err := orders.Restore(order.Snapshot{Version: v, Data: data})
			if err != nil {
				t.Fatal(err)
			}
			if s.ID != id || s.Phase != orders.Completed || len(s.Payments) != 2 || len(s.Refunds) != 2 || len(s.Disputes) != 1 || len(s.Seen) == 0 {
				t.Errorf("%+v", s)
			}
			if v == orders.SnapshotVersion {
				again, err := s.Snapshot()
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(fields(t, data), fields(t, again.Data)); d != "" {
					t.Errorf("a field was lost or renamed without a new version (-saved +restored):\n%s", d)
				}
			}
			goesOn(t, order.Snapshot{Version: v, Data: data})
		})
	}
	if _, err := orders.Restore(order.Snapshot{Version: orders.SnapshotVersion + 1, Data: []byte("{}")}); err == nil {
		t.Error("a snapshot of a later version was read")
	}
}

// goesOn checks that the aftercare workflow refunds a payment for the order of a saved
// snapshot, and that an event received before changes nothing.
func goesOn(t *testing.T, s order.Snapshot) {
	t.Helper()
	w := newFixture(t)
	w.at(time.Minute, w.pay)
	w.arrive(0)
	w.run()
	o, snapshot := w.order(), s
	o.Version++
	state, err := orders.Restore(s)
	if err == nil {
		state.Version, state.Fence = o.Version, 1<<60
		snapshot, err = state.Snapshot()
	}
	if err == nil {
		err = w.record.SaveOrder(t.Context(), order.Change{
			Order: o, Fence: 1 << 60, Snapshot: snapshot,
			Events: []order.Event{{OrderID: id, Seq: o.Version, Kind: order.PaymentConfirmed, From: o.Status, To: o.Status, Actor: "purser"}},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	w.made = 1000 // ids that the snapshot does not have
	before := len(w.events())
	for seen := range state.Seen {
		w.sendEvents(order.ProviderEvent{ID: seen, Parcel: &order.ShipmentEvent{Reference: reference, Status: order.ParcelReturned}})
	}
	if n := len(w.events()); n != before {
		t.Errorf("%d events were handled again", n-before)
	}
	other := w.secondPayment()
	if in, err := w.bank.GetIntent(t.Context(), other); err != nil || !in.Status.Dead() {
		t.Errorf("the second payment is %s, %v", in.Status, err)
	}
}

func indent(t *testing.T, b []byte) []byte {
	t.Helper()
	b, err := json.MarshalIndent(fields(t, b), "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func fields(t *testing.T, b []byte) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// FuzzRestore: no snapshot, however damaged, ends the process.
func FuzzRestore(f *testing.F) {
	saved, err := os.ReadFile(savedSnapshot(orders.SnapshotVersion))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(1, saved)
	f.Add(1, []byte(`{"payments":[{"surplus":true}],"phase":"closed"}`))
	f.Add(0, []byte(`null`))
	f.Fuzz(func(t *testing.T, version int, data []byte) {
		s, err := orders.Restore(order.Snapshot{Version: version, Data: data})
		if err != nil {
			return
		}
		again, err := s.Snapshot()
		if err != nil {
			return // such as a time that JSON cannot express
		}
		if _, err := orders.Restore(again); err != nil {
			t.Errorf("a restored snapshot cannot be restored: %v", err)
		}
	})
}
