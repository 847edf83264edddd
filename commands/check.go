package commands

import (
	"errors"
	"fmt"
	"strings"

	"purser/commands/terminal"
	"purser/config"
	"purser/stack/check"
)

// checkCmd checks the settings of a role without starting it.
type checkCmd struct {
	config.Config `embed:""`

	Live bool   `help:"Also check what must be so before customers pay: live keys, secrets of webhooks, the public address, the sender's domain, no stand-in."`
	Role string `enum:"auto,up,api,worker,sandbox" default:"auto" help:"The role that the settings are for: up, api, worker or sandbox. Default: up without DATABASE_URL, otherwise api and worker."`
	JSON bool   `name:"json" help:"Print JSON."`
}

var checkStyles = map[check.Status]terminal.Style{check.OK: terminal.Green, check.Warning: terminal.Yellow, check.Problem: terminal.Red}

// Run prints a line for each check, and fails if one has found a problem.
func (c *checkCmd) Run(e *env) error {
	role := check.Role(c.Role)
	if c.Role == "auto" {
		role = check.RoleOf(&c.Config)
	}
	r := check.Run(e.ctx, &c.Config, check.Options{Role: role, Live: c.Live})
	if err := e.ctx.Err(); err != nil { // what is not checked any more is no problem
		return err
	}
	if c.JSON {
		if err := orJSON(e.stdout, r, nil); err != nil {
			return err
		}
	} else {
		t := terminal.NewTable(e.stdout)
		for _, l := range r.Lines {
			fmt.Fprintf(t, "%s\t%s\t%s\n", terminal.Paint(t, checkStyles[l.Status], string(l.Status)), l.Name, strings.Join(strings.Fields(l.Text()), " "))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	if names := r.Problems(); len(names) > 0 {
		return errors.New("problems: " + strings.Join(names, ", "))
	}
	return nil
}
