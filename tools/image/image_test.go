//go:build release

package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// largest is how many bytes the files of an image may have.
const largest = 90_000_000

// TestImage builds the image of the commit twice, from two directories: both are the
// same bytes, and the program runs from its files alone, as the image's user. It
// compiles the released program, which costs minutes: `make release-check` runs it.
func TestImage(t *testing.T) {
	const commit = "0123456789ab"
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	var archives [][]byte
	var tree string
	for _, source := range []string{root, copied(t, root)} {
		b := build{source: source, goos: "linux", goarch: runtime.GOARCH, version: "9.8.7", commit: commit, when: time.Unix(1_700_000_000, 0).UTC()}
		out := filepath.Join(t.TempDir(), "image.tar")
		if err := b.run("", out); err != nil {
			t.Fatal(err)
		}
		archive, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, archive)
		tree = out
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("two builds of the same sources differ")
	}
	image, err := tarball.ImageFromPath(tree, nil)
	if err != nil {
		t.Fatal(err)
	}
	about, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	checkConfig(t, about, commit)
	dir := t.TempDir()
	if size := unpack(t, image, dir); size > largest {
		t.Errorf("the image has %d bytes, more than %d", size, largest)
	} else {
		t.Logf("the image has %.1f MB", float64(size)/1e6)
	}
	runsAlone(t, dir, about.Config)
}

// checkConfig compares the settings of an image with what the Dockerfile promises.
func checkConfig(t *testing.T, about *v1.ConfigFile, commit string) {
	t.Helper()
	want := v1.Config{
		User: "65532:65532", WorkingDir: "/data", StopSignal: "SIGTERM", Entrypoint: []string{"/purser"},
		Env:     []string{"PATH=/", "PURSER_DATA=/data", "PURSER_LISTEN=0.0.0.0:8080"},
		Volumes: map[string]struct{}{"/data": {}}, ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Healthcheck: &v1.HealthConfig{Test: []string{"CMD", "/purser", "health"}, Interval: 5 * time.Second, Timeout: 6 * time.Second, StartPeriod: 30 * time.Second, Retries: 3},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "purser",
			"org.opencontainers.image.description": "Runs a shop's orders as durable workflows: the roles api, worker and sandbox",
			"org.opencontainers.image.licenses":    "MIT",
			"org.opencontainers.image.version":     "9.8.7",
			"org.opencontainers.image.revision":    commit,
		},
	}
	if diff := cmp.Diff(want, about.Config); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if about.OS != "linux" || about.Architecture != runtime.GOARCH || about.Created.Unix() != 1_700_000_000 {
		t.Errorf("built for %s/%s at %s", about.OS, about.Architecture, about.Created)
	}
}

// copied returns a copy of the sources that git knows or would add.
func copied(t *testing.T, root string) string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	to := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) { // deleted, and not committed yet
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// unpack writes the files of an image to a directory, checks their owners and modes,
// and returns their size.
func unpack(t *testing.T, image v1.Image, dir string) (size int64) {
	t.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	got := map[string]int64{}
	for in := tar.NewReader(content); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		owned := h.Name == "data/"
		if (h.Uid == user) != owned || (h.Gid == user) != owned || h.ModTime.Unix() != 1_700_000_000 {
			t.Errorf("%s belongs to %d:%d, and is of %s", h.Name, h.Uid, h.Gid, h.ModTime)
		}
		got[h.Name] = h.Mode
		size += h.Size
		extract(t, in, h, filepath.Join(dir, filepath.FromSlash(h.Name)))
	}
	want := map[string]int64{
		"purser": 0o755, "data/": 0o700, "tmp/": 0o1777, "etc/": 0o755, "etc/ssl/": 0o755, "etc/ssl/certs/": 0o755,
		"etc/ssl/certs/ca-certificates.crt": 0o644, "etc/passwd": 0o644, "etc/group": 0o644,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files and modes (-want +got):\n%s", diff)
	}
	return size
}

func extract(t *testing.T, in io.Reader, h *tar.Header, name string) {
	t.Helper()
	if h.Typeflag == tar.TypeDir {
		if err := os.Mkdir(name, fs.FileMode(h.Mode)&fs.ModePerm); err != nil {
			t.Fatal(err)
		}
		return
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, fs.FileMode(h.Mode))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, in); err != nil {
		t.Fatal(err)
	}
}

// runsAlone runs the program with nothing but the image's files, in a user namespace,
// so that it needs no root.
func runsAlone(t *testing.T, dir string, c v1.Config) {
	t.Helper()
	pool := x509.NewCertPool()
	bundle, err := os.ReadFile(filepath.Join(dir, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil {
		t.Fatal(err)
	}
	if n := countOf(bundle); n < 100 || !pool.AppendCertsFromPEM(bundle) {
		t.Errorf("%d authorities", n)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := alone(dir, c, nil, "--version"); err != nil || !strings.HasPrefix(out, "purser 9.8.7 (commit 0123456789ab, go") {
		t.Errorf("%v: %s", err, out)
	}
	// The settings are read before the role misses its key.
	if out, err := alone(dir, c, []string{"PURSER_SHOP_ZONE=Pacific/Chatham"}, "worker"); err == nil || !strings.Contains(out, "PURSER_VAULT_KEY") {
		t.Errorf("with a time zone: %v: %s", err, out)
	}
}

// alone runs the program in the directory as its root.
func alone(dir string, c v1.Config, env []string, args ...string) (string, error) {
	cmd := exec.Command(c.Entrypoint[0], args...)
	cmd.Env, cmd.Dir = append(env, c.Env...), "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: user, Gid: user}
	} else {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// countOf returns the number of certificates in a bundle.
func countOf(bundle []byte) (n int) {
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if _, err := x509.ParseCertificate(block.Bytes); err == nil {
			n++
		}
	}
	return n
}
