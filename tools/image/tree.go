package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// The user of the image, as the Dockerfile names it, and the directory it owns.
const (
	user     = 65532
	dataRoot = "data"
)

// entry is a file or a directory of the image.
type entry struct {
	path    string // ends in a slash for a directory
	mode    fs.FileMode
	content []byte
}

// accounts name the user, since a container gets its home directory from there.
var accounts = []entry{
	{path: "etc/passwd", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\npurser:x:%d:%[1]d:purser:/data:/sbin/nologin\n", user)},
	{path: "etc/group", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:\npurser:x:%d:\n", user)},
}

// tree writes the files of the image to a directory.
func (b *build) tree(dir string) error {
	if err := b.number(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries := append([]entry{
		{path: "etc/", mode: 0o755},
		{path: "etc/ssl/", mode: 0o755},
		{path: "etc/ssl/certs/", mode: 0o755},
		{path: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: authorities()},
		{path: "tmp/", mode: 0o777 | fs.ModeSticky},
		{path: dataRoot + "/", mode: 0o700},
	}, accounts...)
	for _, e := range entries {
		name := filepath.Join(dir, filepath.FromSlash(e.path))
		var err error
		if strings.HasSuffix(e.path, "/") {
			err = os.MkdirAll(name, 0o700)
		} else {
			err = os.WriteFile(name, e.content, 0o600)
		}
		if err != nil {
			return err
		}
		if err := os.Chmod(name, e.mode); err != nil { // the umask may be any
			return err
		}
	}
	return b.compile(filepath.Join(dir, "purser"))
}

// numbered matches the program's version in its source.
var numbered = regexp.MustCompile(`\bnumber = "([^"]+)"`)

// number sets the version to the program's own if none is set.
func (b *build) number() error {
	if b.version != "" {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(b.source, "version", "version.go"))
	if err != nil {
		return err
	}
	m := numbered.FindSubmatch(text)
	if m == nil {
		return errors.New("version/version.go has no number")
	}
	b.version = string(m[1])
	return nil
}

// compile builds the program: static, without the engine, and without anything that
// depends on where and when it is built.
func (b *build) compile(out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lean",
		"-ldflags", "-s -w -X purser/version.number="+b.version+" -X purser/version.commit="+b.commit, "-o", out, ".")
	cmd.Dir = b.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+b.goos, "GOARCH="+b.goarch, "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return os.Chmod(out, 0o755)
}

// authorities returns the certificates of Mozilla's list, as the pinned module has
// them: those of the machine would differ from one builder to the next.
func authorities() []byte {
	var all bytes.Buffer
	for root := range bundle.Roots() {
		if err := pem.Encode(&all, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			panic(err) // a buffer takes everything
		}
	}
	return all.Bytes()
}

// archive writes the files of a tree as a tar file, in the order of their names and
// with one time, and returns their size.
func (b *build) archive(w io.Writer, dir string) (size int64, err error) {
	out := tar.NewWriter(w)
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		n, err := b.add(out, dir, name, d)
		size += n
		return err
	})
	return size, errors.Join(err, out.Close())
}

// add writes a file or a directory to the archive.
func (b *build) add(out *tar.Writer, dir, name string, d fs.DirEntry) (size int64, err error) {
	info, err := d.Info()
	if err != nil {
		return 0, err
	}
	h, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return 0, err
	}
	h.Name = name
	if d.IsDir() {
		h.Name += "/"
	}
	owner := 0
	if path.Clean(name) == dataRoot {
		owner = user
	}
	*h = tar.Header{Typeflag: h.Typeflag, Name: h.Name, Size: h.Size, Mode: h.Mode, ModTime: b.when, Uid: owner, Gid: owner, Format: tar.FormatPAX}
	if err := out.WriteHeader(h); err != nil || d.IsDir() {
		return 0, err
	}
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.Copy(out, f)
}
