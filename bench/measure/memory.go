package measure

import (
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Memory holds how many megabytes of this process are resident. Where there is no
// /proc, only Peak is known.
type Memory struct {
	Now    float64
	Peak   float64 // the highest since the start, or since ForgetPeak
	Mapped float64 // the part of Now that is mapped files
}

// OwnMemory reads the memory of this process.
func OwnMemory() Memory {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // cannot fail for the own process
	m := Memory{Peak: float64(u.Maxrss) / 1024}
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return m
	}
	fields := map[string]*float64{"VmRSS:": &m.Now, "VmHWM:": &m.Peak, "RssFile:": &m.Mapped}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 || fields[f[0]] == nil {
			continue
		}
		if kb, err := strconv.ParseFloat(f[1], 64); err == nil {
			*fields[f[0]] = kb / 1024
		}
	}
	return m
}

// ForgetPeak restarts Memory.Peak from the present memory, where the system can.
func ForgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// HeapMB returns how many megabytes of the heap are live, after a collection.
func HeapMB() float64 {
	runtime.GC()
	runtime.GC() // collects what the cleanups of the first one released
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return float64(live[0].Value.Uint64()) / (1 << 20)
}
