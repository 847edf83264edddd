package commands

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"purser/commands/terminal"
	"purser/mail"
	"purser/shop"
)

// followCampaign prints a campaign's progress until it has ended or is paused: on
// one line of a terminal, elsewhere as a line every second.
func (c *mailCmd) followCampaign(e *env, client *shop.Client, id string) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var pace pace
	for {
		st, err := client.Campaign(e.ctx, id)
		if e.ctx.Err() != nil { // interrupted: the campaign itself goes on
			return nil
		}
		if err != nil {
			return err
		}
		over := st.State.Final() || st.State == mail.CampaignPaused
		switch {
		case c.JSON:
			err = json.NewEncoder(e.stdout).Encode(st)
		case terminal.IsTerminal(e.stdout):
			_, err = fmt.Fprintf(e.stdout, "\r\x1b[K%s", pace.line(st, time.Now()))
		default:
			_, err = fmt.Fprintln(e.stdout, pace.line(st, time.Now()))
		}
		if err != nil || over {
			if terminal.IsTerminal(e.stdout) && !c.JSON {
				fmt.Fprintln(e.stdout)
			}
			return err
		}
		select {
		case <-tick.C:
		case <-e.ctx.Done():
			return nil
		}
	}
}

// pace measures how fast a campaign has been progressing recently.
type pace struct {
	points []progressPoint // of the last half minute
}

type progressPoint struct {
	at       time.Time
	resolved int64
}

// line returns a campaign's progress in one line, with an estimate of the time
// that is left.
func (p *pace) line(st mail.CampaignStatus, now time.Time) string {
	n := st.Counts
	p.points = append(p.points, progressPoint{now, n.Resolved()})
	for len(p.points) > 2 && now.Sub(p.points[0].at) > 30*time.Second {
		p.points = p.points[1:]
	}
	const width = 24
	full := 0
	if n.Total > 0 {
		full = int(n.Resolved() * width / n.Total)
	}
	line := fmt.Sprintf("%s  [%s%s]  %d of %d  %d sent", st.State, strings.Repeat("=", full), strings.Repeat(" ", width-full), n.Resolved(), n.Total, n.Sent)
	for _, f := range []struct {
		n    int64
		what string
	}{{n.Suppressed, "suppressed"}, {n.Rejected, "rejected"}, {n.Unknown, "unknown"}, {n.Skipped, "skipped"}} {
		if f.n > 0 {
			line += fmt.Sprintf(", %d %s", f.n, f.what)
		}
	}
	if left := p.left(n.Due); left > 0 && st.State == mail.CampaignRunning {
		line += "  about " + left.String() + " left"
	}
	if st.Why != "" {
		line += "  (" + st.Why + ")"
	}
	return line
}

// left returns how long the remaining mails will take at the recent pace; 0 means
// that it is not known.
func (p *pace) left(due int64) time.Duration {
	first, last := p.points[0], p.points[len(p.points)-1]
	done, took := last.resolved-first.resolved, last.at.Sub(first.at)
	if done <= 0 || took <= 0 {
		return 0
	}
	return (took / time.Duration(done) * time.Duration(due)).Round(time.Second)
}
