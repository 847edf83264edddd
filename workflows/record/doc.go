// Package record holds no code, only the test that records the histories of a
// release: apart from the other tests, because it links the Temporal server.
package record
