//go:build race

package e2e_test

// underRace builds the program with the race detector, as the tests are.
const underRace = true
