package finder

import (
	"testing"
)

func TestTypos(t *testing.T) {
	for _, tt := range []struct {
		typed, word string
		allowed     int
		prefix      bool
		want        int // -1: too many
	}{
		{"harbour", "harbour", 1, false, 0},
		{"harbor", "harbour", 1, false, 1},
		{"harbuor", "harbour", 1, false, 1}, // swapped
		{"harbouur", "harbour", 1, false, 1},
		{"hxrbour", "harbour", 1, false, 1},
		{"hxrbxur", "harbour", 1, false, -1},
		{"hxrbxur", "harbour", 2, false, 2},
		{"xarbour", "harbour", 1, false, -1}, // the first letter counts double
		{"xarbour", "harbour", 2, false, 2},
		{"harb", "harbour", 1, false, -1},
		{"harb", "harbour", 1, true, 0},
		{"hrabo", "harbour", 1, true, 1},
		{"harbourside", "harbour", 2, true, -1},
		{"harbours", "harbour", 1, true, 1},
		{"", "harbour", 1, true, -1},
		{"übergröße", "übergrösse", 2, false, 2},
	} {
		n, ok := typos([]rune(tt.typed), []rune(tt.word), tt.allowed, tt.prefix)
		if !ok {
			n = -1
		}
		if n != tt.want {
			t.Errorf("%q and %q, %d allowed, prefix %t: got %d, want %d", tt.typed, tt.word, tt.allowed, tt.prefix, n, tt.want)
		}
	}
}
