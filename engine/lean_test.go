//go:build lean

package engine_test

import (
	"errors"
	"testing"

	"purser/engine"
)

func TestLean(t *testing.T) {
	t.Parallel()
	if _, err := engine.Start(t.Context(), engine.Config{DataDir: t.TempDir()}); !errors.Is(err, engine.ErrLean) {
		t.Errorf("error = %v", err)
	}
}
