package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"purser/providers/s3"
)

// Images says where images are kept and shown.
type Images struct {
	S3Bucket         string `name:"s3-bucket" help:"S3 bucket for images. Without it the sandbox plays S3; credentials come from AWS's usual places." env:"S3_BUCKET"`
	S3Region         string `name:"s3-region" help:"AWS region of the bucket." env:"S3_REGION"`
	S3Endpoint       string `name:"s3-endpoint" help:"Another store that speaks S3." env:"S3_ENDPOINT"`
	S3PublicEndpoint string `name:"s3-public-endpoint" help:"The same store as browsers reach it. Default: as we do." env:"S3_PUBLIC_ENDPOINT"`

	CloudFrontDomain    string `name:"cloudfront-domain" help:"CloudFront distribution that shows the bucket's images/. Default: signed addresses of the bucket." env:"CLOUDFRONT_DOMAIN"`
	CloudFrontKeyPairID string `name:"cloudfront-key-pair-id" help:"Its key pair, if it shows only what is signed." env:"CLOUDFRONT_KEY_PAIR_ID"`
	CloudFrontKey       string `name:"cloudfront-private-key" help:"The private key (PEM), or a file that holds it." env:"CLOUDFRONT_PRIVATE_KEY"`
	CloudFrontPrivate   string `name:"cloudfront-private-domain" help:"Another distribution, which may read originals/ and quarantine/ and shows only what is signed, for operators' downloads. Default: signed addresses of the bucket." env:"CLOUDFRONT_PRIVATE_DOMAIN"`

	SampleImages bool          `help:"Draw images of the sample products." env:"PURSER_SAMPLE_IMAGES" default:"true" negatable:""`
	ImagesAtOnce int           `help:"Images worked on at once in one worker; each takes up to 256 MB while it is decoded." env:"PURSER_IMAGES_AT_ONCE" default:"2"`
	SweepEvery   time.Duration `help:"How often what uploads left behind is removed." env:"PURSER_SWEEP_EVERY" default:"1h"`
}

func (c *Images) check() error {
	if err := checkPartnerURL("S3_ENDPOINT", c.S3Endpoint); err != nil {
		return err
	}
	switch {
	case c.S3Bucket == "" && (c.S3Region != "" || c.S3Endpoint != ""):
		return errors.New("S3_REGION or S3_ENDPOINT is set, S3_BUCKET is not")
	case c.S3Bucket != "" && c.S3Region == "" && c.S3Endpoint == "":
		return errors.New("S3_BUCKET is set, S3_REGION is not")
	case c.ImagesAtOnce < 1:
		return fmt.Errorf("PURSER_IMAGES_AT_ONCE: want 1 or more, got %d", c.ImagesAtOnce)
	case c.SweepEvery < time.Minute:
		return fmt.Errorf("PURSER_SWEEP_EVERY: want 1m or more, got %s", c.SweepEvery)
	}
	return nil
}

// CDN is the distribution, its key read from a file where it is one.
func (c *Images) CDN() (s3.CDN, error) {
	key := c.CloudFrontKey
	if key != "" && !strings.Contains(key, "-----BEGIN") {
		b, err := os.ReadFile(key)
		if err != nil {
			return s3.CDN{}, fmt.Errorf("CLOUDFRONT_PRIVATE_KEY: neither a PEM nor a file that can be read")
		}
		key = string(b)
	}
	return s3.CDN{Domain: c.CloudFrontDomain, KeyPairID: c.CloudFrontKeyPairID, PrivateKey: key, Private: c.CloudFrontPrivate}, nil
}
