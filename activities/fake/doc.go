// Package fake holds the outside parties in memory, for tests of workflows.
// They pass the same conformance suites (activities/porttest) as the real
// adapters, so they cannot promise what those do not keep. Each has hooks that
// make a call fail before or after its work.
package fake
