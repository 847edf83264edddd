package stack

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
)

// sandboxFlags are the settings of a sandbox of its own.
func sandboxFlags(dir string) []string {
	return []string{"--data=" + dir, "--listen=127.0.0.1:0", "--log-level=error", "--vault-key=" + strings.Repeat("0", 64)}
}

// TestSandboxRefuses: a sandbox that cannot run says in one line why not.
func TestSandboxRefuses(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	work, err := os.Getwd() // the object store changes it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chdir(work) })
	taken := t.TempDir()
	running, err := StartSandbox(parsed(t, sandboxFlags(taken)...), "")
	if err != nil {
		t.Fatal(err)
	}
	defer running.Stop()
	for _, tt := range []struct {
		name  string
		flags []string
		want  string
	}{
		{name: "real key", flags: []string{"--stripe-key=sk_live_1", "--stripe-webhook-secrets=whsec_1"}, want: "STRIPE_SECRET_KEY is set: the sandbox does not run beside a real provider's settings: start it without them, or do not start it"},
		{name: "no vault key", flags: []string{"--vault-key="}, want: "this role shares its secrets with others: set PURSER_VAULT_KEY, the same for all (openssl rand -hex 32)"},
		{name: "directory of another sandbox", flags: []string{"--data=" + taken}, want: "process " + strconv.Itoa(os.Getpid()) + " is already running on " + taken + ": stop it first, or choose another data directory"},
		{name: "port in use", flags: []string{"--listen=" + busy.Addr().String()}, want: "cannot open the port of the sandbox, choose another with --listen: listen tcp " + busy.Addr().String() + ": bind: address already in use"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := StartSandbox(parsed(t, append(sandboxFlags(t.TempDir()), tt.flags...)...), "")
			if err == nil {
				s.Stop()
			}
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
	t.Run("bucket", func(t *testing.T) { bucketRefused(t, running) })
	t.Run("health", func(t *testing.T) {
		for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/": 200, "/mail/": 200} {
			if status := statusOf(t, running.HealthURL()+path); status != want {
				t.Errorf("%s: %d", path, status)
			}
		}
		running.draining.Store(true)
		if status := statusOf(t, running.HealthURL()+"/readyz"); status != http.StatusServiceUnavailable {
			t.Errorf("/readyz while it stops: %d", status)
		}
	})
}

// bucketRefused: a bucket or keys that are wrong are refused, and a store that cannot
// be reached is not. The sandbox's store checks both, as S3 does.
func bucketRefused(t *testing.T, sandbox *Stack) {
	store := httptest.NewServer(sandbox.Sandbox.Objects.Handler())
	defer store.Close()
	for _, tt := range []struct {
		name, bucket, at, key, secret, want string
	}{
		{name: "right", bucket: sandboxBucket, at: store.URL, key: sandboxS3Access, secret: sandbox.s3Secret()},
		{name: "no such bucket", bucket: "pictures", at: store.URL, key: sandboxS3Access, secret: sandbox.s3Secret(), want: `there is no bucket "pictures" at STORE: create it, or set S3_BUCKET: `},
		{name: "unknown key", bucket: sandboxBucket, at: store.URL, key: "AKIAUNKNOWN", secret: "x", want: `the store at STORE refuses the bucket "purser-images": check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: `},
		{name: "wrong secret", bucket: sandboxBucket, at: store.URL, key: sandboxS3Access, secret: "x", want: `the store at STORE refuses the bucket "purser-images": check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: `},
		{name: "no store", bucket: sandboxBucket, at: sandbox.HealthURL() + "/nowhere", key: "k", secret: "s", want: `the store at STORE refuses the bucket "purser-images": check S3_BUCKET, S3_REGION and S3_ENDPOINT, and that its keys may list the bucket: `},
		{name: "nothing listens", bucket: sandboxBucket, at: "http://127.0.0.1:1", key: "k", secret: "s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", tt.key)
			t.Setenv("AWS_SECRET_ACCESS_KEY", tt.secret)
			s := newStack(parsed(t, "--s3-bucket="+tt.bucket, "--s3-region="+sandboxS3Region, "--s3-endpoint="+tt.at, "--log-level=error"))
			images, err := s.newImageStore(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			err = s.checkBucket(t.Context(), images)
			if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(strings.ReplaceAll(err.Error(), tt.at, "STORE"), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func statusOf(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// TestCheckSandbox: a role refuses a sandbox whose webhooks it could not verify and
// what is no sandbox, and starts before a sandbox that is not there yet.
func TestCheckSandbox(t *testing.T) {
	key := strings.Repeat("0", 64)
	role := func(t *testing.T, key, url string) *Stack {
		s := newStack(parsed(t, "--vault-key="+key, "--log-level=error"))
		s.sandboxURL = url
		if err := s.openVault(); err != nil {
			t.Fatal(err)
		}
		return s
	}
	sandbox := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == installationPath {
			_ = json.NewEncoder(w).Encode(installation{role(t, key, "").installation("sandbox")})
		}
	}))
	defer sandbox.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	defer page.Close()
	for _, tt := range []struct {
		name, key, url, want string
	}{
		{name: "the same key", key: key, url: sandbox.URL},
		{name: "not there yet", key: key, url: "http://127.0.0.1:1"},
		{name: "another key", key: strings.Repeat("1", 64), url: sandbox.URL, want: "the sandbox at URL has another PURSER_VAULT_KEY: set the same for all roles, since its webhooks could not be verified"},
		{name: "another service", key: key, url: other.URL, want: "PURSER_SANDBOX_URL: the service at URL is no sandbox of purser: set it to the address of 'purser sandbox'"},
		{name: "a page", key: key, url: page.URL, want: "PURSER_SANDBOX_URL: the service at URL is no sandbox of purser: set it to the address of 'purser sandbox'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := role(t, tt.key, tt.url).checkSandbox(t.Context())
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), tt.url, "URL")
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
