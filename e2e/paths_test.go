package e2e_test

import (
	"os"
	"path/filepath"
	"testing"

	"purser/images"
)

// TestRelativePaths: although the embedded object store changes the program's
// working directory, a relative path in the settings keeps its meaning, also after
// a restart.
func TestRelativePaths(t *testing.T) {
	t.Parallel()
	cwd := t.TempDir()
	if err := os.Mkdir(filepath.Join(cwd, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, cwd: cwd, dir: filepath.Join(cwd, "state"), env: []string{"TMPDIR=tmp"}, args: append([]string{"up", "--data=./state"}, anyPort...)}
	s.start()
	p, err := s.shop.AddImage(within(t), "mug-blue", "a blue mug", "image/jpeg", images.Sample("mug-blue"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s.shows(t, p)
		if code := s.interrupt(); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		for dir, want := range map[string]int{"": 2, "tmp": 0} {
			left, err := os.ReadDir(filepath.Join(cwd, dir))
			if err != nil || len(left) != want {
				t.Errorf("%q holds %v, %v; want %d", dir, left, err, want)
			}
		}
		s.start()
		if p, err = s.shop.Image(within(t), p.ID); err != nil {
			t.Fatal(err)
		}
	}
}
