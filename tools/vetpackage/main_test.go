package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRun: a package without mistakes passes, and each kind of mistake is found.
func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name, file, source string
		red                bool
	}{
		{name: "clean", file: "sample.go", source: "package sample\n\nimport \"fmt\"\n\nfunc Say() { fmt.Println(1) }\n"},
		{name: "wrong verb", file: "sample.go", source: "package sample\n\nimport \"fmt\"\n\nfunc Say() { fmt.Sprintf(\"%d\", \"one\") }\n", red: true},
		{name: "copied lock", file: "sample.go", source: "package sample\n\nimport \"sync\"\n\nfunc Take(m sync.Mutex) {}\n", red: true},
		{name: "in a test file", file: "sample_test.go", source: "package sample\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { t.Errorf(\"%d\", \"one\") }\n", red: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "go.mod", "module sample\n\ngo 1.26\n")
			write(t, dir, "doc.go", "// Package sample is a sample.\npackage sample\n")
			write(t, dir, tt.file, tt.source)
			if err := run(dir, nil, []string{"."}); (err != nil) != tt.red {
				t.Errorf("got %v, want an error: %t", err, tt.red)
			}
		})
	}
	if err := run(t.TempDir(), nil, []string{"."}); err == nil {
		t.Error("no module: got no error")
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
