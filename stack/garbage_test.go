package stack

import (
	"runtime"
	"testing"
)

// TestGarbageIsBounded: the garbage is bounded, however large the live heap is.
func TestGarbageIsBounded(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 10 << 20: 400, 64 << 20: 400, 128 << 20: 200, 256 << 20: 100, 512 << 20: 50, 8 << 30: 25} {
		got := garbagePercent(live)
		if got != want {
			t.Errorf("%d MB live: %d %%, want %d %%", live>>20, got, want)
		}
		if lies := live / 100 * uint64(got); live <= 1<<30 && lies > mostGarbage {
			t.Errorf("%d MB live: %d MB of garbage", live>>20, lies>>20)
		}
	}
}

func TestAfterEachCollection(t *testing.T) {
	logged := make(chan bool, 1)
	afterEachCollection(func() {
		select {
		case logged <- true:
		default: // no collection has happened yet
		}
	})
	for range 3 {
		runtime.GC()
		<-logged
	}
}
