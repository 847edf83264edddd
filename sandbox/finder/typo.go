package finder

// typos counts the edits (a letter more, less, another, or two swapped)
// between what was typed and a word, up to allowed. With prefix, the
// beginning of the word that fits best is compared. A wrong first letter
// counts double: who types does not often miss it.
func typos(typed, word []rune, allowed int, prefix bool) (n int, ok bool) {
	if len(typed) == 0 || len(word) == 0 || !prefix && abs(len(typed)-len(word)) > allowed || prefix && len(typed) > len(word)+allowed {
		return 0, false
	}
	if prefix {
		word = word[:min(len(word), len(typed)+allowed)]
	}
	n = distance(typed, word, allowed, prefix)
	if typed[0] != word[0] {
		n++
	}
	return n, n <= allowed
}

// distance is the restricted Damerau-Levenshtein distance; allowed+1 stands
// for more. Each row of the table holds what the typed letters so far are
// away from the beginnings of word.
func distance(typed, word []rune, allowed int, prefix bool) int {
	var rows [3][longestWord + 1]uint8
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range word {
		last[j+1] = uint8(j + 1)
	}
	for i, t := range typed {
		row[0] = uint8(i + 1)
		best := row[0]
		for j, w := range word {
			cost := last[j]
			if t != w {
				cost = min(cost, last[j+1], row[j]) + 1
			}
			if i > 0 && j > 0 && t == word[j-1] && typed[i-1] == w {
				cost = min(cost, before[j-1]+1)
			}
			row[j+1] = cost
			best = min(best, cost)
		}
		if int(best) > allowed {
			return allowed + 1
		}
		before, last, row = last, row, before
	}
	n := last[len(word)]
	if prefix {
		for _, c := range last[:len(word)+1] {
			n = min(n, c)
		}
	}
	return int(n)
}

func abs(n int) int { return max(n, -n) }
