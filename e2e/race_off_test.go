//go:build !race

package e2e_test

// underRace reports whether the tests, and so the program, are built with the race
// detector.
const underRace = false
