//go:build !lean

package engine

import (
	"testing"

	"google.golang.org/grpc"
)

// A new gRPC may do without the option, silently: then decide anew.
func TestStreamWorkersCanBeKept(t *testing.T) {
	t.Parallel()
	if _, ok := addGlobalServerOptions.(func(...grpc.ServerOption)); !ok {
		t.Errorf("gRPC's global server options are a %T", addGlobalServerOptions)
	}
}
