package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the path of the program under test, which is built once.
var binary string

// commit is the commit that the program is stamped with.
const commit = "0e2e0e2"

func TestMain(m *testing.M) {
	// Most tests wait most of the time. The flag -parallel overrides this.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "purser-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "purser")
	if err := buildProgram(binary, "purser"); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// buildProgram builds a main package as the tests are built.
func buildProgram(path, pkg string) error {
	args := []string{"build", "-buildvcs=false", "-ldflags=-X purser/version.commit=" + commit, "-o", path}
	if underRace {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, pkg)...).CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return nil
}
