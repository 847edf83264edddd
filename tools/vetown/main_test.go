package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool builds the vet tool, and returns its path.
func tool(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vetown")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// TestVet: each kind of mistake in the module's own packages is found, and a package
// without mistakes passes.
func TestVet(t *testing.T) {
	built := tool(t)
	for _, tt := range []struct {
		name, file, source string
		says               string // "": it passes
	}{
		{name: "clean", file: "sample.go", source: "package sample\n\nimport \"fmt\"\n\nfunc Say() { fmt.Println(1) }\n"},
		{name: "wrong verb", file: "sample.go", source: "package sample\n\nimport \"fmt\"\n\nfunc Say() { _ = fmt.Sprintf(\"%d\", \"one\") }\n", says: "Sprintf format %d"},
		{name: "copied lock", file: "sample.go", source: "package sample\n\nimport \"sync\"\n\nfunc Take(m sync.Mutex) {}\n", says: "passes lock by value"},
		{name: "in a test file", file: "sample_test.go", source: "package sample\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { t.Errorf(\"%d\", \"one\") }\n", says: "Errorf format %d"},
		{name: "another package's function", file: "sample.go", source: "package sample\n\nimport \"purser/log\"\n\nfunc Say() { log.Tell(\"%d\", \"one\") }\n", says: "Tell format %d"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "go.mod", "module purser\n\ngo 1.26\n")
			write(t, dir, "log/log.go", "// Package log tells.\npackage log\n\nimport \"fmt\"\n\n// Tell tells.\nfunc Tell(format string, args ...any) { fmt.Printf(format, args...) }\n")
			write(t, dir, "doc.go", "// Package sample is a sample.\npackage sample\n")
			write(t, dir, tt.file, tt.source)
			vet := exec.Command("go", "vet", "-vettool="+built, "./...")
			vet.Dir = dir
			out, err := vet.CombinedOutput()
			if (err != nil) != (tt.says != "") || !strings.Contains(string(out), tt.says) {
				t.Errorf("%v, %s, want %q", err, out, tt.says)
			}
		})
	}
}

// TestRun_others: a package of another module is not read.
func TestRun_others(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "vet.cfg", `{"ModulePath":"example.com/other","VetxOnly":true,"VetxOutput":"`+filepath.Join(dir, "facts")+`","GoFiles":["missing.go"]}`)
	if err := run([]string{filepath.Join(dir, "vet.cfg")}); err != nil {
		t.Fatal(err)
	}
	if facts, err := os.ReadFile(filepath.Join(dir, "facts")); err != nil || len(facts) != 0 {
		t.Errorf("facts %q, %v", facts, err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
