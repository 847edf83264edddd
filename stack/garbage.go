package stack

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// How much garbage there may be before it is collected.
const (
	mostGarbage = 256 << 20 // bytes; beyond what is live
	mostPercent = 400       // of what is live
	// leastPercent keeps collecting from taking all processors where very much
	// is live.
	leastPercent = 25
)

// CollectLess lets the heap grow to five times what is live before it is
// collected: the engine makes much short-lived garbage, and collecting it at
// the usual double takes a tenth of all processor time. That is for a small
// heap. What is live in a large one is no reason to leave five times as much
// lying about: beyond mostGarbage it is collected. GOGC overrides all of it.
func CollectLess() {
	if os.Getenv("GOGC") == "" {
		collectingLess()
	}
}

var collectingLess = sync.OnceFunc(func() {
	debug.SetGCPercent(mostPercent)
	percent := mostPercent
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	afterEachCollection(func() {
		metrics.Read(live)
		if next := garbagePercent(live[0].Value.Uint64()); next != percent {
			percent = next
			debug.SetGCPercent(next)
		}
	})
})

// garbagePercent is how much garbage there may be beside so many bytes that are
// live, as the runtime wants to be told.
func garbagePercent(live uint64) int {
	return int(min(max(mostGarbage*100/max(live, 1), leastPercent), mostPercent))
}

// afterEachCollection calls f after each garbage collection, from now on.
func afterEachCollection(f func()) {
	type marker struct{ _ *byte } // with a pointer, so that it is no part of another object
	runtime.AddCleanup(new(marker), func(f func()) {
		f()
		afterEachCollection(f)
	}, f)
}
