package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"purser/catalog"
	"purser/providers/guard"
	"purser/providers/s3"
	"purser/sandbox/faults"
	"purser/sandbox/objects"
)

const (
	bucket    = "purser-images"
	accessKey = "AKIASANDBOX"
	secretKey = "sandbox-secret-key"
)

// One store serves all tests, because a process can have only one.
var (
	endpoint     string
	faultControl = faults.New(1)
)

func TestMain(m *testing.M) {
	code, err := withStore(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withStore(run func() int) (_ int, err error) {
	dir, err := os.MkdirTemp("", "s3-test-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := objects.Start(context.Background(), objects.Config{
		Dir: filepath.Join(dir, "objects"), Bucket: bucket, AccessKey: accessKey, SecretKey: secretKey, Faults: faultControl,
	})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	door := httptest.NewServer(server.Handler())
	defer door.Close()
	endpoint = door.URL
	return run(), nil
}

// store returns the adapter to the sandbox, changed as the test wants it.
func store(t *testing.T, changes ...func(*s3.Config)) *s3.Store {
	t.Helper()
	c := s3.Config{
		Bucket: bucket, Region: "us-east-1", AccessKey: accessKey, SecretKey: secretKey, Endpoint: endpoint,
		Guard: guard.Config{Consecutive: 1000, Calls: 1000, Rate: 1},
	}
	for _, change := range changes {
		change(&c)
	}
	s, err := s3.New(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s *s3.Store, key, text string) {
	t.Helper()
	if err := s.PutObject(context.Background(), catalog.Object{Key: key, Type: "image/jpeg"}, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// sendForm uploads as a browser's form does: the fields, then the file.
func sendForm(t *testing.T, u catalog.SignedUpload, file []byte, changes map[string]string) int {
	t.Helper()
	fields := maps.Clone(u.Fields)
	maps.Copy(fields, changes)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := form.WriteField(name, fields[name]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", "holiday.jpg")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(file)
	_ = form.Close()
	resp, err := http.Post(u.URL, form.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	return status(t, resp)
}

// sendPut uploads as the body of a PUT.
func sendPut(t *testing.T, u catalog.SignedUpload, file []byte, changes map[string]string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, u.URL, bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	headers := maps.Clone(u.Headers)
	maps.Copy(headers, changes)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return status(t, resp)
}

func status(t *testing.T, resp *http.Response) int {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode >= 400 {
		t.Logf("HTTP %d %s", resp.StatusCode, b)
	}
	return resp.StatusCode
}

func get(t *testing.T, url string) (int, http.Header, []byte) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

var soon = 15 * time.Minute
