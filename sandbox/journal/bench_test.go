package journal

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkWrites measures the writes of a stand-in for one step and its webhook:
// it puts three documents and deletes one of them.
func BenchmarkWrites(b *testing.B) {
	j, err := Open(filepath.Join(b.TempDir(), "x.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	body := map[string]string{"text": strings.Repeat("x", 1500)}
	began := processorTime(b)
	for i := 0; b.Loop(); i++ {
		step, event := fmt.Sprint(i), fmt.Sprintf("evt_%016x", uint64(i)*0x9E3779B97F4A7C15)
		for _, err := range []error{
			j.Put("step", step, body), j.Put("webhook", event, body),
			j.Delete("webhook", event), j.Put("delivered", event, true),
		} {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	writes := 4 * float64(b.N)
	b.ReportMetric(writes/b.Elapsed().Seconds(), "writes/s")
	b.ReportMetric(float64((processorTime(b)-began).Nanoseconds())/1000/writes, "cpu-µs/write")
}

func processorTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
