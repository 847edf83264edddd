// Command image builds the image of the roles without a container engine.
//
//	image -version 0.1.0 -commit abcdef0 -o image.tar
//	image -version 0.1.0 -commit abcdef0 -tree dir
//
// The first form writes an archive that `docker load` and `podman load` read. The
// second writes the image's files to a directory, for the Dockerfile. Two builds of
// one commit are the same bytes, wherever the sources lie.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// build says what an image is built from.
type build struct {
	source  string // directory of the program's module
	goos    string
	goarch  string
	version string
	commit  string
	when    time.Time // when the commit was made
}

func main() {
	b := build{source: ".."}
	flag.StringVar(&b.source, "C", b.source, "directory of the program's module")
	flag.StringVar(&b.version, "version", "", "the version; the program's own by default")
	flag.StringVar(&b.commit, "commit", "unknown", "the commit")
	platform := flag.String("platform", "linux/amd64", "the platform")
	when := flag.String("when", "0", "when the commit was made, in seconds since 1970")
	tree := flag.String("tree", "", "write the files to this directory")
	archive := flag.String("o", "", "write the image to this file")
	flag.Parse()
	err := b.set(*platform, *when)
	if err == nil {
		err = b.run(*tree, *archive)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// set reads the settings that are not plain texts.
func (b *build) set(platform, when string) error {
	var ok bool
	if b.goos, b.goarch, ok = strings.Cut(platform, "/"); !ok {
		return fmt.Errorf("-platform %q: want linux/amd64", platform)
	}
	seconds, err := strconv.ParseInt(when, 10, 64)
	if err != nil {
		return fmt.Errorf("-when %q: want seconds", when)
	}
	b.when = time.Unix(seconds, 0).UTC()
	return nil
}

// run writes the tree, or the image.
func (b *build) run(tree, archive string) error {
	switch {
	case tree != "":
		return b.tree(tree)
	case archive == "":
		return errors.New("want -o file or -tree directory")
	}
	dir, err := os.MkdirTemp("", "purser-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := b.tree(dir); err != nil {
		return err
	}
	dockerfile, err := os.ReadFile(filepath.Join(b.source, "Dockerfile"))
	if err != nil {
		return err
	}
	config, err := settings(dockerfile, map[string]string{"VERSION": b.version, "COMMIT": b.commit})
	if err != nil {
		return err
	}
	size, err := b.write(archive, dir, config)
	if err != nil {
		return err
	}
	fmt.Printf("purser:%s, %.1f MB of files, in %s\n", b.version, float64(size)/1e6, archive)
	return nil
}
