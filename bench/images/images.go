// Package images measures how long resizing images takes in comparison with
// libvips, and how similar the results are.
package images

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"purser/bench/measure"
	"purser/images"
)

// Load sets how images are measured.
type Load struct {
	// Self is the command that renders in a process of its own. The file and the
	// directory are appended to it.
	Self []string
	// Width and Height are the size of the JPEG. The default is 4000 × 3000.
	Width, Height int
	// Rounds is how often Purser and libvips render in alternation. The default
	// is 5.
	Rounds int
}

// Result compares how Purser and vipsthumbnail render a JPEG in four sizes.
type Result struct {
	Megapixels  float64 `json:"megapixels"`
	InputBytes  int     `json:"input_bytes"`
	Rounds      int     `json:"rounds"`
	Seconds     float64 `json:"seconds"`      // Purser: from the file to four files, the median round
	VipsSeconds float64 `json:"vips_seconds"` // four runs of vipsthumbnail, the median round
	// VipsStartSeconds is the part of VipsSeconds that starting four processes
	// takes: four runs on an image of one pixel.
	VipsStartSeconds float64 `json:"vips_start_seconds"`
	Ratio            float64 `json:"ratio"` // Seconds to VipsSeconds
	// PeakRSS is the most memory that rendering took in any round, without the
	// program's own file, which is mapped.
	PeakRSS    float64 `json:"peak_rss_mb"`
	ProgramRSS float64 `json:"program_rss_mb"` // PeakRSS with the program's file
	// PSNR and SSIM compare Purser's sizes with libvips'. They are those of the
	// least similar size.
	PSNR  float64             `json:"psnr_db"`
	SSIM  float64             `json:"ssim"`
	Sizes map[string]Likeness `json:"sizes"`
}

// ErrNoVips means that libvips' command is not installed.
var ErrNoVips = errors.New("vipsthumbnail is not installed: apt-get install libvips-tools")

// Measure lets Purser and vipsthumbnail render in alternation.
func Measure(ctx context.Context, l Load) (_ Result, err error) {
	if _, err := exec.LookPath("vipsthumbnail"); err != nil {
		return Result{}, ErrNoVips
	}
	l.Width, l.Height, l.Rounds = cmp.Or(l.Width, 4000), cmp.Or(l.Height, 3000), cmp.Or(l.Rounds, 5)
	dir, err := os.MkdirTemp("", "purser-bench-images-")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	input, apart := filepath.Join(dir, "photo.jpg"), filepath.Join(dir, "apart")
	dot := filepath.Join(apart, "dot.jpg")
	data := photo(l.Width, l.Height)
	if err := errors.Join(os.Mkdir(apart, 0o700), os.WriteFile(input, data, 0o600), os.WriteFile(dot, photo(1, 1), 0o600)); err != nil {
		return Result{}, err
	}
	r := Result{Megapixels: float64(l.Width*l.Height) / 1e6, InputBytes: len(data), Rounds: l.Rounds}
	var ours, theirs, starts []float64
	for range l.Rounds {
		did, err := renderApart(ctx, l.Self, input, dir)
		if err != nil {
			return r, err
		}
		seconds, err := vips(ctx, input, dir)
		if err != nil {
			return r, err
		}
		start, err := vips(ctx, dot, apart)
		if err != nil {
			return r, err
		}
		ours, theirs, starts = append(ours, did.Seconds), append(theirs, seconds), append(starts, start)
		r.PeakRSS, r.ProgramRSS = max(r.PeakRSS, did.PeakRSS), max(r.ProgramRSS, did.ProgramRSS)
	}
	r.Seconds, r.VipsSeconds, r.VipsStartSeconds = measure.Median(ours), measure.Median(theirs), measure.Median(starts)
	r.Ratio = r.Seconds / r.VipsSeconds
	err = r.compareSizes(dir)
	return r, err
}

