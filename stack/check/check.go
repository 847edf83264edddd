// Package check says before a role starts whether what its settings name works and, on
// request, whether the installation is ready for customers who really pay. It reaches
// every part as the role does, and writes nothing but a small file in the bucket,
// which it deletes.
package check

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"purser/cli"
	"purser/config"
	"purser/stack"
)

// Status is the result of a check.
type Status string

// The results of a check.
const (
	OK      Status = "ok"
	Warning Status = "warning" // it works, and somebody should know
	Problem Status = "problem" // it does not work, or money or mail would be lost
)

// Line is what one check found and what to do about it.
type Line struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Found  string `json:"found"`
	Do     string `json:"do,omitempty"`
}

// Text returns what was found and what to do in one sentence.
func (l Line) Text() string {
	if l.Do == "" {
		return l.Found
	}
	return l.Found + ": " + l.Do
}

// Role is what the settings are for.
type Role string

// The roles. Fleet is an API and a worker with the same settings.
const (
	Up      Role = "up"
	API     Role = "api"
	Worker  Role = "worker"
	Sandbox Role = "sandbox"
	Fleet   Role = "api and worker"
)

// RoleOf returns the role of settings that are not known to be for another one: a
// process alone keeps its record in a file, and a fleet shares a Postgres.
func RoleOf(cfg *config.Config) Role {
	if cfg.DatabaseURL == "" {
		return Up
	}
	return Fleet
}

// ownsData reports whether the role keeps a data directory of its own.
func (r Role) ownsData() bool { return r == Up || r == Sandbox }

// serves reports whether the role serves the API.
func (r Role) serves() bool { return r == Up || r == API || r == Fleet }

// Options say what is checked and how.
type Options struct {
	Role Role
	Live bool // also what must be so before customers pay
	// StripeURL replaces the address of Stripe's API, for a test.
	StripeURL string
	// Resolver looks up the sender's records; default: the system's.
	Resolver *net.Resolver
	// Transport reaches the public URL; default: http.DefaultTransport.
	Transport http.RoundTripper
}

// Report holds the lines of all checks.
type Report struct {
	Role  Role   `json:"role"`
	Live  bool   `json:"live"`
	OK    bool   `json:"ok"` // there is no problem
	Lines []Line `json:"checks"`
}

// Problems returns the names of the checks that found a problem, each once.
func (r Report) Problems() (names []string) {
	for _, l := range r.Lines {
		if l.Status == Problem && !slices.Contains(names, l.Name) {
			names = append(names, l.Name)
		}
	}
	return names
}

// within bounds each check.
const within = 20 * time.Second

// newChecker returns a checker. Close its inspection.
func newChecker(cfg *config.Config, o Options) *checker {
	o.Role = cmp.Or(o.Role, RoleOf(cfg))
	o.Transport = cmp.Or(o.Transport, http.DefaultTransport)
	o.Resolver = cmp.Or(o.Resolver, net.DefaultResolver)
	c := &checker{Options: o, cfg: cfg, with: stack.Inspect(cfg)}
	c.with.StripeURL = o.StripeURL
	return c
}

// checker checks one role's settings.
type checker struct {
	Options
	cfg  *config.Config
	with *stack.Inspection
}

// Run checks everything that the role needs.
func Run(ctx context.Context, cfg *config.Config, o Options) Report {
	c := newChecker(cfg, o)
	defer c.with.Close()
	r := Report{Role: c.Role, Live: c.Live}
	r.Lines = append(r.Lines, c.vault()) // before the others, of which some need it
	for _, lines := range c.all(ctx) {
		r.Lines = append(r.Lines, lines...)
	}
	r.OK = len(r.Problems()) == 0
	return r
}

// all runs the role's checks at the same time and returns their lines in order.
func (c *checker) all(ctx context.Context) [][]Line {
	checks := []func(context.Context) []Line{c.data, c.ports, c.sandboxAlone}
	if c.Role != Sandbox {
		checks = []func(context.Context) []Line{
			c.data, c.database, c.temporal, c.apiKeys, c.ports, c.publicURL,
			c.stripe, c.carrier, c.bucket, c.search, c.mail, c.sandbox,
		}
	}
	found := make([][]Line, len(checks))
	var running sync.WaitGroup
	for n, check := range checks {
		running.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, within)
			defer cancel()
			found[n] = check(ctx)
		})
	}
	running.Wait()
	return found
}

// ok, warning and problem return a single line.
func ok(name, found string) Line          { return Line{Name: name, Status: OK, Found: found} }
func warning(name, found, do string) Line { return Line{name, Warning, found, do} }
func problem(name, found, do string) Line {
	return Line{name, Problem, cli.OneLine(errors.New(found)), do} // a driver may report each address on a line of its own
}

// notChecked returns the line of a check that could not be made. It is a problem where
// customers cannot pay without a result.
func notChecked(name string, essential bool, why string) Line {
	l := warning(name, "not checked: "+why, "")
	if essential {
		l.Status = Problem
	}
	return l
}
