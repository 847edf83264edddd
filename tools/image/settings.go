package main

import (
	"bytes"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// settings returns the settings of the last stage of a Dockerfile, so that they
// stand in one place for both ways of building the image.
func settings(dockerfile []byte, args map[string]string) (v1.Config, error) {
	var c v1.Config
	parsed, err := parser.Parse(bytes.NewReader(dockerfile))
	if err != nil {
		return c, fmt.Errorf("Dockerfile: %w", err)
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		return c, fmt.Errorf("Dockerfile: %w", err)
	}
	var env []string
	for name, value := range args {
		env = append(env, name+"="+value)
	}
	lex := shell.NewLex('\\')
	expand := func(word string) (string, error) {
		expanded, _, err := lex.ProcessWord(word, shell.EnvsFromSlice(env))
		return expanded, err
	}
	last := stages[len(stages)-1]
	if last.BaseName != "scratch" {
		return c, fmt.Errorf("Dockerfile: the last stage is from %s: want scratch", last.BaseName)
	}
	for _, command := range last.Commands {
		if x, ok := command.(instructions.SupportsSingleWordExpansion); ok {
			if err := x.Expand(expand); err != nil {
				return c, fmt.Errorf("Dockerfile: %w", err)
			}
		}
		if err := apply(&c, command); err != nil {
			return c, fmt.Errorf("Dockerfile: %w", err)
		}
	}
	return c, nil
}

// apply adds the setting of one instruction.
func apply(c *v1.Config, command instructions.Command) error {
	switch x := command.(type) {
	case *instructions.EnvCommand:
		for _, pair := range x.Env {
			c.Env = append(c.Env, pair.Key+"="+pair.Value)
		}
	case *instructions.LabelCommand:
		c.Labels = map[string]string{}
		for _, pair := range x.Labels {
			c.Labels[pair.Key] = pair.Value
		}
	case *instructions.UserCommand:
		c.User = x.User
	case *instructions.WorkdirCommand:
		c.WorkingDir = x.Path
	case *instructions.VolumeCommand:
		c.Volumes = setOf(x.Volumes, "")
	case *instructions.ExposeCommand:
		c.ExposedPorts = setOf(x.Ports, "/tcp")
	case *instructions.StopSignalCommand:
		c.StopSignal = x.Signal
	case *instructions.EntrypointCommand:
		c.Entrypoint = x.CmdLine
	case *instructions.HealthCheckCommand:
		h := x.Health
		c.Healthcheck = &v1.HealthConfig{Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, Retries: h.Retries}
	case *instructions.ArgCommand, *instructions.CopyCommand: // tree builds the files
	default:
		return fmt.Errorf("tools/image does not know %s in the last stage", command.Name())
	}
	return nil
}

func setOf(names []string, suffix string) map[string]struct{} {
	set := map[string]struct{}{}
	for _, name := range names {
		set[name+suffix] = struct{}{}
	}
	return set
}
