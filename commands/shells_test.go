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
	scripts := map[string]string{}
	for _, shell := range []string{cli.Bash, cli.Zsh, cli.Fish} {
		scripts[shell] = print("completion", shell)
	}
	for _, n := range d.root.Leaves(true) {
		path := strings.TrimPrefix(n.FullPath(), d.root.Name+" ")
		for shell, script := range scripts {
			if !strings.Contains(script, path+"'") {
				t.Errorf("%s: the script does not know %q", shell, path)
			}
		}
		if !strings.Contains(page, ".SS \"purser "+path) {
			t.Errorf("the page lacks %q", path)
		}
	}
	for _, n := range nodes(d.root) {
		for _, f := range n.Flags {
			for _, name := range f.Envs {
				if strings.Contains(page, name) == f.Hidden {
					t.Errorf("whether the page has %s: %t", name, !f.Hidden)
				}
			}
		}
	}
	cmd := exec.Command("bash", "-n")
	cmd.Stdin = strings.NewReader(scripts[cli.Bash])
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("bash -n: %v: %s", err, out)
	}
}
