// Package e2e proves the whole: it runs the program as a shop would, as
// processes of their own, talks to it over HTTP, kills it, and counts what the
// world outside saw.
package e2e
