// Package soak says how long tests run: short by default, at full length where
// PURSER_SOAK is set, as "make soak" does.
package soak

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

// Full reports whether tests run at full length.
func Full() bool { return os.Getenv("PURSER_SOAK") != "" }

// Checks lets the package's rapid.Check try so many cases by default. At full
// length, or if the flag is given, -rapid.checks counts. The flag belongs to the
// whole package, so it is for one with a single property test.
func Checks(n int) error {
	given := Full()
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if given {
		return nil
	}
	checks := flag.Lookup("rapid.checks")
	if checks == nil {
		return errors.New("soak: the package has no property test")
	}
	return checks.Value.Set(fmt.Sprint(n)) // not flag.Set: it would count as given
}
