package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// write writes an image of one layer, and returns the size of its files.
func (b *build) write(to, dir string, config v1.Config) (size int64, err error) {
	var files bytes.Buffer
	if size, err = b.archive(&files, dir); err != nil {
		return 0, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files.Bytes())), nil })
	if err != nil {
		return 0, err
	}
	image, err := mutate.Append(empty.Image, mutate.Addendum{
		Layer: layer, History: v1.History{Created: v1.Time{Time: b.when}, CreatedBy: "tools/image"},
	})
	if err != nil {
		return 0, err
	}
	about, err := image.ConfigFile()
	if err != nil {
		return 0, err
	}
	about = about.DeepCopy()
	about.OS, about.Architecture, about.Created, about.Config = b.goos, b.goarch, v1.Time{Time: b.when}, config
	if image, err = mutate.ConfigFile(image, about); err != nil {
		return 0, err
	}
	tag, err := name.NewTag("purser:" + b.version)
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return 0, err
	}
	return size, tarball.WriteToFile(to, tag, image)
}
