package shop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"time"

	"purser/catalog"
)

// Image is an image as the API shows it.
type Image struct {
	catalog.Upload
	Renditions []Rendition `json:"renditions,omitempty"`
}

// Rendition is one size of an image, with its link.
type Rendition struct {
	Name   string `json:"name"`
	Type   string `json:"contentType"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int64  `json:"size"`
	// Address is the permanent path below the API; the link may expire.
	Address string `json:"address"`
	catalog.Link
}

// Decided reports whether the image's status is final.
func (p Image) Decided() bool {
	return p.Status != catalog.AwaitingUpload && p.Status != catalog.Processing && p.Status != catalog.Deleting
}

// AskImage begins the upload of an image, as a form (POST) or as a body (PUT).
func (c *Client) AskImage(ctx context.Context, sku, alt, contentType string, bytes int64, method string) (Image, catalog.SignedUpload, error) {
	var out struct {
		Image  Image                `json:"image"`
		Upload catalog.SignedUpload `json:"upload"`
	}
	err := c.call(ctx, http.MethodPost, "/v1/products/"+url.PathEscape(sku)+"/images",
		map[string]any{"contentType": contentType, "size": bytes, "alt": alt, "method": method}, &out)
	return out.Image, out.Upload, err
}

// SendFile uploads a file to the store as a browser does, without the API key.
func (c *Client) SendFile(ctx context.Context, u catalog.SignedUpload, file []byte) error {
	body, contentType := bytes.NewBuffer(file), ""
	if u.Method == http.MethodPost {
		var err error
		if body, contentType, err = form(u.Fields, file); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, u.Method, u.URL, body)
	if err != nil {
		return err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for name, value := range u.Headers {
		req.Header.Set(name, value)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 500)) // for the reader of the error only
		return fmt.Errorf("the store refused the file: HTTP %d %s", resp.StatusCode, b)
	}
	return nil
}

// form returns the multipart body of the fields and the file, and its content type.
func form(fields map[string]string, file []byte) (*bytes.Buffer, string, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := w.WriteField(name, fields[name]); err != nil {
			return nil, "", err
		}
	}
	part, err := w.CreateFormFile("file", "image")
	if err != nil {
		return nil, "", err
	}
	if _, err := part.Write(file); err != nil {
		return nil, "", err
	}
	return &body, w.FormDataContentType(), w.Close()
}

// CompleteImage reports that the file was uploaded.
func (c *Client) CompleteImage(ctx context.Context, id string) (Image, error) {
	var p Image
	return p, c.call(ctx, http.MethodPost, "/v1/images/"+url.PathEscape(id)+"/complete", nil, &p)
}

// Image fetches one image.
func (c *Client) Image(ctx context.Context, id string) (Image, error) {
	var p Image
	return p, c.call(ctx, http.MethodGet, "/v1/images/"+url.PathEscape(id), nil, &p)
}

// Images lists a product's images.
func (c *Client) Images(ctx context.Context, sku string) ([]Image, error) {
	var out struct {
		Images []Image `json:"images"`
	}
	return out.Images, c.call(ctx, http.MethodGet, "/v1/products/"+url.PathEscape(sku)+"/images", nil, &out)
}

// Original returns a link to the uploaded file, for operators.
func (c *Client) Original(ctx context.Context, id string) (catalog.Link, error) {
	var l catalog.Link
	return l, c.call(ctx, http.MethodGet, "/v1/images/"+url.PathEscape(id)+"/original", nil, &l)
}

// DeleteImage deletes an image with all its files. The status of the image returned
// is deleting or deleted.
func (c *Client) DeleteImage(ctx context.Context, id string) (Image, error) {
	var p Image
	return p, c.call(ctx, http.MethodDelete, "/v1/images/"+url.PathEscape(id), nil, &p)
}

// AddImage uploads an image and waits until it is ready or refused.
func (c *Client) AddImage(ctx context.Context, sku, alt, contentType string, file []byte) (Image, error) {
	p, u, err := c.AskImage(ctx, sku, alt, contentType, int64(len(file)), http.MethodPost)
	if err != nil {
		return p, err
	}
	if err := c.SendFile(ctx, u, file); err != nil {
		return p, err
	}
	if p, err = c.CompleteImage(ctx, p.ID); err != nil {
		return p, err
	}
	return c.AwaitImage(ctx, p)
}

// AwaitImage waits until the image's status is final.
func (c *Client) AwaitImage(ctx context.Context, p Image) (Image, error) {
	for wait := 50 * time.Millisecond; !p.Decided(); wait = min(2*wait, time.Second) {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return p, ctx.Err()
		}
		var err error
		if p, err = c.Image(ctx, p.ID); err != nil {
			return p, err
		}
	}
	return p, nil
}
