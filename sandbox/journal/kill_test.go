package journal

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// writeForever is the child process of TestKill. It prints each id once Put has
// returned.
func writeForever(t *testing.T, path string) {
	j := open(t, path)
	for i := 0; ; i++ {
		put(t, j, "a", fmt.Sprint("id", i), i)
		fmt.Println("put", fmt.Sprint("id", i))
	}
}

// TestKill checks that every document that Put has written is there after a
// kill -9 in the middle of writing.
func TestKill(t *testing.T) {
	if path := os.Getenv("JOURNAL_TEST_FILE"); path != "" {
		writeForever(t, path)
	}
	path := filepath.Join(t.TempDir(), "x.db")
	promised := map[string]bool{}
	for round := range 3 {
		child := exec.Command(os.Args[0], "-test.run", "^TestKill$")
		child.Env = append(os.Environ(), "JOURNAL_TEST_FILE="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		said := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "put "); ok {
				promised[id] = true
				if said++; said == 50*(round+1) {
					if err := child.Process.Kill(); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		_ = child.Wait() // killed
		found := map[string]bool{}
		j := open(t, path)
		for _, s := range contents(t, j, "a") {
			id, _, _ := strings.Cut(s, "=")
			found[id] = true
		}
		if err := j.Close(); err != nil { // for the next child
			t.Fatal(err)
		}
		for id := range promised {
			if !found[id] {
				t.Fatalf("round %d: %s is lost", round, id)
			}
		}
	}
}
