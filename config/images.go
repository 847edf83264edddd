package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"purser/providers/s3"
)

// Images holds the settings of the store of images and of the CDN that serves them.
// It is part of Config.
type Images struct {
	S3Bucket         string `name:"s3-bucket" help:"S3 bucket for images. Without it the sandbox plays S3. Credentials come from AWS's default credential chain." env:"S3_BUCKET"`
	S3Region         string `name:"s3-region" help:"AWS region of the bucket." env:"S3_REGION"`
	S3Endpoint       string `name:"s3-endpoint" help:"Endpoint of another store with the S3 API." env:"S3_ENDPOINT"`
	S3PublicEndpoint string `name:"s3-public-endpoint" help:"Endpoint at which browsers reach the same store. Default: S3_ENDPOINT." env:"S3_PUBLIC_ENDPOINT"`

	CloudFrontDomain    string `name:"cloudfront-domain" help:"CloudFront distribution that serves the bucket's images/. Default: signed URLs of the bucket." env:"CLOUDFRONT_DOMAIN"`
	CloudFrontKeyPairID string `name:"cloudfront-key-pair-id" help:"Key pair id of the distribution, if it requires signed URLs." env:"CLOUDFRONT_KEY_PAIR_ID"`
	CloudFrontKey       string `name:"cloudfront-private-key" help:"Private key of the key pair (PEM), or a file that contains it." env:"CLOUDFRONT_PRIVATE_KEY"`
	CloudFrontPrivate   string `name:"cloudfront-private-domain" help:"Another distribution, which serves originals/ and quarantine/ and requires signed URLs, for operators' downloads. Default: signed URLs of the bucket." env:"CLOUDFRONT_PRIVATE_DOMAIN"`

	SampleImages bool          `help:"Draw images of the sample products." env:"PURSER_SAMPLE_IMAGES" default:"true" negatable:""`
	ImagesAtOnce int           `help:"Images that one worker processes at once; each takes up to 256 MB while it is decoded." env:"PURSER_IMAGES_AT_ONCE" default:"2"`
	SweepEvery   time.Duration `help:"How often files that uploads left behind are deleted." env:"PURSER_SWEEP_EVERY" default:"1h"`
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

// CDN returns the CloudFront distributions. It reads the private key from a file if
// the setting is not a PEM itself.
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
