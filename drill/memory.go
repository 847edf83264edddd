package drill

import (
	"os"
	"strconv"
	"strings"
)

// wordsIn are the words of a text.
func wordsIn(s string) []string { return strings.Fields(s) }

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
