package commands

import (
	"fmt"
	"time"
)

// parsePeriod returns the times of two flags: the first that belongs to the period,
// and the first after it. An empty flag leaves the period open. A day is one of UTC,
// and the whole last day belongs to the period.
func parsePeriod(fromFlag, from, toFlag, to string) (first, after time.Time, err error) {
	if first, _, err = parseMoment(fromFlag, from); err != nil {
		return first, after, err
	}
	after, day, err := parseMoment(toFlag, to)
	if err != nil {
		return first, after, err
	}
	if day {
		after = after.AddDate(0, 0, 1)
	}
	if !first.IsZero() && !after.IsZero() && !first.Before(after) {
		return first, after, usageError{fmt.Errorf("%s %s is not before %s %s", fromFlag, from, toFlag, to)}
	}
	return first, after, nil
}

// parseMoment returns the time that a flag names, and whether it names a whole day.
func parseMoment(flag, s string) (at time.Time, day bool, err error) {
	if s == "" {
		return time.Time{}, false, nil
	}
	if at, err := time.Parse(time.DateOnly, s); err == nil {
		return at, true, nil
	}
	at, err = time.Parse(time.RFC3339, s)
	if err != nil {
		err = usageError{fmt.Errorf("%s %q: want a day such as 2026-03-01, or a time such as 2026-03-01T09:00:00Z", flag, s)}
	}
	return at, false, err
}
