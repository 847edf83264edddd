package s3

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"purser/catalog"
	"purser/order"
)

// SignPost lets a browser upload one file by a form: to this key, of this type
// and of exactly this many bytes, until the deadline. The store itself enforces
// the policy.
func (s *Store) SignPost(ctx context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error) {
	within = s.lasting(ctx, within)
	fields := map[string]string{
		"Content-Type":                 o.Type,
		"x-amz-server-side-encryption": string(types.ServerSideEncryptionAes256),
		// If the bucket itself responds to a browser, it shows only the status.
		"success_action_status": strconv.Itoa(http.StatusNoContent),
	}
	conditions := []any{[]any{"content-length-range", o.Bytes, o.Bytes}}
	for _, name := range []string{"Content-Type", "x-amz-server-side-encryption", "success_action_status"} {
		conditions = append(conditions, map[string]string{name: fields[name]})
	}
	out, err := s.signer.PresignPostObject(ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: aws.String(o.Key)}, func(p *s3.PresignPostOptions) {
		p.Expires, p.Conditions = within, conditions
	})
	if err != nil {
		return catalog.SignedUpload{}, failure("sign", order.ErrDenied, "no_credentials", err)
	}
	for name, value := range out.Values {
		fields[name] = value
	}
	return catalog.SignedUpload{Method: http.MethodPost, URL: out.URL, Fields: fields, Expires: s.now().Add(within).UTC()}, nil
}

// SignPut is SignPost for a client that sends the file as the body of a PUT:
// its length and type are part of the signature.
func (s *Store) SignPut(ctx context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error) {
	within = s.lasting(ctx, within)
	out, err := s.signer.PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket: s.bucket, Key: aws.String(o.Key), ContentType: aws.String(o.Type), ContentLength: aws.Int64(o.Bytes),
		ServerSideEncryption: types.ServerSideEncryptionAes256,
	}, s3.WithPresignExpires(within), signHeaders)
	if err != nil {
		return catalog.SignedUpload{}, failure("sign", order.ErrDenied, "no_credentials", err)
	}
	headers := map[string]string{}
	for name := range out.SignedHeader {
		if name != "Host" && name != "Content-Length" { // the HTTP client sets these
			headers[name] = out.SignedHeader.Get(name)
		}
	}
	return catalog.SignedUpload{Method: http.MethodPut, URL: out.URL, Headers: headers, Expires: s.now().Add(within).UTC()}, nil
}

// signHeaders keeps the headers in the signature; the SDK would move some into
// the URL, where the store does not enforce them.
func signHeaders(p *s3.PresignOptions) {
	p.Presigner = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true; o.DisableURIPathEscaping = true })
}

// SignGet returns a temporary URL for reading one file, even a private one. As
// a download, the browser never displays it, whatever its content.
func (s *Store) SignGet(ctx context.Context, key string, within time.Duration, download bool) (catalog.Link, error) {
	within = s.lasting(ctx, within)
	in := &s3.GetObjectInput{Bucket: s.bucket, Key: aws.String(key)}
	if download {
		in.ResponseContentDisposition, in.ResponseContentType = aws.String("attachment"), aws.String("application/octet-stream")
	}
	out, err := s.signer.PresignGetObject(ctx, in, s3.WithPresignExpires(within))
	if err != nil {
		return catalog.Link{}, failure("sign", order.ErrDenied, "no_credentials", err)
	}
	return catalog.Link{URL: out.URL, Expires: s.now().Add(within).UTC()}, nil
}

// lasting returns how long a signature will be valid: not longer than the
// credentials it is made with.
func (s *Store) lasting(ctx context.Context, within time.Duration) time.Duration {
	k, err := s.keys.Retrieve(ctx)
	if err != nil || !k.CanExpire {
		return within
	}
	return max(min(within, k.Expires.Sub(s.now())), time.Second)
}
