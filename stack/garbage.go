package stack

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// The amount of garbage that may exist before it is collected.
const (
	mostGarbage = 256 << 20 // bytes beyond the live heap
	mostPercent = 400       // of the live heap
	// leastPercent keeps the collector from taking all processors where the live
	// heap is very large.
	leastPercent = 25
)

// CollectLess lets the heap grow to five times its live size before it is
// collected: the engine makes much short-lived garbage, and collecting it at
// the usual double takes a tenth of all processor time. A large live heap, such
// as the search stand-in's index of a hundred thousand products, must not
// multiply the garbage: beyond mostGarbage it is collected. GOGC overrides all
// of this.
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

// garbagePercent returns the garbage that may exist for a live heap of so many
// bytes, as a percentage of it, for debug.SetGCPercent.
func garbagePercent(live uint64) int {
	return int(min(max(mostGarbage*100/max(live, 1), leastPercent), mostPercent))
}

// afterEachCollection calls f after each garbage collection, from now on.
func afterEachCollection(f func()) {
	type marker struct{ _ *byte } // its pointer keeps the runtime from batching it with other tiny objects
	runtime.AddCleanup(new(marker), func(f func()) {
		f()
		afterEachCollection(f)
	}, f)
}
