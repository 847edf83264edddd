package objects_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"purser/sandbox/objects"
)

const bucket = "shop"

// client returns Amazon's own client of a running gateway.
func client(t *testing.T, key, secret string, change func(*s3.Options)) *s3.Client {
	t.Helper()
	o := s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(at), UsePathStyle: true, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""),
	}
	if change != nil {
		change(&o)
	}
	return s3.New(o)
}

// at is the address of the gateway that a test has started; a process can run only
// one.
var at string

// running starts a gateway and returns the directory of its files.
func running(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "objects")
	s, err := objects.Start(context.Background(), objects.Config{
		Dir: dir, Bucket: bucket, AccessKey: "access", SecretKey: "secret-key",
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	at = srv.URL
	t.Cleanup(func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// signedAt signs with another clock than the gateway's.
type signedAt struct{ off time.Duration }

func (s signedAt) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, now time.Time, options ...func(*v4.SignerOptions)) error {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).SignHTTP(ctx, c, r, hash, service, region, now.Add(s.off), options...)
}

// TestLimits checks that the gateway refuses what Amazon's S3 refuses.
func TestLimits(t *testing.T) {
	running(t)
	c := client(t, "access", "secret-key", nil)
	put := func(key string, change func(*s3.PutObjectInput)) error {
		in := &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader("text")}
		if change != nil {
			change(in)
		}
		_, err := c.PutObject(t.Context(), in)
		return err
	}
	list := func(c *s3.Client) error {
		_, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
		return err
	}
	skewed := func(off time.Duration) error {
		return list(client(t, "access", "secret-key", func(o *s3.Options) { o.HTTPSignerV4 = signedAt{off} }))
	}
	deep := func(n int) string { return (strings.Repeat("directory/", 102) + "file")[:n] } // a file system's names end at 255 bytes
	meta := func(n int) func(*s3.PutObjectInput) {
		return func(in *s3.PutObjectInput) {
			in.Metadata = map[string]string{"note": strings.Repeat("x", n-len("note"))}
		}
	}
	deletes := func(n int) error {
		var all []types.ObjectIdentifier
		for i := range n {
			all = append(all, types.ObjectIdentifier{Key: aws.String("gone" + strconv.Itoa(i))})
		}
		_, err := c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(bucket), Delete: &types.Delete{Objects: all}})
		return err
	}
	if err := put("there", nil); err != nil {
		t.Fatal(err)
	}
	_, missing := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("nowhere")})
	_, elsewhere := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("other"), Key: aws.String("x"), Body: strings.NewReader("x")})
	for _, tt := range []struct {
		name string
		err  error
		code string
	}{
		{name: "another secret", err: list(client(t, "access", "other", nil)), code: "SignatureDoesNotMatch"},
		{name: "another key", err: list(client(t, "nobody", "secret-key", nil)), code: "InvalidAccessKeyId"},
		{name: "another region", err: list(client(t, "access", "secret-key", func(o *s3.Options) { o.Region = "eu-west-1" })), code: "AuthorizationHeaderMalformed"},
		{name: "14 minutes off", err: skewed(-14 * time.Minute)},
		{name: "16 minutes slow", err: skewed(-16 * time.Minute), code: "RequestTimeTooSkewed"},
		{name: "16 minutes fast", err: skewed(16 * time.Minute), code: "RequestTimeTooSkewed"},
		{name: "a key of 1,024 bytes", err: put(deep(1024), nil)},
		{name: "a key of 1,025 bytes", err: put(deep(1024)+"x", nil), code: "KeyTooLongError"},
		{name: "metadata of 2 KB", err: put("meta", meta(2048))},
		{name: "metadata of more than 2 KB", err: put("meta", meta(2049)), code: "MetadataTooLarge"},
		{name: "another MD5", err: put("md5", func(in *s3.PutObjectInput) { in.ContentMD5 = aws.String("XrY7u+Ae7tCTyyK7j1rNww==") }), code: "BadDigest"},
		{name: "no MD5", err: put("md5", func(in *s3.PutObjectInput) { in.ContentMD5 = aws.String("md5") }), code: "InvalidDigest"},
		{name: "another SHA-256", err: put("sha", func(in *s3.PutObjectInput) {
			in.ChecksumSHA256 = aws.String("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
		}), code: "BadDigest"},
		{name: "not over what is there", err: put("there", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }), code: "PreconditionFailed"},
		{name: "1,000 deletes", err: deletes(1000)},
		{name: "1,001 deletes", err: deletes(1001), code: "MalformedXML"},
		{name: "no such file", err: missing, code: "NoSuchKey"},
		{name: "no such bucket", err: elsewhere, code: "NoSuchBucket"},
	} {
		if codeOf(tt.err) != tt.code || (tt.err != nil) != (tt.code != "") {
			t.Errorf("%s: %v, want %q", tt.name, tt.err, tt.code)
		}
	}
}

// TestListPages checks that a page lists at most 1,000 files, whatever was asked
// for.
func TestListPages(t *testing.T) {
	dir := running(t)
	c := client(t, "access", "secret-key", nil)
	// The files are put where the gateway keeps them, which is much quicker.
	for i := range 1001 {
		if err := os.WriteFile(filepath.Join(dir, bucket, strconv.Itoa(i)), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	page, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket), MaxKeys: aws.Int32(2000)})
	if err != nil || len(page.Contents) != 1000 || !*page.IsTruncated {
		t.Errorf("%d files, %v", len(page.Contents), err)
	}
}

// TestSignedURLs checks how long a signed address is valid, at most seven days.
func TestSignedURLs(t *testing.T) {
	running(t)
	c := client(t, "access", "secret-key", nil)
	if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("x"), Body: strings.NewReader("x")}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		signed  time.Duration // from now
		expires time.Duration
		status  int
	}{
		{name: "seven days", expires: 7 * 24 * time.Hour, status: 200},
		{name: "a second more", expires: 7*24*time.Hour + time.Second, status: 400},
		{name: "expired", signed: -2 * time.Minute, expires: time.Minute, status: 403},
	} {
		p := s3.NewPresignClient(c, func(o *s3.PresignOptions) { o.Presigner = presignedAt{tt.signed} })
		u, err := p.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("x")}, s3.WithPresignExpires(tt.expires))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.Get(u.URL)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != tt.status {
			t.Errorf("%s: HTTP %d, want %d", tt.name, resp.StatusCode, tt.status)
		}
	}
}

// presignedAt signs addresses with another clock than the gateway's.
type presignedAt struct{ off time.Duration }

func (s presignedAt) PresignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, now time.Time, options ...func(*v4.SignerOptions)) (string, http.Header, error) {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).PresignHTTP(ctx, c, r, hash, service, region, now.Add(s.off), options...)
}
