// Package fake has in-memory implementations of the activities' ports, for tests
// of workflows. They pass the same conformance suites (activities/porttest) as
// the real adapters, so that a test does not rely on what an adapter does not
// do. Each has hooks that make a call fail before or after its work.
package fake
