package s3_test

import (
	"net/http/httptest"
	"testing"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"

	"purser/activities/porttest"
	"purser/providers/s3"
)

// onStores runs a test on two stores that have no code in common, so that the
// one we ship cannot flatter us. Both check signatures; the second knows no
// POST policies.
func onStores(t *testing.T, test func(t *testing.T, s *s3.Store)) {
	t.Run("versitygw", func(t *testing.T) { test(t, store(t)) })
	t.Run("gofakes3", func(t *testing.T) {
		files := s3mem.New()
		if err := files.CreateBucket(t.Context(), bucket); err != nil {
			t.Fatal(err)
		}
		door := httptest.NewServer(gofakes3.New(files, gofakes3.WithV4Auth(map[string]string{accessKey: secretKey})).Server())
		t.Cleanup(door.Close)
		test(t, store(t, func(c *s3.Config) { c.Endpoint = door.URL }))
	})
}

func TestConformance(t *testing.T) {
	onStores(t, func(t *testing.T, s *s3.Store) { porttest.Objects(t, s) })
}
