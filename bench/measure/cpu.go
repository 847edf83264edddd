package measure

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// clockTick is the unit of processor time in /proc (sysconf(_SC_CLK_TCK), 100
// a second on every Linux in use).
const clockTick = 10 * time.Millisecond

// OwnTime returns the processor time that this process has used so far.
func OwnTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // cannot fail for the own process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ProcessorTime returns the processor time that this process, other processes of
// the stack and the Postgres servers of this machine have used so far. Where there
// is no /proc, only this process counts.
func ProcessorTime(others ...int) (time.Duration, error) {
	total := OwnTime()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, path := range stats {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return 0, fmt.Errorf("processor time: %w", err)
		}
		if stat, err := os.ReadFile(path); err == nil { // the process may have ended
			name, used := timeOf(stat)
			if name == "postgres" || slices.Contains(others, pid) {
				total += used
			}
		}
	}
	return total, nil
}

// timeOf reads a line of /proc/<pid>/stat and returns the process's name and the
// processor time that it has used. The name in parentheses may hold spaces; user
// and system time are the 12th and 13th field after it.
func timeOf(stat []byte) (name string, used time.Duration) {
	before, rest, ok := bytes.Cut(stat, []byte(") "))
	fields := strings.Fields(string(rest))
	_, after, opened := bytes.Cut(before, []byte("("))
	if !ok || !opened || len(fields) < 15 {
		return "", 0
	}
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return "", 0
		}
		ticks += n
	}
	return string(after), time.Duration(ticks) * clockTick
}
