package stack

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/client"

	"purser/api/httpkit"
)

// ownChecks returns the checks of the parts that every role needs that takes orders on.
func (s *Stack) ownChecks() []httpkit.Check {
	return []httpkit.Check{
		{Name: "record", Ask: s.Records.Ping},
		{Name: "engine", Ask: s.pingEngine},
		s.notStopping(),
	}
}

// workerReady makes /readyz run the checks of a worker that has started, and turn to
// 503 before anything of it stops. An API has a /readyz of its own.
func (s *Stack) workerReady() {
	if s.healthListener == nil {
		return
	}
	s.setReady(append(s.ownChecks(),
		httpkit.Check{Name: "schema", Ask: s.Records.CheckSchema},
		httpkit.Check{Name: "pollers", Ask: func(ctx context.Context) error { return s.workers.Polling(ctx, s.Temporal, identity()) }}))
}

// setReady makes /readyz run the checks, until this process stops.
func (s *Stack) setReady(checks []httpkit.Check) {
	s.checks.Store(&checks)
	s.onStop(func() { s.draining.Store(true) })
}

// HealthURL returns where a role without an API serves its health checks.
func (s *Stack) HealthURL() string { return "http://" + called(s.healthListener.Addr()) }

// serveHealth serves the health checks of a role without an API from the beginning of
// its start on, so that a start that takes long is not taken for a process that hangs.
func (s *Stack) serveHealth() {
	if s.healthListener == nil {
		return
	}
	starting := []httpkit.Check{{Name: "starting", Ask: func(context.Context) error { return errors.New("this process is starting") }}}
	s.serve(s.healthListener, httpkit.HealthHandler(func() []httpkit.Check {
		if checks := s.checks.Load(); checks != nil {
			return *checks
		}
		return starting
	}, s.log), time.Second)
}

// notStopping returns a check that fails as soon as this process begins to stop.
func (s *Stack) notStopping() httpkit.Check {
	return httpkit.Check{Name: "stopping", Ask: func(context.Context) error {
		if s.draining.Load() {
			return errors.New("this process is stopping")
		}
		return nil
	}}
}

func (s *Stack) pingEngine(ctx context.Context) error {
	_, err := s.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}
