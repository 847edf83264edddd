package e2e_test

import (
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"

	"purser/catalog"
	"purser/engine"
	"purser/order"
	"purser/postgrestest"
	"purser/shop"
	purserstack "purser/stack"
)

// freeAddress returns an address of this machine on which nothing listens now. Its
// port is below those that the system gives to outgoing connections.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(20000+rand.IntN(12000)))); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// namespaced starts an engine alone, with a namespace that has no search attributes
// yet, and returns its address.
func namespaced(t *testing.T, name string) (e *engine.Engine, address string) {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{DataDir: t.TempDir(), UIPort: -1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	s := &stack{t: t, at: running{Temporal: e.Address()}}
	if _, err := s.temporal().WorkflowService().RegisterNamespace(within(t), &workflowservice.RegisterNamespaceRequest{
		Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(72 * time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	return e, e.Address()
}

// awaitReady runs purser health until it ends with the code and names what it must.
func awaitReady(t *testing.T, name, address string, code int, names ...string) {
	t.Helper()
	for ctx := within(t); ; pause(t, 100*time.Millisecond) {
		got, stdout, stderr := run(t, []string{"PURSER_LISTEN=" + address}, "health")
		enough := got == code
		for _, n := range names {
			enough = enough && strings.Contains(stderr, n)
		}
		if lines := strings.Count(stdout, "\n") + len(complaints(stderr+"\n")); lines != 1 {
			t.Fatalf("purser health of the %s says %d lines: %s%s", name, lines, stdout, stderr)
		}
		if enough {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("the %s: exit code %d, %s%s", name, got, stdout, stderr)
		}
	}
}

// awaitDelivered waits until a webhook of a provider has been verified and delivered.
func (s *stack) awaitDelivered(t *testing.T, provider string) {
	t.Helper()
	for ctx := within(t); ; pause(t, 100*time.Millisecond) {
		got := send(t, http.MethodGet, s.at.API+"/v1/inbox?state=delivered&limit=1&provider="+provider, s.at.Key, nil)
		if got.status == http.StatusOK && strings.Contains(string(got.body), `"provider":"`+provider+`"`) {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("no webhook of %s was delivered: %s", provider, got.body)
		}
	}
}

// TestRolesOfTheirOwn (HLTH-2): an API, a worker and a sandbox that share nothing but
// their settings take an order to its doorstep in a namespace that is not default; the
// webhooks of all stand-ins are verified, each role says whether it is ready, and a
// worker whose engine is gone names it.
func TestRolesOfTheirOwn(t *testing.T) {
	t.Parallel()
	const key = "operator-secret-0123456789"
	eng, temporal := namespaced(t, "shop")
	api, sandbox, health := freeAddress(t), freeAddress(t), freeAddress(t)
	shared := []string{
		"DATABASE_URL=" + postgrestest.Database(t), "TEMPORAL_ADDRESS=" + temporal, "TEMPORAL_NAMESPACE=shop", "PURSER_VAULT_KEY=" + strings.Repeat("5a", 32),
		"PURSER_API_KEYS=web:operator:" + key, "PURSER_PUBLIC_URL=http://" + api, "PURSER_SANDBOX_URL=http://" + sandbox, "PURSER_DATA=" + t.TempDir(),
		"PURSER_SANDBOX_PACE=100ms", "PURSER_SANDBOX_MAIL_PACE=100ms", "PURSER_DRAIN=0s",
	}
	roles := map[string]*process{
		"worker":  launch(t, append(shared, "PURSER_LISTEN="+health), "worker"), // before the sandbox that it uses
		"sandbox": launch(t, shared, "sandbox", "--listen="+sandbox),
		"api":     launch(t, append(shared, "PURSER_LISTEN="+api), "api"),
	}
	roles["sandbox"].says("sends webhooks to http://" + api)
	roles["api"].says("(namespace shop, no TLS)")
	roles["worker"].says("(14 connections)")
	for name, at := range map[string]string{"api": api, "worker": health, "sandbox": sandbox} {
		awaitReady(t, name, at, 0)
	}
	s := &stack{t: t, at: running{API: "http://" + api, Key: key, Sandbox: "http://" + sandbox}, shop: &shop.Client{URL: "http://" + api, Key: key}}
	s.shopper = &shop.Shopper{StripeURL: s.at.Sandbox + "/stripe", PublishableKey: purserstack.SandboxAt("").PublishableKey}
	s.stocked(t, catalog.Product{SKU: "lamp", Name: "Lamp", Price: 4900, Currency: "EUR", OnHand: 5})
	if o, err := s.buy(within(t), wish("lamp", 1, "EUR"), ""); err != nil || o.Status != order.Delivered {
		t.Fatalf("%s: %v", o.Status, err)
	}
	for _, provider := range []string{"stripe", "carrier", "ses"} {
		s.awaitDelivered(t, provider)
	}
	code, _, stderr := run(t, shared, "sandbox", "--listen=127.0.0.1:0") // on the same directory
	if lines := complaints(stderr + "\n"); code == 0 || len(lines) != 1 || !strings.Contains(stderr, "is already running on") {
		t.Errorf("a second sandbox: exit code %d:\n%s", code, stderr)
	}
	eng.Stop()
	awaitReady(t, "worker", health, 1, "engine", "pollers")
	for name, p := range roles {
		if code := p.interrupt(); code != 0 {
			t.Errorf("stopping the %s: exit code %d", name, code)
		}
	}
}
