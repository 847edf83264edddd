// Package s3 keeps images in an S3 bucket, over the official SDK. Browsers
// upload straight to it under a policy that it enforces itself.
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

// Config says which bucket.
type Config struct {
	// Bucket is its name. It needs no public access: browsers get signed
	// addresses, or those of a CDN that may read it. Required.
	Bucket string
	// Region is the bucket's; default what the environment says.
	Region string
	// AccessKey and SecretKey sign the calls. Empty: the SDK's default chain
	// (environment, profile, role).
	AccessKey, SecretKey string
	// Endpoint replaces the region's, as for a stand-in or a store that
	// speaks S3. The bucket is then named in the path.
	Endpoint string
	// PublicEndpoint is the endpoint as browsers reach it. Default: Endpoint.
	PublicEndpoint string
	// CDN shows published images. Its zero value: the bucket shows them, by
	// signed addresses.
	CDN CDN
	// Timeout ends a call that the caller's context does not; default 30 s.
	Timeout time.Duration
	// Guard shapes the breaker and the bulkhead; its zero value will do.
	Guard guard.Config
	// Now tells the time; default time.Now.
	Now func() time.Time
}

// Store is the bucket. Every error of its methods is a *order.ProviderError.
type Store struct {
	client *s3.Client
	signer *s3.PresignClient
	keys   aws.CredentialsProvider
	bucket *string
	cdn    *cdn // nil: none
	now    func() time.Time
}

// New makes a store. It does not call S3.
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
			// Each write says its SHA-256 itself; other stores than Amazon's
			// do not know the trailers the SDK would add.
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

// HeadObject returns what the store knows of a file. ErrNoSuch if there is
// none.
func (s *Store) HeadObject(ctx context.Context, key string) (catalog.Object, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: aws.String(key)})
	if err != nil {
		return catalog.Object{}, classify("head", read, err)
	}
	return catalog.Object{Key: key, Type: aws.ToString(out.ContentType), Bytes: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified)}, nil
}

// GetObject reads a file, at most one byte more than most.
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

// forever is how long what never changes may be cached: a year.
const forever = "public, max-age=31536000, immutable"

// PutObject writes a file whose key is made from its content. Where there is
// one already it is the same one, and is left as it is.
func (s *Store) PutObject(ctx context.Context, o catalog.Object, data []byte) error {
	sum := sha256.Sum256(data)
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: s.bucket, Key: aws.String(o.Key), Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data))),
		ContentType: aws.String(o.Type), CacheControl: aws.String(forever), IfNoneMatch: aws.String("*"),
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

// MoveObject copies a file to another key and deletes it. Moving again what
// was moved before is a success; ErrNoSuch if there never was any.
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

// escaped is a path for the header that names a copy's source. A plus sign
// would be read as a space there, and not every store takes an escaped slash
// between bucket and key.
func escaped(path string) string {
	return strings.NewReplacer("+", "%2B", "%2F", "/").Replace(url.PathEscape(path))
}

// DeleteObject deletes a file. One that is not there is a success.
func (s *Store) DeleteObject(ctx context.Context, key string) error {
	if _, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: s.bucket, Key: aws.String(key)}); err != nil {
		if e := classify("delete", write, err); !errors.Is(e, order.ErrNoSuch) {
			return e
		}
	}
	return nil
}

// ListObjects lists files by key, those after a key; at most 1000 at once.
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
