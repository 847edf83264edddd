//go:build !lean

package engine

import (
	"sync"
	_ "unsafe" // for go:linkname

	"google.golang.org/grpc"
)

// streamWorkers is how many goroutines each of the server's four gRPC servers
// keeps for its calls. Long polls occupy some; calls beyond it get a goroutine
// of their own.
const streamWorkers = 128

// addGlobalServerOptions is how gRPC lets its own extensions reach servers
// that others build.
//
//go:linkname addGlobalServerOptions google.golang.org/grpc/internal.AddGlobalServerOptions
var addGlobalServerOptions any

// keepStreamWorkers makes gRPC serve calls on goroutines it keeps. By default
// each call has a new one, whose stack then grows step by step through the
// server's twenty interceptors, again for each of the hundred calls that an
// order takes: a tenth of all work. The server has no setting for it.
//
// It does nothing if a later gRPC has no such option.
var keepStreamWorkers = sync.OnceFunc(func() {
	if add, ok := addGlobalServerOptions.(func(...grpc.ServerOption)); ok {
		add(grpc.NumStreamWorkers(streamWorkers))
	}
})
