//go:build !lean

package engine

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// serverLog passes the server's warnings and errors on to slog, but only while
// they mean something: a starting server warns about parts that are about to
// start, and a stopping server reports each call that it cut short.
type serverLog struct {
	out   *slog.Logger
	state *logState
}

var _ log.Logger = serverLog{}

type logState struct {
	mu    sync.Mutex
	phase logPhase
	held  []func() // writes the lines logged during the start, in case it fails
}

type logPhase int

const (
	starting logPhase = iota
	started
	stopping
)

func newServerLog(out *slog.Logger) serverLog {
	return serverLog{out: out.With("part", "temporal"), state: &logState{}}
}

func (l serverLog) Debug(string, ...tag.Tag)           {}
func (l serverLog) Info(string, ...tag.Tag)            {}
func (l serverLog) Warn(msg string, tags ...tag.Tag)   { l.log(slog.LevelWarn, msg, tags) }
func (l serverLog) Error(msg string, tags ...tag.Tag)  { l.log(slog.LevelError, msg, tags) }
func (l serverLog) DPanic(msg string, tags ...tag.Tag) { l.log(slog.LevelError, msg, tags) }
func (l serverLog) Panic(msg string, tags ...tag.Tag)  { l.log(slog.LevelError, msg, tags) }
func (l serverLog) Fatal(msg string, tags ...tag.Tag)  { l.log(slog.LevelError, msg, tags) }

// SLog returns the logger of the server's own SDK workers, which discards all.
func (l serverLog) SLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (l serverLog) log(level slog.Level, msg string, tags []tag.Tag) {
	ctx := context.Background()
	if !l.out.Enabled(ctx, level) || cutShort(tags) || slices.Contains(nothing, msg) {
		return
	}
	write := func() {
		attrs := make([]slog.Attr, len(tags))
		for i, t := range tags {
			attrs[i] = slog.Any(t.Key(), t.Value())
		}
		l.out.LogAttrs(ctx, level, msg, attrs...)
	}
	if l.state.pass(write) {
		write()
	}
}

// nothing lists warnings that report no trouble: waiting for an update is a
// slow call by design, and Nexus is not used.
var nothing = []string{
	"Slow gRPC call",
	"HTTP API port has not been set. Nexus HTTP endpoints will not be available. To enable Nexus, follow these instructions: https://github.com/temporalio/temporal/blob/main/docs/architecture/nexus.md#enabling-nexus.",
}

// cutShort reports whether the line is about a call that its caller canceled,
// as a stopping worker cancels its polls. The server is fine then.
func cutShort(tags []tag.Tag) bool {
	for _, t := range tags {
		if t.Key() == "error" && strings.Contains(fmt.Sprint(t.Value()), context.Canceled.Error()) {
			return true
		}
	}
	return false
}

// pass reports whether to write now. During the start it keeps write instead.
func (s *logState) pass(write func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == starting {
		s.held = append(s.held, write)
	}
	return s.phase == started
}

// enter begins the next phase. It drops the held lines, unless the start has
// failed: then it writes them, because they may say why.
func (l serverLog) enter(next logPhase) {
	l.state.mu.Lock()
	defer l.state.mu.Unlock()
	if l.state.phase == starting && next == stopping {
		for _, write := range l.state.held {
			write()
		}
	}
	l.state.held = nil
	l.state.phase = next
}
