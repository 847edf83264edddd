package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"purser/images"
	"purser/stack"
)

// Command measures the resizing of images by Purser and by vipsthumbnail.
type Command struct {
	Width  int  `help:"The width of the image." default:"4000"`
	Height int  `help:"The height of the image." default:"3000"`
	Rounds int  `help:"The number of rounds; both render once in each, and the median counts." default:"5"`
	JSON   bool `name:"json" help:"Print one JSON object."`
}

// Validate refuses numbers with which nothing would be measured.
func (c *Command) Validate() error {
	if c.Width < 1 || c.Height < 1 || c.Rounds < 1 {
		return errors.New("--width, --height and --rounds must be 1 or more")
	}
	return nil
}

// Run measures and prints the result.
func (c *Command) Run(ctx context.Context, stdout io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	r, err := Measure(ctx, Load{Self: []string{self, "render"}, Width: c.Width, Height: c.Height, Rounds: c.Rounds})
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(stdout).Encode(r)
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%.0f megapixels to four sizes\tpurser\tvipsthumbnail\t\n", r.Megapixels)
	fmt.Fprintf(t, "seconds\t%.3f\t%.3f\t\n", r.Seconds, r.VipsSeconds)
	fmt.Fprintf(t, "of these, four process starts\t\t%.3f\t\n", r.VipsStartSeconds)
	fmt.Fprintf(t, "ratio\t%.2f\t\t\n", r.Ratio)
	fmt.Fprintf(t, "peak memory MB\t%.0f\t\t\n", r.PeakRSS)
	fmt.Fprintf(t, "with the program's file MB\t%.0f\t\t\n", r.ProgramRSS)
	for _, s := range images.Sizes() {
		fmt.Fprintf(t, "%s: PSNR dB, SSIM\t%.1f\t%.4f\t\n", s.Name, r.Sizes[s.Name].PSNR, r.Sizes[s.Name].SSIM)
	}
	return t.Flush()
}

// RenderCommand renders a file's sizes into a directory and prints the time and the
// memory that it took.
type RenderCommand struct {
	File string `arg:"" type:"path"`
	Dir  string `arg:"" type:"path"`
}

// Run renders with the garbage collector set as in a running stack.
func (c *RenderCommand) Run(ctx context.Context, stdout io.Writer) error {
	stack.CollectLess()
	did, err := render(ctx, c.File, c.Dir)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(did)
}
