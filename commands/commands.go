// Package commands implements the command line: each command starts a stack, or
// calls a running one over its API as a shop would.
package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"purser/catalog"
	"purser/cli"
	"purser/commands/terminal"
	"purser/config"
	"purser/mail"
	"purser/order"
	"purser/shop"
	"purser/stack"
	"purser/version"
)

// commands lists the commands and their help texts.
type commands struct {
	Color string `enum:"auto,always,never" default:"auto" help:"Print colours: auto (on a terminal, unless NO_COLOR is set), always or never."`

	Demo    demoCmd    `cmd:"" help:"Start everything, take one order from the checkout to its delivery, and keep running."`
	Up      upCmd      `cmd:"" help:"Start everything in this process."`
	API     apiCmd     `cmd:"" name:"api" help:"Run the API and the webhooks against TEMPORAL_ADDRESS and DATABASE_URL."`
	Worker  workerCmd  `cmd:"" set:"listen=127.0.0.1:8081" help:"Run the workers against TEMPORAL_ADDRESS and DATABASE_URL."`
	Sandbox sandboxCmd `cmd:"" set:"listen=127.0.0.1:8090" help:"Run the stand-ins of the providers, for the roles api and worker without real keys."`
	Health  healthCmd  `cmd:"" help:"Ask a role on this machine whether it is ready; exit with 1 if it is not."`
	Check   checkCmd   `cmd:"" help:"Check without starting it whether what a role's settings name works; --live also checks whether the installation is ready for customers."`
	Search  searchCmds `cmd:"" help:"Find products as a shopper does; show and set the shop's settings of the search."`
	Order   orderCmd   `cmd:"" help:"Place, show, list, watch, cancel and resolve orders."`
	Case    caseCmd    `cmd:"" help:"List, show and decide what a person must decide."`
	Inbox   inboxCmd   `cmd:"" help:"List and redeliver the events that providers sent."`
	Ledger  ledgerCmd  `cmd:"" help:"Check, export and close the shop's books."`

	Product productCmd `cmd:"" help:"Put, show, list, delete and import products; maintain the search index."`
	Image   imageCmd   `cmd:"" help:"Add, show, list and delete products' images."`
	Mail    mailCmd    `cmd:"" help:"Show which mails were sent and what became of them; control who gets mail."`

	Completion completionCmd `cmd:"" help:"Print a script that completes the commands and flags in a shell."`
	Man        manCmd        `cmd:"" help:"Print the manual page, for 'man -l -'."`
}

// completionCmd prints a completion script.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints the script.
func (c *completionCmd) Run(e *env, k *kong.Context) error {
	return cli.Completion(e.stdout, k.Model.Node, c.Shell)
}

// manCmd prints the manual page.
type manCmd struct{}

// Run prints the page.
func (*manCmd) Run(e *env, k *kong.Context) error {
	return cli.Man(e.stdout, k.Model.Node, cli.Page{
		Version:     version.Number(),
		Description: "run a shop's orders as durable workflows",
		Text: `Purser takes payment through Stripe, books the parcel, sends the mails and tracks the parcel to the doorstep. Each order is one Temporal workflow.

"purser up" starts everything in one process. On a Temporal cluster and Postgres, the roles "purser api" and "purser worker" run as processes of their own. Stand-ins play the providers whose credentials are missing.`,
		SeeAlso: "README.md and docs/ of the source; /docs of a running API.",
	})
}

// env holds what a command gets from its caller.
type env struct {
	ctx    context.Context
	stdout io.Writer
	stderr io.Writer
}

// Run runs the command that the arguments and the environment describe, and
// returns the exit code. An error is printed as one line on stderr.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	// This is not a kong flag, since every command would have it, and "product
	// put" has a --version of its own.
	if slices.Equal(args, []string{"--version"}) {
		fmt.Fprintln(stdout, "purser", version.String())
		return cli.ExitOK
	}
	var c commands
	k, code := cli.Parse("purser", "The order engine a shop can trust with its money. 'purser --version' prints which build this is.", &c, args, stdout, stderr)
	if k == nil {
		return code
	}
	e := &env{ctx: ctx, stdout: terminal.NewOutput(stdout, c.Color, os.Getenv), stderr: terminal.NewOutput(stderr, c.Color, os.Getenv)}
	err := k.Run(e)
	var usage usageError
	switch {
	case err == nil:
		return cli.ExitOK
	case ctx.Err() != nil && !errors.Is(err, errInterrupted):
		err = errInterrupted // the error only follows from the interruption
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, terminal.Paint(e.stderr, terminal.Red, "purser:"), cli.OneLine(err))
		return cli.ExitUsage
	}
	fmt.Fprintln(stderr, terminal.Paint(e.stderr, terminal.Red, "purser:"), cli.OneLine(err))
	return cli.ExitFailed
}

// errInterrupted is the error of a command that Ctrl-C ended.
var errInterrupted = errors.New("interrupted")

// statusStyles holds the styles of the statuses and states that stand out.
var statusStyles = map[string]terminal.Style{
	string(order.Paid): terminal.Green, string(order.Shipped): terminal.Green, string(order.Delivered): terminal.Green,
	string(order.OnHold): terminal.Red, string(order.Cancelling): terminal.Yellow, string(order.Cancelled): terminal.Yellow,
	string(order.Expired): terminal.Yellow, string(order.Refused): terminal.Yellow, string(order.Returned): terminal.Yellow,
	"parked": terminal.Red, "held": terminal.Yellow, // events of providers
	string(catalog.Ready): terminal.Green, string(catalog.ImportDone): terminal.Green,
	string(mail.StateSent): terminal.Green, string(mail.StateUnknown): terminal.Yellow, string(mail.StateRejected): terminal.Red,
	string(mail.CampaignPaused): terminal.Yellow,
}

// paintStatus returns a status or state in its style.
func paintStatus[S ~string](w io.Writer, s S) string {
	return terminal.Paint(w, statusStyles[string(s)], string(s))
}

// usageError is a mistake in the arguments or settings.
type usageError struct{ error }

// remote holds the flags of all commands that call the API: where it is, and how
// its responses are printed.
type remote struct {
	Data string `help:"The data directory of the running stack." env:"PURSER_DATA" default:"purser-data" type:"path"`
	API  string `name:"api-url" help:"The URL of the API. Default: the API of the 'purser up' that runs on the data directory." env:"PURSER_API_URL"`
	Key  string `help:"An API key, or file: and the name of a file that contains it. Default: the key of the 'purser up' that runs on the data directory." env:"PURSER_API_KEY"`
	JSON bool   `name:"json" help:"Print JSON."`
}

// client returns a client for the API that the flags name, or for the stack that
// runs on the data directory.
func (r *remote) client() (*shop.Client, error) {
	if err := config.ReadSecret("PURSER_API_KEY", &r.Key); err != nil {
		return nil, err
	}
	if r.API != "" {
		if u, err := url.Parse(r.API); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, usageError{fmt.Errorf("--api-url %q: want http://host or https://host", r.API)}
		}
		return &shop.Client{URL: strings.TrimRight(r.API, "/"), Key: r.Key}, nil
	}
	at, err := stack.Find(r.Data)
	if err != nil {
		return nil, fmt.Errorf("no running stack in %s: start 'purser up', or set PURSER_API_URL and PURSER_API_KEY", r.Data)
	}
	return &shop.Client{URL: at.API, Key: cmp.Or(r.Key, at.Key)}, nil
}
