package soak

import (
	"flag"
	"testing"
)

// In its own tests this package has no rapid, so they define its flag.
var _ = flag.Int("rapid.checks", 100, "")

func TestChecks(t *testing.T) {
	const usual = "100"
	checks := flag.Lookup("rapid.checks").Value
	for _, tt := range []struct {
		name string
		soak string
		want string
	}{
		{name: "by default", want: "7"},
		{name: "at full length", soak: "1", want: usual},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PURSER_SOAK", tt.soak)
			if err := Checks(7); err != nil {
				t.Fatal(err)
			}
			if got := checks.String(); got != tt.want || Full() != (tt.soak != "") {
				t.Errorf("%s checks, at full length: %t; want %s", got, Full(), tt.want)
			}
			if err := checks.Set(usual); err != nil {
				t.Fatal(err)
			}
		})
	}
}
