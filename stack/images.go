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

// The bucket of the sandbox. Its secret is this installation's own, because a
// browser may be led to the sandbox's door from anywhere.
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

// newImageStore is the adapter to S3, real or played.
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

// sweepImages has what uploads left behind removed regularly.
func (s *Stack) sweepImages() {
	s.retryInBackground("schedule the sweep of images", scheduledWithin, func(ctx context.Context) error {
		return (&starter.Images{Temporal: s.Temporal}).SweepImages(ctx, s.cfg.SweepEvery)
	})
}

// imageService serves the API's operations on images.
func (s *Stack) imageService(p *providers) *apiimages.Service {
	s.background(func(ctx context.Context) { s.watchCDN(ctx, p.images) })
	return &apiimages.Service{Records: s.Records, Store: p.images, Links: p.images, Workflows: &starter.Images{Temporal: s.Temporal}}
}

// watchCDN asks the CDN now and then for a published image, so that shoppers
// are not the first to meet its refusal.
func (s *Stack) watchCDN(ctx context.Context, store *s3.Store) {
	if s.cfg.CloudFrontDomain == "" {
		return
	}
	tick := time.NewTicker(cdnCheckedEvery)
	defer tick.Stop()
	for {
		if key, err := s.Records.PublishedKey(ctx); err == nil && key != "" {
			if used, err := store.CheckCDN(ctx, key); err != nil || !used {
				s.log.Error("the CDN does not show images", "used", used, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// imageURL is where a browser finds a published image: at the CDN for
// good, or at our own door, which leads to the store.
func (s *Stack) imageURL(p *providers) func(key string) string {
	door := s.publicURL()
	return func(key string) string {
		if url, ok := p.images.Lasting(key); ok {
			return url
		}
		return door + "/" + key
	}
}

// AddSampleImages sends the sample products' images as a shop would, those
// that have none: over the API, and straight to the store.
func (s *Stack) AddSampleImages() { s.background(s.addSampleImages) }

func (s *Stack) addSampleImages(ctx context.Context) {
	if !s.cfg.SampleImages || !s.cfg.LoadsSample() {
		return
	}
	// The stack collects its garbage rarely; that of a burst before anybody
	// has come would stay for good.
	defer debug.FreeOSMemory()
	client := &shop.Client{URL: s.apiURL, Key: s.key}
	for _, p := range catalog.Sample() {
		has, err := client.Images(ctx, p.SKU)
		var now catalog.Stocked
		if err == nil {
			now, err = client.Product(ctx, p.SKU)
		}
		// A product that was changed before may have had one that was deleted.
		if err == nil && len(has) == 0 && now.Version == 1 {
			_, err = client.AddImage(ctx, p.SKU, p.Name, string(images.JPEG), images.Sample(p.SKU))
		}
		var none *shop.Problem
		if errors.As(err, &none) && none.Status == http.StatusNotFound {
			continue // a shop with products of its own
		}
		if err != nil {
			if ctx.Err() == nil {
				s.log.Warn("no image of a sample product", "sku", p.SKU, "error", err)
			}
			return
		}
	}
}
