package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"purser/drill/audit"
	"purser/drill/plant"
)

// ErrBroken reports that a promise was broken.
var ErrBroken = errors.New("a promise was broken")

// Command runs a drill from the command line.
type Command struct {
	Orders    int           `help:"The number of orders." default:"200"`
	Kills     int           `help:"How often the process is killed (SIGKILL) and started again, of a cluster each process in turn; -1: once per ten orders, of a cluster once for each process and 200 orders." default:"-1"`
	Crashes   int           `help:"How often the Postgres server is crashed and started again; -1: once per fifty orders, under a cluster as often as each process is killed." default:"-1"`
	Hostility string        `help:"How the providers' stand-ins misbehave: none, mild or full." default:"full" enum:"none,mild,full"`
	Engine    string        `help:"What the engine and the record are kept in: sqlite or postgres; cluster: on Postgres, with Temporal's four services, two APIs, two workers and the sandbox as processes of their own." default:"sqlite" enum:"sqlite,postgres,cluster"`
	Rate      float64       `help:"How many shoppers come a second; 0: the next comes when one of those who are there has left." default:"0"`
	AtOnce    int           `help:"The most shoppers at a time; 0: 16, and one more for every 20 orders, at most 96; with --rate without a limit." default:"0"`
	Events    time.Duration `help:"How often the shop searches for events whose webhooks did not come; 0: only when all shoppers have left." default:"10s"`
	Seed      uint64        `help:"What decides the shoppers, the faults and the moments of the kills; 0: a random one, which is printed."`
	Plant     []string      `help:"Break a promise on purpose, to see that it is noticed: a counter, such as double_refunds, or ledger_entry or stock_reserved. Several, with commas between, are broken one after the other."`
	Keep      bool          `help:"Keep the data and the log of the run, and the directory of Postgres. They are kept if a promise is broken, too."`
	JSON      bool          `name:"json" help:"Print one line of JSON."`
}

// Validate refuses numbers with which nothing would be tried.
func (c *Command) Validate() error {
	switch {
	case c.Orders < 1 || c.AtOnce < 0 || c.Rate < 0 || c.Kills < -1 || c.Crashes < -1:
		return errors.New("--orders must be 1 or more, --at-once and --rate 0 or more, --kills and --crashes -1 or more")
	case c.Events != 0 && c.Events < time.Second:
		return errors.New("--events must be 1s or more, or 0")
	}
	for _, name := range c.Plant {
		if !slices.Contains(plant.Names(), audit.Counter(name)) {
			return fmt.Errorf("--plant: want one of %v", plant.Names())
		}
	}
	return nil
}

// Run runs the drill and prints the result. It fails with ErrBroken if a promise was
// broken.
func (c *Command) Run(ctx context.Context, out Output) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dirs, err := c.directories()
	if err != nil {
		return err
	}
	keep := true
	defer func() {
		if keep {
			fmt.Fprintf(out.Stderr, "data and log: %s\n", strings.Join(dirs, ", "))
			return
		}
		for _, dir := range dirs {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	bar := &bar{to: out.Stderr, silent: c.JSON || !isTerminal(out.Stderr)}
	p := c.plan(self, dirs[0])
	if len(dirs) > 1 {
		p.Database = dirs[1]
	}
	p.Progress = bar.draw
	r, err := Run(ctx, p)
	bar.end()
	if err != nil {
		return fmt.Errorf("seed %d: %w", p.Seed, err)
	}
	keep = c.Keep || !r.Held() && len(c.Plant) == 0
	print := r.Print
	if c.JSON {
		print = r.JSON
	}
	if err := print(out.Stdout); err != nil {
		return err
	}
	if !r.Held() {
		return ErrBroken
	}
	return nil
}

// directories makes a directory for the data and the logs and, if the drill needs it,
// one for Postgres.
func (c *Command) directories() (dirs []string, err error) {
	names := []string{"purser-drill-"}
	if c.Engine != onSQLite {
		names = append(names, "purser-drill-postgres-")
	}
	for _, name := range names {
		dir, err := os.MkdirTemp("", name)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// Output is where a command prints.
type Output struct{ Stdout, Stderr io.Writer }

// plan completes what the command line left open.
func (c *Command) plan(self, dir string) Plan {
	p := Plan{
		Program: self, Dir: dir, Seed: c.Seed, Orders: c.Orders, AtOnce: c.AtOnce, Rate: c.Rate, Kills: c.Kills, Engine: c.Engine, Crashes: c.Crashes, Events: c.Events,
		Hostility: c.Hostility,
	}
	for _, name := range c.Plant {
		p.Plants = append(p.Plants, audit.Counter(name))
	}
	if p.Seed == 0 {
		p.Seed = rand.Uint64N(1_000_000)
	}
	if p.AtOnce == 0 {
		p.AtOnce = min(16+p.Orders/20, 96)
		if p.Rate > 0 {
			p.AtOnce = p.Orders
		}
	}
	kills, crashes := p.Orders/10, p.Orders/50
	if p.Engine == onCluster {
		kills = max(1, p.Orders/200)
		crashes = kills
	}
	if p.Kills < 0 {
		p.Kills = kills
	}
	if p.Crashes < 0 {
		p.Crashes = crashes
	}
	return p
}

// bar draws one line that shows how far the drill is, and how fast it goes.
type bar struct {
	to     io.Writer
	silent bool
	began  time.Time
}

// barWidth is the width of the bar itself, in characters.
const barWidth = 30

func (b *bar) draw(ended, orders, kills int) {
	if b.silent {
		return
	}
	if b.began.IsZero() {
		b.began = time.Now()
	}
	full, took := ended*barWidth/orders, time.Since(b.began)
	fmt.Fprintf(b.to, "\r[%s%s] %d of %d orders, %d kills, %s", strings.Repeat("█", full), strings.Repeat("·", barWidth-full), ended, orders, kills, took.Truncate(time.Second))
	if ended > 0 {
		left := time.Duration(float64(took) / float64(ended) * float64(orders-ended))
		fmt.Fprintf(b.to, ", %.1f orders a second, %s left", float64(ended)/took.Seconds(), left.Round(time.Second))
	}
	fmt.Fprint(b.to, "\x1b[K")
}

// end clears the line.
func (b *bar) end() {
	if !b.silent {
		fmt.Fprint(b.to, "\r\x1b[K")
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
