// Package e2e tests the whole program: it runs it in processes of its own, as a
// shop would, calls it over HTTP, kills it, and counts what the providers'
// stand-ins received.
package e2e
