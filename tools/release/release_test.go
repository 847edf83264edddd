// Package release pins the tools that make a release, which are hundreds of modules,
// apart from those of the checks, and tests the release's configuration.
package release

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goreleaser/goreleaser/v2/pkg/config"
)

const root = "../.."

// configuration reads the release's configuration as GoReleaser does, which refuses a
// field that it does not know.
func configuration(t *testing.T) config.Project {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := config.LoadReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestConfiguration: a release has every platform, both packages, checksums and a list
// of modules, and each file that it packs exists.
func TestConfiguration(t *testing.T) {
	p := configuration(t)
	if len(p.Builds) != 1 || !slices.Equal(p.Builds[0].Goos, []string{"linux", "darwin"}) || !slices.Equal(p.Builds[0].Goarch, []string{"amd64", "arm64"}) {
		t.Fatalf("builds %+v", p.Builds)
	}
	flags := strings.Join(slices.Concat([]string(p.Builds[0].Flags), p.Builds[0].Ldflags, p.Builds[0].Env), " ")
	version, err := os.ReadFile(filepath.Join(root, "version", "version.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range []string{"number", "commit"} { // the linker ignores a stamp for a variable that does not exist
		if !strings.Contains(flags, "-X purser/version."+variable+"=") || !strings.Contains(string(version), "\t"+variable+" = ") {
			t.Errorf("version.%s is not stamped: %s", variable, flags)
		}
	}
	for _, flag := range []string{"-trimpath", "-s -w", "CGO_ENABLED=0"} {
		if !strings.Contains(flags, flag) {
			t.Errorf("%q lacks %s", flags, flag)
		}
	}
	if len(p.SBOMs) != 1 || p.Checksum.NameTemplate == "" || len(p.Archives) != 1 || len(p.NFPMs) != 1 || !slices.Equal(p.NFPMs[0].Formats, []string{"deb", "rpm"}) {
		t.Errorf("modules %+v, checksums %q, archives %d, packages %+v", p.SBOMs, p.Checksum.NameTemplate, len(p.Archives), p.NFPMs)
	}
	script, err := os.ReadFile(filepath.Join(root, "scripts", "release-files"))
	if err != nil {
		t.Fatal(err)
	}
	sources := []string{p.NFPMs[0].Scripts.PostInstall, p.NFPMs[0].Scripts.PreRemove}
	for _, c := range p.NFPMs[0].Contents {
		sources = append(sources, c.Source)
	}
	for _, source := range sources {
		if made, ok := strings.CutPrefix(source, "packaging/.made/"); ok {
			if !strings.Contains(string(script), "$made/"+made) {
				t.Errorf("scripts/release-files does not make %s", made)
			}
		} else if _, err := os.Stat(filepath.Join(root, source)); err != nil {
			t.Error(err)
		}
	}
}

// mostExposed is what `systemd-analyze security` may say at most, of 100: a service that
// needs the network and a directory has about 15.
const mostExposed = "20"

// TestUnit: systemd takes the unit without a warning, and finds it hardened.
func TestUnit(t *testing.T) {
	unit, err := os.ReadFile(filepath.Join(root, "packaging", "purser@.service"))
	if err != nil {
		t.Fatal(err)
	}
	// The program is not installed here.
	tested := strings.Replace(string(unit), "ExecStart=/usr/bin/purser ", "ExecStart=/bin/true ", 1)
	tested = strings.Replace(tested, "Documentation=man:purser(1)\n", "", 1)
	file := filepath.Join(t.TempDir(), "purser@up.service")
	if tested == string(unit) {
		t.Fatal("the unit does not start /usr/bin/purser")
	}
	if err := os.WriteFile(file, []byte(tested), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", file).CombinedOutput(); err != nil || strings.Contains(string(out), "purser@up") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+mostExposed, file).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
