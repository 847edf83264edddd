package commands

import (
	"fmt"
	"io"
	"strings"
	"time"

	"purser/catalog"
)

// progress draws one line that shows how far an import is.
type progress struct {
	to     io.Writer
	silent bool
	drawn  time.Time
}

// barWidth is the width of the bar itself, in characters.
const barWidth = 30

// reading returns a reader of the file that shows how much of it has been read.
func (p *progress) reading(file io.Reader, size int64) io.Reader {
	return &counted{file, func(n int64) { p.draw("sending", n, size, fmt.Sprintf("%d MB", n>>20)) }, 0}
}

// show shows how far the import is in its current stage.
func (p *progress) show(i catalog.Import) {
	p.drawn = time.Time{}
	figures := fmt.Sprintf("%d rows, %d with errors", i.Rows, i.Bad)
	switch i.State {
	case catalog.ImportApplying:
		p.draw("writing", i.Applied+i.Unchanged, i.Rows, figures)
	case catalog.ImportIndexing:
		p.draw("indexing", i.Indexed, i.Applied, figures)
	default:
		p.draw(string(i.State), i.Read, i.Bytes, figures)
	}
}

func (p *progress) draw(stage string, done, all int64, figures string) {
	if p.silent || time.Since(p.drawn) < 100*time.Millisecond {
		return
	}
	p.drawn = time.Now()
	full, percent := 0, "  ?"
	if all > 0 {
		full, percent = int(min(done, all)*barWidth/all), fmt.Sprintf("%3d", min(done, all)*100/all)
	}
	fmt.Fprintf(p.to, "\r%-9s [%s%s] %s %%  %s\x1b[K", stage, strings.Repeat("█", full), strings.Repeat("·", barWidth-full), percent, figures)
}

// end clears the line.
func (p *progress) end() {
	if !p.silent {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}

// counted is a reader that reports how many bytes have been read so far.
type counted struct {
	io.Reader
	report func(int64)
	n      int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	c.report(c.n)
	return n, err
}
