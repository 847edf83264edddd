// Package porttest has a conformance suite for each port of the activities: it
// checks what a workflow relies on. Fakes and adapters pass the same suites.
package porttest
