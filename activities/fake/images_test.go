package fake_test

import (
	"testing"

	"purser/activities/fake"
	"purser/activities/porttest"
)

func TestObjects(t *testing.T) { porttest.Objects(t, &fake.Objects{}) }

func TestUploads(t *testing.T) {
	porttest.Uploads(t, func(*testing.T) porttest.UploadBench { return &fake.Uploads{Products: []string{"mug", "tea"}} })
}
