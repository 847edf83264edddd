// Package record has only the test that records the histories of a release. It is
// separate from the other tests because it links the Temporal server.
package record
