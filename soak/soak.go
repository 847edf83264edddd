// Package soak decides how long tests run: short by default, at full length if
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

// Checks makes the package's rapid.Check try n cases by default. At full length,
// or if the flag is set, -rapid.checks decides. The flag applies to the whole
// package, so Checks is for a package with a single property test.
func Checks(n int) error {
	explicit := Full()
	flag.Visit(func(f *flag.Flag) { explicit = explicit || f.Name == "rapid.checks" })
	if explicit {
		return nil
	}
	checks := flag.Lookup("rapid.checks")
	if checks == nil {
		return errors.New("soak: the package has no property test")
	}
	return checks.Value.Set(fmt.Sprint(n)) // not flag.Set: that would count as explicit
}
