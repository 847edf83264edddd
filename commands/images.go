package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"

	"purser/catalog"
	"purser/commands/terminal"
	"purser/shop"
)

// imageCmd holds the commands with which operators manage images.
type imageCmd struct {
	remote `embed:""`

	Add  imageAddCmd  `cmd:"" help:"Add an image to a product and wait until it is ready."`
	Show imageShowCmd `cmd:"" help:"Show an image."`
	List imageListCmd `cmd:"" help:"List a product's images."`

	Delete imageDeleteCmd `cmd:"" help:"Delete an image for good and wait until its files are gone."`
}

type imageAddCmd struct {
	SKU  string `arg:"" help:"The product's SKU."`
	File string `arg:"" type:"path" help:"A JPEG, PNG, WebP or GIF file."`
	Alt  string `help:"A description of the image, for people who cannot see it."`
}

func (a *imageAddCmd) Run(e *env, c *commands) error {
	client, err := c.Image.client()
	if err != nil {
		return err
	}
	file, err := readImage(a.File)
	if err != nil {
		return err
	}
	contentType := http.DetectContentType(file)
	if !slices.Contains(catalog.UploadTypes(), contentType) {
		return usageError{fmt.Errorf("%s is not a JPEG, PNG, WebP or GIF file", a.File)}
	}
	p, err := client.AddImage(e.ctx, a.SKU, a.Alt, contentType, file)
	if err != nil {
		return err
	}
	if err := c.Image.print(e.stdout, p); err != nil {
		return err
	}
	if p.Status != catalog.Ready {
		return fmt.Errorf("the image is %s: %s: %s", p.Status, p.Reason, p.Detail)
	}
	return nil
}

// readImage returns the content of an image file. It refuses an empty file and one
// that is larger than catalog.MaxUpload.
func readImage(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, catalog.MaxUpload+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > catalog.MaxUpload:
		return nil, usageError{fmt.Errorf("%s has more than %d bytes", path, catalog.MaxUpload)}
	case len(b) == 0:
		return nil, usageError{errors.New(path + " is empty")}
	}
	return b, nil
}

type imageShowCmd struct {
	ID string `arg:"" help:"The image's id."`
}

func (s *imageShowCmd) Run(e *env, c *commands) error {
	client, err := c.Image.client()
	if err != nil {
		return err
	}
	p, err := client.Image(e.ctx, s.ID)
	if err != nil {
		return err
	}
	return c.Image.print(e.stdout, p)
}

type imageListCmd struct {
	SKU string `arg:"" help:"The product's SKU."`
}

func (l *imageListCmd) Run(e *env, c *commands) error {
	client, err := c.Image.client()
	if err != nil {
		return err
	}
	all, err := client.Images(e.ctx, l.SKU)
	if err != nil {
		return err
	}
	if c.Image.JSON {
		return json.NewEncoder(e.stdout).Encode(all)
	}
	t := terminal.NewTable(e.stdout, "ID", "STATUS", "PIXELS", "SIZES", "REASON")
	for _, p := range all {
		fmt.Fprintf(t, "%s\t%s\t%d × %d\t%d\t%s\n", p.ID, paintStatus(t, p.Status), p.Width, p.Height, len(p.Renditions), p.Reason)
	}
	return t.Flush()
}

type imageDeleteCmd struct {
	ID string `arg:"" help:"The image's id."`
}

func (d *imageDeleteCmd) Run(e *env, c *commands) error {
	client, err := c.Image.client()
	if err != nil {
		return err
	}
	p, err := client.DeleteImage(e.ctx, d.ID)
	if err == nil {
		p, err = client.AwaitImage(e.ctx, p)
	}
	if err != nil {
		return err
	}
	return c.Image.print(e.stdout, p)
}

func (c *imageCmd) print(w io.Writer, p shop.Image) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(p)
	}
	fmt.Fprintf(w, "%s  %s of %s", p.ID, paintStatus(w, p.Status), p.SKU)
	if p.Reason != "" {
		fmt.Fprintf(w, ": %s: %s", p.Reason, p.Detail)
	}
	fmt.Fprintln(w)
	for _, r := range p.Renditions {
		fmt.Fprintf(w, "  %-10s %5d × %-5d %8d bytes  %s\n", r.Name, r.Width, r.Height, r.Bytes, r.Address)
	}
	return nil
}
