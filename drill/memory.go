package drill

import (
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
)

// wordsIn are the words of a text.
func wordsIn(s string) []string { return strings.Fields(s) }

// forgetPeak makes memory's peak the most from now on, where the system can.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// heapMB is how many megabytes of the heap are live, after a collection.
func heapMB() float64 {
	runtime.GC()
	runtime.GC() // what the first one's clean-ups let go of
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return float64(live[0].Value.Uint64()) / (1 << 20)
}

// memory is how many megabytes of this process are in memory, now and at
// most; 0 where the system does not say.
func memory() (now, peak float64) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kb, err := strconv.ParseFloat(f[1], 64)
		switch {
		case err != nil:
		case f[0] == "VmRSS:":
			now = kb / 1024
		case f[0] == "VmHWM:":
			peak = kb / 1024
		}
	}
	return now, peak
}
