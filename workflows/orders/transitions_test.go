package orders

import (
	"reflect"
	"slices"
	"testing"

	"purser/order"
)

// TestTransitions proves ORD-1: for each phase, held or not, and each kind of message
// there is exactly one transition, and each transition is needed.
func TestTransitions(t *testing.T) {
	if missing := undecided(transitions); len(missing) > 0 {
		t.Errorf("no transition, or more than one, for %v", missing)
	}
	for i := range transitions {
		rest := slices.Delete(slices.Clone(transitions), i, i+1)
		if len(undecided(rest)) == 0 {
			t.Errorf("transition %d (%s) can be left out", i, transitions[i].on)
		}
	}
}

// undecided returns the cells of the table without exactly one transition.
func undecided(table []transition) (cells [][3]string) {
	for _, p := range Phases() {
		for _, k := range append([]order.HoldKind{""}, order.HoldKinds()...) {
			for _, on := range MessageKinds() {
				n := 0
				for _, tr := range table {
					if tr.applies(p, k != "", on) {
						n++
					}
				}
				if n != 1 {
					cells = append(cells, [3]string{string(p), string(k), string(on)})
				}
			}
		}
	}
	return cells
}

// TestMessageKinds: each part that a provider event can have is a kind of message, so
// that the table cannot forget one.
func TestMessageKinds(t *testing.T) {
	typ := reflect.TypeFor[order.ProviderEvent]()
	found := map[order.EventKind]bool{order.UnknownReport: true, cancelMessage: true, resolveMessage: true, refundMessage: true, bookMessage: true, parcelMessage: true, requestReturnMessage: true, decideReturnMessage: true, receiveReturnMessage: true, changeMessage: true, takeCreditMessage: true}
	for i := range typ.NumField() {
		if f := typ.Field(i); f.Type.Kind() == reflect.Pointer {
			var n order.ProviderEvent
			reflect.ValueOf(&n).Elem().Field(i).Set(reflect.New(f.Type.Elem()))
			if n.Kind() == order.UnknownReport || found[n.Kind()] {
				t.Errorf("an event with %s has the kind %q", f.Name, n.Kind())
			}
			found[n.Kind()] = true
		}
	}
	if len(found) != len(MessageKinds()) {
		t.Errorf("%d kinds of messages are listed, want %v", len(MessageKinds()), found)
	}
	for _, k := range MessageKinds() {
		if !found[k] {
			t.Errorf("%q is listed and is not a kind of message", k)
		}
	}
}

// TestStatusOfEveryPhase: each phase has a status, and a hold overrules it.
func TestStatusOfEveryPhase(t *testing.T) {
	for _, p := range Phases() {
		s := State{Phase: p, Abort: &Abort{Ends: order.Cancelled}}
		if got := s.status(); !slices.Contains(order.Statuses(), got) || got.Final() != p.ended() {
			t.Errorf("phase %s has the status %q", p, got)
		}
		s.Hold = &order.Hold{}
		if got := s.status(); got != order.OnHold {
			t.Errorf("phase %s on hold has the status %q", p, got)
		}
	}
}
