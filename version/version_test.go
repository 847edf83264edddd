package version

import (
	"regexp"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestString(t *testing.T) {
	stampedNumber, stampedCommit := number, commit
	t.Cleanup(func() { number, commit = stampedNumber, stampedCommit })
	if got, want := String(), number+" (commit unknown, "+runtime.Version()+")"; got != want {
		t.Errorf("without stamps: %q, want %q", got, want)
	}
	number, commit = "1.2.3", "abcdef0"
	if got, want := String(), "1.2.3 (commit abcdef0, "+runtime.Version()+")"; got != want || Number() != "1.2.3" {
		t.Errorf("stamped: %q and %q, want %q", got, Number(), want)
	}
}

// TestNumber checks the form of the default version: the next release of 0.x, in
// development.
func TestNumber(t *testing.T) {
	if !regexp.MustCompile(`^0\.\d+\.\d+-dev$`).MatchString(number) {
		t.Errorf("the version is %q", number)
	}
}

func TestNoted(t *testing.T) {
	const revision = "0123456789abcdef0123456789abcdef01234567"
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	for _, tt := range []struct {
		name     string
		settings []debug.BuildSetting
		want     string
	}{
		{name: "none"},
		{name: "clean", settings: []debug.BuildSetting{setting("vcs.revision", revision), setting("vcs.modified", "false")}, want: "0123456789ab"},
		{name: "dirty", settings: []debug.BuildSetting{setting("vcs.modified", "true"), setting("vcs.revision", revision)}, want: "0123456789ab-dirty"},
		{name: "short", settings: []debug.BuildSetting{setting("vcs.revision", "0123")}, want: "0123"},
		{name: "only modified", settings: []debug.BuildSetting{setting("vcs.modified", "true")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := noted(&debug.BuildInfo{Settings: tt.settings}); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
