package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"purser/catalog"
	"purser/order"
)

// bucketWithin bounds the check of the bucket at the start.
const bucketWithin = 3 * time.Second

// lister lists the files of a bucket.
type lister interface {
	ListObjects(ctx context.Context, prefix, after string, limit int) ([]catalog.Object, error)
}

// checkBucket refuses a bucket that does not exist and keys that may not use it. A
// store that cannot be reached is only warned of, as any provider's outage is.
func (s *Stack) checkBucket(ctx context.Context, store lister) error {
	if s.cfg.S3Bucket == "" {
		return nil
	}
	err := s.listBucket(ctx, store)
	if err != nil && !errors.Is(err, order.ErrDenied) {
		s.log.Warn("the bucket cannot be reached yet", "bucket", s.cfg.S3Bucket, "error", err)
		return nil
	}
	return err
}

// listBucket lists the bucket, and says about a refusal what to do.
func (s *Stack) listBucket(ctx context.Context, store lister) error {
	ctx, cancel := context.WithTimeout(ctx, bucketWithin)
	defer cancel()
	_, err := store.ListObjects(ctx, "", "", 1)
	if !errors.Is(err, order.ErrDenied) {
		return err
	}
	at := cmp.Or(s.cfg.S3Endpoint, "region "+s.cfg.S3Region)
	what := "check S3_BUCKET, S3_REGION and S3_ENDPOINT, and that its keys may list the bucket"
	var p *order.ProviderError
	if errors.As(err, &p) {
		switch p.Code {
		case "NoSuchBucket":
			return fmt.Errorf("there is no bucket %q at %s: create it, or set S3_BUCKET: %w", s.cfg.S3Bucket, at, err)
		case "InvalidAccessKeyId", "SignatureDoesNotMatch":
			what = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
		}
	}
	return fmt.Errorf("the store at %s refuses the bucket %q: %s: %w", at, s.cfg.S3Bucket, what, err)
}
