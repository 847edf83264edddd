package main

import (
	"os"
	"path/filepath"
	"testing"
)

// A check that cannot fail checks nothing.
func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name, file, source string
		red                bool
	}{
		{"clean", "room.go", "package room\n\nimport \"fmt\"\n\nfunc Say() { fmt.Println(1) }\n", false},
		{"wrong verb", "room.go", "package room\n\nimport \"fmt\"\n\nfunc Say() { fmt.Sprintf(\"%d\", \"one\") }\n", true},
		{"copied lock", "room.go", "package room\n\nimport \"sync\"\n\nfunc Take(m sync.Mutex) {}\n", true},
		{"in a test file", "room_test.go", "package room\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { t.Errorf(\"%d\", \"one\") }\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "go.mod", "module room\n\ngo 1.26\n")
			write(t, dir, "doc.go", "// Package room is a sample.\npackage room\n")
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