// rendered holds what a rendering process measured of itself.
type rendered struct {
	Seconds    float64 `json:"seconds"`
	PeakRSS    float64 `json:"peak_rss_mb"`
	ProgramRSS float64 `json:"program_rss_mb"`
}

// render renders a file's sizes into a directory, as ours-<size>, and measures the
// process it runs in, which should do nothing else.
func render(ctx context.Context, file, dir string) (rendered, error) {
	mapped := measure.OwnMemory().Mapped
	began := time.Now()
	f, err := os.Open(file)
	if err != nil {
		return rendered{}, err
	}
	defer f.Close()
	data, err := images.Read(f, 0)
	if err != nil {
		return rendered{}, err
	}
	variants, err := images.Render(ctx, data, images.Limits{})
	if err != nil {
		return rendered{}, err
	}
	for _, v := range variants {
		if err := os.WriteFile(filepath.Join(dir, "ours-"+v.Size), v.Data, 0o600); err != nil {
			return rendered{}, err
		}
	}
	r := rendered{Seconds: time.Since(began).Seconds()}
	r.ProgramRSS = measure.OwnMemory().Peak
	r.PeakRSS = r.ProgramRSS - mapped
	return r, nil
}

// renderApart renders in a process of its own.
func renderApart(ctx context.Context, self []string, file, dir string) (rendered, error) {
	cmd := exec.CommandContext(ctx, self[0], append(slices.Clone(self[1:]), file, dir)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return rendered{}, fmt.Errorf("%s: %w", self[0], err)
	}
	var r rendered
	err = json.Unmarshal(out, &r)
	return r, err
}

// vips renders the same sizes with Debian's vipsthumbnail, one run for each.
func vips(ctx context.Context, file, dir string) (seconds float64, err error) {
	began := time.Now()
	for _, s := range images.Sizes() {
		cmd := exec.CommandContext(ctx, "vipsthumbnail", file,
			"--size", fmt.Sprintf("%dx%d>", s.Side, s.Side), // never enlarged
			"-o", filepath.Join(dir, "vips-"+s.Name+".jpg[Q=85,strip]"))
		if out, err := cmd.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("vipsthumbnail: %w: %s", err, bytes.TrimSpace(out))
		}
	}
	return time.Since(began).Seconds(), nil
}

// compareSizes compares each of Purser's sizes with libvips'.
func (r *Result) compareSizes(dir string) error {
	r.PSNR, r.SSIM, r.Sizes = 99, 1, map[string]Likeness{}
	for _, s := range images.Sizes() {
		ours, err := readJPEG(filepath.Join(dir, "ours-"+s.Name))
		if err != nil {
			return err
		}
		theirs, err := readJPEG(filepath.Join(dir, "vips-"+s.Name+".jpg"))
		if err != nil {
			return err
		}
		like, err := compare(ours, theirs)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		r.Sizes[s.Name] = like
		r.PSNR, r.SSIM = min(r.PSNR, like.PSNR), min(r.SSIM, like.SSIM)
	}
	return nil
}

func readJPEG(path string) (image.Image, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return jpeg.Decode(bytes.NewReader(b))
}

// photo draws a JPEG that is as hard on a resampler as a photograph: soft
// gradients, fine lines, edges and grain.
func photo(w, h int) []byte {
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	seed := uint32(1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			v := 118 + 50*math.Sin(float64(x)/37)*math.Cos(float64(y)/53) + 40*math.Sin(float64(x)*float64(y)/90_000) + float64(seed>>28)
			if (x/160+y/120)%7 == 0 {
				v += 50
			}
			m.Y[y*m.YStride+x] = byte(min(max(v, 0), 255))
		}
	}
	for y := range (h + 1) / 2 {
		for x := range (w + 1) / 2 {
			m.Cb[y*m.CStride+x] = byte(128 + 60*math.Sin(float64(x+y)/200))
			m.Cr[y*m.CStride+x] = byte(128 + 60*math.Cos(float64(x-y)/170))
		}
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}) // cannot fail: it writes to memory
	return b.Bytes()
}
