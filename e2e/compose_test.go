package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"purser/engine"
	"purser/order"
	"purser/postgrestest"
	"purser/sandbox/search"
	sandboxsmtp "purser/sandbox/smtp"
	"purser/vault"
)

// fleet is the program's part of docker-compose.yml: its services as processes, with
// the environment that the file gives them. Only its addresses differ, since there is
// one machine, and the paths of its files.
type fleet struct {
	t       *testing.T
	project *types.Project
	secrets string
	at      map[string]string // the addresses of the file, and where they are on this machine
	mail    *sandboxsmtp.Server
}

// member is a process of the fleet.
type member struct {
	*process
	service types.ServiceConfig
	env     []string
}

// TestCompose starts the services of docker-compose.yml and takes an order to its
// doorstep by the README's command: over each API, and with one worker stopped.
func TestCompose(t *testing.T) {
	f := newFleet(t)
	f.start("sandbox", f.at["sandbox:8090"])
	worker := f.start("worker", freeAddress(t))
	f.start("worker", freeAddress(t))
	first := f.start("api", f.at["api:8080"])
	second := f.start("api", freeAddress(t))
	for name, m := range map[string]*member{"first": first, "second": second} {
		m.takesOrder(name)
	}
	if code := worker.interrupt(); code != 0 {
		t.Errorf("stopping a worker: exit code %d", code)
	}
	first.takesOrder("with one worker")

	// The mails of an order's shopper and of no other have gone to the relay, each once.
	for id, n := range f.mail.Counts() {
		if n != 1 {
			t.Errorf("mail %s was sent %d times", id, n)
		}
	}
	if n := len(f.mail.Mails()); n < 9 { // confirmed, shipped, delivered, of three orders
		t.Errorf("%d mails", n)
	}
}

// newFleet starts what the services of others are for: a Temporal server, Postgres, an
// S3 store, a search engine and a relay.
func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{t: t, secrets: filepath.Join(t.TempDir(), "secrets"), at: map[string]string{}}
	if out, err := exec.Command(filepath.Join("..", "deploy", "secrets"), f.secrets).CombinedOutput(); err != nil {
		t.Fatalf("deploy/secrets: %v: %s", err, out)
	}
	p, err := loader.LoadWithContext(context.WithoutCancel(t.Context()), types.ConfigDetails{
		WorkingDir: "..", Environment: types.Mapping{"PURSER_SECRETS": f.secrets},
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join("..", "docker-compose.yml")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.project = p
	f.secret("database_url", postgrestest.Database(t))
	eng, err := engine.Start(t.Context(), engine.Config{DataDir: t.TempDir(), UIPort: -1, Logger: slog.New(slog.DiscardHandler)}) // the roles register the search attributes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(eng.Stop)
	f.at["temporal:7233"] = eng.Address()
	f.at["sandbox:8090"], f.at["api:8080"] = freeAddress(t), freeAddress(t)
	f.at["localhost:8080"] = f.at["api:8080"]
	f.startStores()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.mail = sandboxsmtp.New(sandboxsmtp.Config{})
	f.mail.Start(l)
	t.Cleanup(func() { _ = f.mail.Close() })
	f.at["mail:1025"] = l.Addr().String()
	return f
}

// startStores starts an S3 store and a search engine: those of another sandbox, which
// has a key of its own and is no part of the fleet.
func (f *fleet) startStores() {
	const key = "00000000000000000000000000000000000000000000000000000000000000aa"
	stores := launch(f.t, []string{"PURSER_VAULT_KEY=" + key, "PURSER_LISTEN=127.0.0.1:0", "PURSER_DATA=" + f.t.TempDir()}, "sandbox")
	_, at, _ := strings.Cut(stores.says("Sandbox at "), "Sandbox at ")
	u, err := url.Parse(at)
	if err != nil {
		f.t.Fatal(err)
	}
	f.at["objects:7070"], f.at["localhost:7070"] = u.Host, u.Host
	v, err := vault.New(key)
	if err != nil {
		f.t.Fatal(err)
	}
	f.secret("aws_credentials", fmt.Sprintf("[default]\naws_access_key_id = purser-sandbox\naws_secret_access_key = %s\n", v.Derive("sandbox s3")))

	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u.JoinPath("search")) }})
	f.t.Cleanup(proxy.Close)
	f.at["meilisearch:7700"] = proxy.Listener.Addr().String()
	f.secret("meilisearch_admin_key", search.AdminKey("meilisearch_sandbox"))
	f.secret("meilisearch_search_key", search.SearchKey("meilisearch_sandbox"))
}

// secret replaces the content of a secret's file.
func (f *fleet) secret(name, content string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.secrets, name), []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// start starts one process of a service, which listens at an address of this machine,
// and waits until the file's health check passes.
func (f *fleet) start(name, own string) *member {
	f.t.Helper()
	service := f.project.Services[name]
	m := &member{service: service, env: f.environment(service, own)}
	m.process = launch(f.t, m.env, service.Command...)
	check := service.HealthCheck.Test[2:] // CMD /purser
	for limit := time.Now().Add(testTimeout); ; pause(f.t, 200*time.Millisecond) {
		code, _, stderr := run(f.t, m.env, check...)
		if code == 0 {
			return m
		}
		select {
		case <-m.ended:
			f.t.Fatalf("%s ended: %v", name, m.err)
		default:
		}
		if time.Now().After(limit) {
			f.t.Fatalf("%s is not healthy: %s", name, stderr)
		}
	}
}

// environment returns the environment that the file gives a service, with the
// addresses and paths of this machine.
func (f *fleet) environment(s types.ServiceConfig, own string) (env []string) {
	f.t.Helper()
	_, port, _ := net.SplitHostPort(*s.Environment["PURSER_LISTEN"])
	pairs := []string{"/run/secrets/", f.secrets + "/", "0.0.0.0:" + port, own, "127.0.0.1:" + port, own}
	for at, local := range f.at {
		pairs = append(pairs, at, local)
	}
	mapped := strings.NewReplacer(pairs...)
	data := f.t.TempDir() // the image's /data, whose path other values do not contain
	for name, value := range s.Environment {
		if name != "PURSER_DATA" {
			env = append(env, name+"="+mapped.Replace(*value))
		}
	}
	return append(env, "PURSER_DATA="+data)
}

// takesOrder runs the README's command in a service's environment.
func (m *member) takesOrder(name string) {
	m.t.Helper()
	code, stdout, stderr := run(m.t, m.env, "order", "try")
	if code != 0 || !strings.Contains(stdout, string(order.Delivered)) {
		m.t.Errorf("%s: exit code %d: %s\n%s", name, code, stdout, stderr)
	}
}
