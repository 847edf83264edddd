package stack

import "purser/workers"

// ownSteps returns the steps of the shop's own that orders take from now on, with their
// activities: a line for each, and none in Purser itself. See docs/extending.md.
func (s *Stack) ownSteps() []workers.Own {
	return nil
}
