package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Progress draws one line that shows how far a long operation is.
type Progress struct {
	To     io.Writer
	Silent bool // draws nothing
	drawn  time.Time
	stage  string
}

// barWidth is the width of the bar itself, in characters.
const barWidth = 30

// redraw is the shortest time between two drawings of the same stage.
const redraw = 100 * time.Millisecond

// Draw shows how much of a stage is done. A share of nothing is not known.
func (p *Progress) Draw(stage string, done, all int64, figures string) {
	if p.Silent || stage == p.stage && time.Since(p.drawn) < redraw {
		return
	}
	p.drawn, p.stage = time.Now(), stage
	full, percent := 0, "  ?"
	if all > 0 {
		full, percent = int(min(done, all)*barWidth/all), fmt.Sprintf("%3d", min(done, all)*100/all)
	}
	fmt.Fprintf(p.To, "\r%-9s [%s%s] %s %%  %s\x1b[K", stage, strings.Repeat("█", full), strings.Repeat("·", barWidth-full), percent, figures)
}

// Clear clears the line.
func (p *Progress) Clear() {
	if !p.Silent {
		fmt.Fprint(p.To, "\r\x1b[K")
	}
}

// Reader returns a reader of a file that shows how much of it has been read.
func (p *Progress) Reader(stage string, file io.Reader, size int64) io.Reader {
	return &counter{file, func(n int64) { p.Draw(stage, n, size, fmt.Sprintf("%d MB", n>>20)) }, 0}
}

// counter is a reader that reports how many bytes have been read so far.
type counter struct {
	io.Reader
	report func(int64)
	n      int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	c.report(c.n)
	return n, err
}
