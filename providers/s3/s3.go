// Package s3 stores images in an S3 bucket, over the official SDK. Browsers
// upload straight to the bucket under a policy that the bucket enforces.
package s3

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"purser/catalog"
	"purser/order"
	"purser/providers/guard"
)

// Config selects a bucket.
type Config struct {
	// Bucket is the bucket's name. It needs no public access: browsers get signed
	// URLs, or the URLs of a CDN that may read it. Required.
	Bucket string
	// Region is the bucket's region; the default comes from the environment.
	Region string
	// AccessKey and SecretKey sign the calls. Empty: the SDK's default chain
	// (environment, profile, role).
	AccessKey, SecretKey string
	// Endpoint replaces the region's endpoint, for the sandbox or an S3-compatible
	// store. The bucket's name is then part of the path.
	Endpoint string
	// PublicEndpoint is the endpoint as browsers reach it. Default: Endpoint.
	PublicEndpoint string
	// CDN serves published images. Its zero value means that the bucket serves them
	// at signed URLs.
	CDN CDN
	// Timeout limits a call whose context has no earlier deadline; default 30 s.
	Timeout time.Duration
	// Guard configures the breaker and the bulkhead; its zero value uses the
	// defaults.
	Guard guard.Config
	// Now returns the time; default time.Now.
	Now func() time.Time
}

// Store is a bucket. Every error of its methods is a *order.ProviderError.
type Store struct {
	client *s3.Client
	signer *s3.PresignClient
	keys   aws.CredentialsProvider
	bucket *string
	cdn    *cdn // nil without a CDN
	now    func() time.Time
}

// New returns a store. It does not call S3.
func New(ctx context.Context, c Config) (*Store, error) {
	if c.Bucket == "" {
		return nil, errors.New("s3: no bucket")
	}
	s := &Store{bucket: aws.String(c.Bucket), now: c.Now}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if s.cdn, err = newCDN(c.CDN); err != nil {
		return nil, err
	}
	var options []func(*awsconfig.LoadOptions) error
	if c.Region != "" {
		options = append(options, awsconfig.WithRegion(c.Region))
	}
	if c.AccessKey != "" {
		options = append(options, awsconfig.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, "")))
	}
	sdk, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	c.Guard.Name = cmp.Or(c.Guard.Name, provider)
	at := func(endpoint string) func(*s3.Options) {
		return func(o *s3.Options) {
			o.Retryer = aws.NopRetryer{} // the workflow retries
			// Each write carries its SHA-256 as a header, because other stores than
			// Amazon's do not know the trailers that the SDK would add.
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
			o.HTTPClient = &http.Client{
				Transport:     guard.Transport(nil, c.Guard),
				Timeout:       cmp.Or(c.Timeout, 30*time.Second),
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			}
			if endpoint != "" {
				o.BaseEndpoint, o.UsePathStyle = aws.String(endpoint), true
			}
		}
	}
	s.client = s3.NewFromConfig(sdk, at(c.Endpoint))
	s.signer = s3.NewPresignClient(s3.NewFromConfig(sdk, at(cmp.Or(c.PublicEndpoint, c.Endpoint))))
	s.keys = s.client.Options().Credentials
	return s, nil
}

// HeadObject returns the metadata of a file. It fails with ErrNoSuch if the
// file does not exist.
func (s *Store) HeadObject(ctx context.Context, key string) (catalog.Object, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: aws.String(key)})
	if err != nil {
		return catalog.Object{}, classify("head", read, err)
	}
	return catalog.Object{Key: key, Type: aws.ToString(out.ContentType), Bytes: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified)}, nil
}

// GetObject reads a file, up to most+1 bytes.
func (s *Store) GetObject(ctx context.Context, key string, most int64) ([]byte, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: aws.String(key)})
	if err != nil {
		return nil, classify("get", read, err)
	}
	defer out.Body.Close()
	var b bytes.Buffer
	b.Grow(int(min(aws.ToInt64(out.ContentLength), most) + bytes.MinRead))
	if _, err := b.ReadFrom(io.LimitReader(out.Body, most+1)); err != nil {
		return nil, failure("get", order.ErrUnavailable, "cut_off", err)
	}
	return b.Bytes(), nil
}

// forever is how long a file that never changes may be cached: a year.
const forever = "public, max-age=31536000, immutable"

// PutObject writes a file whose key is derived from its content, or that is written
// once. An existing file is the same one and is not rewritten.
func (s *Store) PutObject(ctx context.Context, o catalog.Object, data []byte) error {
	sum := sha256.Sum256(data)
	cached := forever
	if o.Private {
		cached = "private, no-store"
	}
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: s.bucket, Key: aws.String(o.Key), Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data))),
		ContentType: aws.String(o.Type), CacheControl: aws.String(cached), IfNoneMatch: aws.String("*"),
		ChecksumSHA256:       aws.String(base64.StdEncoding.EncodeToString(sum[:])),
		ServerSideEncryption: types.ServerSideEncryptionAes256,
	})
	if err == nil {
		return nil
	}
	if e := classify("put", write, err); e.Kind != order.ErrState {
		return e
	}
	return nil
}

// MoveObject copies a file to another key and deletes the original. Repeating a
// finished move succeeds; it fails with ErrNoSuch if the file never existed.
func (s *Store) MoveObject(ctx context.Context, from, to string) error {
	_, err := s.client.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: s.bucket, Key: aws.String(to), CopySource: aws.String(escaped(*s.bucket + "/" + from)),
		ServerSideEncryption: types.ServerSideEncryptionAes256,
	})
	if err != nil {
		e := classify("copy", write, err)
		if !errors.Is(e, order.ErrNoSuch) {
			return e
		}
		_, err := s.HeadObject(ctx, to)
		return err
	}
	return s.DeleteObject(ctx, from)
}

// escaped escapes a path for the header that names a copy's source. S3 would
// read a plus sign there as a space, and not every store accepts an escaped
// slash between bucket and key.
func escaped(path string) string {
	return strings.NewReplacer("+", "%2B", "%2F", "/").Replace(url.PathEscape(path))
}

// DeleteObject deletes a file. It succeeds if the file does not exist.
func (s *Store) DeleteObject(ctx context.Context, key string) error {
	if _, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: s.bucket, Key: aws.String(key)}); err != nil {
		if e := classify("delete", write, err); !errors.Is(e, order.ErrNoSuch) {
			return e
		}
	}
	return nil
}

// ListObjects lists files by key, starting behind the key after; at most 1000
// in one call.
func (s *Store) ListObjects(ctx context.Context, prefix, after string, limit int) ([]catalog.Object, error) {
	in := &s3.ListObjectsV2Input{Bucket: s.bucket, Prefix: aws.String(prefix), MaxKeys: aws.Int32(int32(min(max(limit, 1), 1000)))}
	if after != "" {
		in.StartAfter = aws.String(after)
	}
	out, err := s.client.ListObjectsV2(ctx, in)
	if err != nil {
		return nil, classify("list", read, err)
	}
	objects := make([]catalog.Object, 0, len(out.Contents))
	for _, o := range out.Contents {
		objects = append(objects, catalog.Object{Key: aws.ToString(o.Key), Bytes: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified)})
	}
	return objects, nil
}
