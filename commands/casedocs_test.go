package commands_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"purser/order"
)

// TestDocsCases (REC-7): the table of the kinds of cases is what the program does.
func TestDocsCases(t *testing.T) {
	b, err := os.ReadFile("../docs/cases.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(string(b)) {
		if cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | "); len(cells) == 5 && strings.HasPrefix(cells[0], "`") {
			rows[strings.Trim(cells[0], "`")] = cells
		}
	}
	for _, r := range order.CaseRules() {
		row := rows[string(r.Kind)]
		if row == nil {
			t.Errorf("%s has no row", r.Kind)
			continue
		}
		delete(rows, string(r.Kind))
		var choices []string
		for _, c := range r.Choices {
			choices = append(choices, "`"+string(c)+"`")
		}
		days, then := int(r.Within/(24*time.Hour)), "a person is reminded"
		if r.Default != "" {
			then = "`" + string(r.Default) + "` is decided"
		}
		due := fmt.Sprintf("%d days", days)
		if days == 1 {
			due = "1 day"
		}
		if got, want := strings.Join(row[2:], " | "), strings.Join([]string{strings.Join(choices, ", "), due, then}, " | "); got != want {
			t.Errorf("%s: %s, want %s", r.Kind, got, want)
		}
	}
	if len(rows) > 0 {
		t.Errorf("rows of kinds that there are not: %v", rows)
	}
	for _, k := range order.HoldKinds() {
		if _, ok := order.CaseOfHold(k).Rule(); !ok {
			t.Errorf("a hold of %s has no kind of case", k)
		}
	}
}
