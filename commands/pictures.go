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
	"purser/shop"
)

// pictureCmd is the operator's hand on pictures, over the API.
type pictureCmd struct {
	remote `embed:""`

	Add  pictureAddCmd  `cmd:"" help:"Send a picture of a product and wait until it is ready."`
	Show pictureShowCmd `cmd:"" help:"Show a picture."`
	List pictureListCmd `cmd:"" help:"List a product's pictures."`

	Delete pictureDeleteCmd `cmd:"" help:"Delete a picture for good and wait until its files are gone."`
}

type pictureAddCmd struct {
	SKU  string `arg:"" help:"The product."`
	File string `arg:"" type:"path" help:"A JPEG, PNG, WebP or GIF."`
	Alt  string `help:"What it shows, in words."`
}

func (a *pictureAddCmd) Run(e *env, c *commands) error {
	client, err := c.Picture.client()
	if err != nil {
		return err
	}
	file, err := readPicture(a.File)
	if err != nil {
		return err
	}
	contentType := http.DetectContentType(file)
	if !slices.Contains(catalog.UploadTypes(), contentType) {
		return usageError{fmt.Errorf("%s is neither JPEG, PNG, WebP nor GIF", a.File)}
	}
	p, err := client.AddPicture(e.ctx, a.SKU, a.Alt, contentType, file)
	if err != nil {
		return err
	}
	if err := c.Picture.print(e.stdout, p); err != nil {
		return err
	}
	if p.Status != catalog.Ready {
		return fmt.Errorf("the picture is %s: %s: %s", p.Status, p.Reason, p.Detail)
	}
	return nil
}

// readPicture reads no more than may be sent.
func readPicture(path string) ([]byte, error) {
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

type pictureShowCmd struct {
	ID string `arg:"" help:"The picture's id."`
}

func (s *pictureShowCmd) Run(e *env, c *commands) error {
	client, err := c.Picture.client()
	if err != nil {
		return err
	}
	p, err := client.Picture(e.ctx, s.ID)
	if err != nil {
		return err
	}
	return c.Picture.print(e.stdout, p)
}

type pictureListCmd struct {
	SKU string `arg:"" help:"The product."`
}

func (l *pictureListCmd) Run(e *env, c *commands) error {
	client, err := c.Picture.client()
	if err != nil {
		return err
	}
	all, err := client.Pictures(e.ctx, l.SKU)
	if err != nil {
		return err
	}
	if c.Picture.JSON {
		return json.NewEncoder(e.stdout).Encode(all)
	}
	t := table(e.stdout, "ID", "STATUS", "PIXELS", "SIZES", "REASON")
	for _, p := range all {
		fmt.Fprintf(t, "%s\t%s\t%d × %d\t%d\t%s\n", p.ID, p.Status, p.Width, p.Height, len(p.Renditions), p.Reason)
	}
	return t.Flush()
}

type pictureDeleteCmd struct {
	ID string `arg:"" help:"The picture's id."`
}

func (d *pictureDeleteCmd) Run(e *env, c *commands) error {
	client, err := c.Picture.client()
	if err != nil {
		return err
	}
	p, err := client.DeletePicture(e.ctx, d.ID)
	if err == nil {
		p, err = client.AwaitPicture(e.ctx, p)
	}
	if err != nil {
		return err
	}
	return c.Picture.print(e.stdout, p)
}

func (c *pictureCmd) print(w io.Writer, p shop.Picture) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(p)
	}
	fmt.Fprintf(w, "%s  %s of %s", p.ID, p.Status, p.SKU)
	if p.Reason != "" {
		fmt.Fprintf(w, ": %s: %s", p.Reason, p.Detail)
	}
	fmt.Fprintln(w)
	for _, r := range p.Renditions {
		fmt.Fprintf(w, "  %-10s %5d × %-5d %8d bytes  %s\n", r.Name, r.Width, r.Height, r.Bytes, r.Address)
	}
	return nil
}
