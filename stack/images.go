package stack

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"time"

	apiimages "purser/api/images"
	"purser/catalog"
	"purser/images"
	"purser/providers/s3"
	sandboxobjects "purser/sandbox/objects"
	"purser/shop"
	"purser/starter"
)

// The bucket of the sandbox. Its secret belongs to this installation, because
// browsers anywhere may be sent to the sandbox's address.
const (
	sandboxBucket   = "purser-images"
	sandboxS3Access = "purser-sandbox"
	sandboxS3Region = "us-east-1"
	cdnCheckedEvery = 5 * time.Minute
)

func (s *Stack) s3Secret() string { return s.vault.Derive("sandbox s3") }

func (s *Stack) sandboxObjects() *sandboxobjects.Config {
	if s.cfg.S3Bucket != "" {
		return nil
	}
	return &sandboxobjects.Config{Bucket: sandboxBucket, AccessKey: sandboxS3Access, SecretKey: s.s3Secret(), Region: sandboxS3Region}
}

// newImageStore returns the adapter to S3 or to its stand-in.
func (s *Stack) newImageStore(ctx context.Context) (*s3.Store, error) {
	c := s.cfg
	cdn, err := c.CDN()
	if err != nil {
		return nil, err
	}
	conf := s3.Config{Bucket: c.S3Bucket, Region: cmp.Or(c.S3Region, sandboxS3Region), Endpoint: c.S3Endpoint, PublicEndpoint: c.S3PublicEndpoint, CDN: cdn}
	if c.S3Bucket == "" {
		conf.Bucket, conf.Region, conf.Endpoint = sandboxBucket, sandboxS3Region, s.sandboxURL
		conf.AccessKey, conf.SecretKey = sandboxS3Access, s.s3Secret()
	}
	return s3.New(ctx, conf)
}

// sweepImages schedules the removal of files that uploads have left behind.
func (s *Stack) sweepImages() {
	s.retryInBackground("schedule the sweep of images", scheduledWithin, func(ctx context.Context) error {
		return (&starter.Images{Temporal: s.Temporal}).SweepImages(ctx, s.cfg.SweepEvery)
	})
}

// imageService returns the API's operations on images.
func (s *Stack) imageService(p *providers) *apiimages.Service {
	s.background(func(ctx context.Context) { s.watchCDN(ctx, p.images) })
	return &apiimages.Service{Records: s.Records, Store: p.images, Links: p.images, Workflows: &starter.Images{Temporal: s.Temporal}}
}

// watchCDN regularly requests a published image from the CDN, so that an operator
// learns of a refusal before shoppers do.
func (s *Stack) watchCDN(ctx context.Context, store *s3.Store) {
	if s.cfg.CloudFrontDomain == "" {
		return
	}
	tick := time.NewTicker(cdnCheckedEvery)
	defer tick.Stop()
	for {
		if key, err := s.Records.PublishedKey(ctx); err == nil && key != "" {
			if used, err := store.CheckCDN(ctx, key); err != nil || !used {
				s.log.Error("the CDN does not serve images", "used", used, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// imageURL returns a function that maps the key of a published image to the URL
// that a browser loads: at the CDN, which does not change, or at the API, which
// redirects to the store.
func (s *Stack) imageURL(p *providers) func(key string) string {
	base := s.publicURL()
	return func(key string) string {
		if url, ok := p.images.Lasting(key); ok {
			return url
		}
		return base + "/" + key
	}
}

// AddSampleImages uploads, in the background, images of the sample products that
// have none, as a shop would: announced over the API, sent straight to the store.
func (s *Stack) AddSampleImages() { s.background(s.addSampleImages) }

func (s *Stack) addSampleImages(ctx context.Context) {
	if !s.cfg.SampleImages || !s.cfg.LoadsSample() {
		return
	}
	// The stack collects its garbage rarely: the garbage of this burst would
	// stay until there is traffic.
	defer debug.FreeOSMemory()
	client := &shop.Client{URL: s.apiURL, Key: s.key}
	for _, p := range catalog.Sample() {
		has, err := client.Images(ctx, p.SKU)
		var now catalog.Stocked
		if err == nil {
			now, err = client.Product(ctx, p.SKU)
		}
		// A product that was changed before may have had an image that was deleted.
		if err == nil && len(has) == 0 && now.Version == 1 {
			_, err = client.AddImage(ctx, p.SKU, p.Name, string(images.JPEG), images.Sample(p.SKU))
		}
		var none *shop.Problem
		if errors.As(err, &none) && none.Status == http.StatusNotFound {
			continue // the shop has products of its own
		}
		if err != nil {
			if ctx.Err() == nil {
				s.log.Warn("cannot add the image of a sample product", "sku", p.SKU, "error", err)
			}
			return
		}
	}
}
