package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"purser/drill"
	"purser/images"
	"purser/stack"
)

// imagesBenchCmd measures pictures side by side with vipsthumbnail.
type imagesBenchCmd struct {
	Width  int  `help:"Of the picture." default:"4000"`
	Height int  `help:"Of the picture." default:"3000"`
	Rounds int  `help:"In which both take turns; the median counts." default:"5"`
	JSON   bool `name:"json" help:"Print one JSON object."`
}

// Run measures and prints.
func (b *imagesBenchCmd) Run(e *env) error {
	if b.Width < 1 || b.Height < 1 || b.Rounds < 1 {
		return usageError{errors.New("bench images: --width, --height and --rounds want 1 or more")}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	r, err := drill.BenchImages(e.ctx, drill.ImagesLoad{Self: []string{self, "bench", "render"}, Width: b.Width, Height: b.Height, Rounds: b.Rounds})
	if err != nil {
		return fmt.Errorf("bench images: %w", err)
	}
	if b.JSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	t := tabwriter.NewWriter(e.stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%.0f megapixels to four sizes\tpurser\tvipsthumbnail\t\n", r.Megapixels)
	fmt.Fprintf(t, "seconds\t%.3f\t%.3f\t\n", r.Seconds, r.VipsSeconds)
	fmt.Fprintf(t, "of these to start four times\t\t%.3f\t\n", r.VipsStartSeconds)
	fmt.Fprintf(t, "ratio\t%.2f\t\t\n", r.Ratio)
	fmt.Fprintf(t, "peak memory MB\t%.0f\t\t\n", r.PeakRSS)
	fmt.Fprintf(t, "with the program's file MB\t%.0f\t\t\n", r.ProgramRSS)
	for _, s := range images.Sizes() {
		fmt.Fprintf(t, "%s: PSNR dB, SSIM\t%.1f\t%.4f\t\n", s.Name, r.Sizes[s.Name].PSNR, r.Sizes[s.Name].SSIM)
	}
	return t.Flush()
}

// renderFilesCmd makes a file's sizes in a directory and says what it took.
type renderFilesCmd struct {
	File string `arg:"" type:"path"`
	Dir  string `arg:"" type:"path"`
}

// Run works under the same setting of the collector as the running stack.
func (r *renderFilesCmd) Run(e *env) error {
	stack.CollectLess()
	did, err := drill.RenderFiles(e.ctx, r.File, r.Dir)
	if err != nil {
		return err
	}
	return json.NewEncoder(e.stdout).Encode(did)
}
