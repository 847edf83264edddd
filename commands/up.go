package commands

import (
	"fmt"

	"purser/config"
	"purser/stack"
)

// upCmd runs all parts in this process until it is interrupted.
type upCmd struct {
	config.Config `embed:""`
}

// Run starts the stack, prints its addresses, and waits.
func (u *upCmd) Run(e *env) error {
	s, err := stack.Start(e.ctx, &u.Config, stack.Everything)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.LoadSample(e.ctx); err != nil {
		return err
	}
	s.AddSampleImages()
	banner(e, &u.Config, s.Running())
	return s.Wait(e.ctx)
}

// banner prints the stack's addresses, and which providers are real and which are
// played by the sandbox.
func banner(e *env, c *config.Config, at stack.Running) {
	fmt.Fprintf(e.stderr, "\n  API          %s\n  API docs     %s/docs\n  Shop         %s/shop\n", at.API, at.API, at.API)
	if at.TemporalUI != "" {
		fmt.Fprintf(e.stderr, "  Temporal UI  %s\n", at.TemporalUI)
	}
	if at.Sandbox != "" {
		fmt.Fprintf(e.stderr, "  Sandbox      %s/\n  Mailbox      %s/mail/\n", at.Sandbox, at.Sandbox)
	}
	fmt.Fprintf(e.stderr, "  Data         %s\n", c.Data)
	for _, p := range c.Parts() {
		fmt.Fprintf(e.stderr, "  %-12s %s\n", p.Name, p.Who)
	}
	fmt.Fprintf(e.stderr, "\n  Ctrl-C stops it; the next start continues where it stopped.\n\n")
}

// apiCmd runs the API and receives the webhooks.
type apiCmd struct {
	config.Config `embed:""`
}

// Run serves until it is interrupted.
func (a *apiCmd) Run(e *env) error { return runRole(e, &a.Config, stack.APIOnly) }

// workerCmd runs the workers.
type workerCmd struct {
	config.Config `embed:""`
}

// Run works until it is interrupted.
func (w *workerCmd) Run(e *env) error { return runRole(e, &w.Config, stack.WorkerOnly) }

func runRole(e *env, cfg *config.Config, r stack.Role) error {
	s, err := stack.Start(e.ctx, cfg, r)
	if err != nil {
		return err
	}
	defer s.Stop()
	fmt.Fprintln(e.stderr, s.Found(r))
	if at := s.Running().API; at != "" {
		fmt.Fprintf(e.stderr, "API at %s\n", at)
	} else {
		fmt.Fprintf(e.stderr, "Health checks at %s\n", s.HealthURL())
	}
	return s.Wait(e.ctx)
}

// sandboxCmd runs the stand-ins of the providers alone.
type sandboxCmd struct {
	config.Config `embed:""`
	API           string `name:"api-url" help:"The URL of the API, to which the sandbox sends its webhooks. Default: PURSER_PUBLIC_URL, or http://127.0.0.1:8080." env:"PURSER_API_URL"`
}

// Run plays the providers until it is interrupted.
func (c *sandboxCmd) Run(e *env) error {
	s, err := stack.StartSandbox(&c.Config, c.API)
	if err != nil {
		return err
	}
	defer s.Stop()
	fmt.Fprintln(e.stderr, s.FoundSandbox())
	fmt.Fprintf(e.stderr, "Sandbox at %s\n", s.HealthURL())
	return s.Wait(e.ctx)
}
