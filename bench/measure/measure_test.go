package measure

import (
	"runtime"
	"testing"
	"time"
)

func TestLatencies(t *testing.T) {
	var l Latencies
	if l.Percentile(50) != 0 || l.Mean() != 0 {
		t.Error("an empty collection has a percentile or a mean")
	}
	for n := 200; n > 0; n-- {
		l.Add(time.Duration(n) * time.Millisecond)
	}
	for percent, want := range map[float64]float64{0: 1, 50: 100, 99: 198, 100: 200} {
		if got := l.Percentile(percent); got != want {
			t.Errorf("percentile %v: %v ms, want %v", percent, got, want)
		}
	}
	if l.Mean() != 100.5 || l.Count() != 200 {
		t.Errorf("mean %v of %d, want 100.5 of 200", l.Mean(), l.Count())
	}
	l.Reset()
	if l.Count() != 0 {
		t.Errorf("%d durations are left after Reset", l.Count())
	}
}

// TestTimeOf reads lines of /proc/<pid>/stat, also the line of a process whose name
// holds a space and a parenthesis.
func TestTimeOf(t *testing.T) {
	const numbers = "S 1 2 3 0 -1 4194560 1 2 3 4 150 25 7 8 20 0 1 0"
	for _, tt := range []struct {
		name, stat string
		process    string
		used       time.Duration
	}{
		{name: "postgres", stat: "12 (postgres) " + numbers, process: "postgres", used: 1750 * time.Millisecond},
		{name: "space", stat: "12 (my (x) " + numbers, process: "my (x", used: 1750 * time.Millisecond},
		{name: "cut off", stat: "12 (postgres) S 1 2"},
		{name: "empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			process, used := timeOf([]byte(tt.stat))
			if process != tt.process || used != tt.used {
				t.Errorf("got %q, %s; want %q, %s", process, used, tt.process, tt.used)
			}
		})
	}
}

// TestOwnMemory compares the memory that the system reports with the memory that
// the test allocates.
func TestOwnMemory(t *testing.T) {
	before := HeapMB()
	block := make([]byte, 32<<20)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	if grown := HeapMB() - before; grown < 30 {
		t.Errorf("the heap grew by %.0f MB, want 32", grown)
	}
	if m := OwnMemory(); m.Peak < 32 || m.Now > m.Peak {
		t.Errorf("%+v after 32 MB were written", m)
	}
	runtime.KeepAlive(block)
}
