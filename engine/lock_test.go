package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"purser/engine"
)

func TestLockDir(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	unlock, err := engine.LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}

	_, err = engine.LockDir(dir)
	var inUse *engine.InUseError
	if !errors.As(err, &inUse) {
		t.Fatalf("second lock: %v", err)
	}
	if inUse.PID != os.Getpid() || inUse.Dir != dir {
		t.Errorf("holder = %+v", inUse)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %v", err)
	}

	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := engine.LockDir(dir)
	if err != nil {
		t.Fatalf("after unlock: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}
