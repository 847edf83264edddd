package commands

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"purser/cli"
)

// TestCompletionAndMan: the scripts and the manual page name every command, and the page
// every setting.
func TestCompletionAndMan(t *testing.T) {
	d := newDocumented(t)
	print := func(args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if code := Run(t.Context(), args, &stdout, &stderr); code != cli.ExitOK {
			t.Fatalf("%q: exit code %d: %s", args, code, &stderr)
		}
		return stdout.String()
	}
	page := strings.ReplaceAll(print("man"), `\-`, "-")
	for _, n := range d.root.Leaves(true) {
		path := strings.TrimPrefix(n.FullPath(), d.root.Name+" ")
		for _, shell := range []string{cli.Bash, cli.Zsh, cli.Fish} {
			if script := print("completion", shell); !strings.Contains(script, path+"'") {
				t.Errorf("%s: the script does not know %q", shell, path)
			}
		}
		if !strings.Contains(page, ".SS \"purser "+path) {
			t.Errorf("the page lacks %q", path)
		}
	}
	for name := range d.settings {
		if name != "NO_COLOR" && !strings.Contains(page, name) { // no flag has NO_COLOR
			t.Errorf("the page lacks %s", name)
		}
	}
	cmd := exec.Command("bash", "-n")
	cmd.Stdin = strings.NewReader(print("completion", "bash"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("bash -n: %v: %s", err, out)
	}
}
