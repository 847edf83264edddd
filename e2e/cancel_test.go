package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/postgrestest"
	"purser/shop"
	"purser/soak"
)

// cancelResult is the API's response to a request to cancel an order.
type cancelResult struct {
	id     order.ID
	status int
	order  shop.Order // if the request was accepted
	code   string     // of the problem, if it was refused
	err    error      // no response
}

// cancelling sends a request to cancel an order, and returns the response when it
// comes.
func (s *stack) cancelling(id order.ID) <-chan cancelResult {
	result := make(chan cancelResult, 1)
	ctx := within(s.t)
	go func() { result <- cancel(ctx, s.shop, id) }()
	return result
}

func cancel(ctx context.Context, api *shop.Client, id order.ID) cancelResult {
	r := cancelResult{id: id}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, api.URL+"/v1/orders/"+string(id)+"/cancel", strings.NewReader(`{"reason":"changed my mind"}`))
	if err != nil {
		r.err = err
		return r
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+api.Key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.err = err
		return r
	}
	defer resp.Body.Close()
	r.status = resp.StatusCode
	b, err := io.ReadAll(resp.Body)
	if err == nil && r.status < http.StatusBadRequest {
		err = json.Unmarshal(b, &r.order)
	} else if err == nil {
		r.code = response{resp.StatusCode, resp.Header, b}.code()
	}
	r.err = err
	return r
}

// cancelOrder cancels an order as a careful client does, which repeats the request while the
// API says that it is busy, and returns the order when it is cancelled.
func (s *stack) cancelOrder(t *testing.T, id order.ID) shop.Order {
	t.Helper()
	if r := <-cancelSurely(t, s.shop, id); r.check() != nil || !r.accepted() {
		t.Fatalf("cancel %s: HTTP %d %s, %v", id, r.status, r.code, r.check())
	}
	return s.awaitCancelled(t, id)
}

// awaitCancelled waits until an order is cancelled. After a crash its record can be put back
// to where its workflow was, and be cancelled again from there.
func (s *stack) awaitCancelled(t *testing.T, id order.ID) shop.Order {
	t.Helper()
	return s.awaitOrder(t, id, "cancelled", func(o shop.Order) bool { return o.Status == order.Cancelled })
}

// check fails if the response contradicts itself: 200 is about a cancelled order,
// and 202 about one that is being cancelled, or would be if a person had decided.
func (r cancelResult) check() error {
	switch o := r.order; {
	case r.err != nil:
		return r.err
	case r.status == http.StatusOK && o.Status == order.Cancelled,
		r.status == http.StatusAccepted && o.Status == order.Cancelling,
		r.status == http.StatusAccepted && o.Status == order.OnHold && (o.Hold.Kind == order.HoldVoid || o.Hold.Kind == order.HoldRefund),
		r.status == http.StatusConflict && r.code == "too_late",
		r.status == http.StatusServiceUnavailable && r.code == "busy":
		return nil
	}
	return fmt.Errorf("HTTP %d %s with an order that is %q", r.status, r.code, r.order.Status)
}

// accepted reports whether the caller was promised that the order is cancelled.
func (r cancelResult) accepted() bool { return r.err == nil && r.status < http.StatusBadRequest }

// TestCancelPaid (SHP-4, REF-8, API-3): an order that is paid can be cancelled until
// the carrier has its parcel. Its label is voided, its money refunded, its stock
// released and its shopper notified.
func TestCancelPaid(t *testing.T) {
	t.Parallel()
	onOneEngine(t, func(t *testing.T, env []string) {
		s := newStack(t, env, "--sandbox-pace=0s") // the carrier never collects a parcel
		r := s.only(t, "cup-paid")
		p := s.paid(t, r)
		s.until(t, p.ID, order.PaymentWasCaptured)
		s.cancelOrder(t, p.ID)
		s.follow(t, p.ID)
		o := s.order(t, p.ID)
		if pay := o.Payment(); o.Status != order.Cancelled || pay.Captured != 700 || pay.Refunded != 700 {
			t.Errorf("in the end: %s, captured %d, refunded %d", o.Status, pay.Captured, pay.Refunded)
		}
		if len(o.Shipments) != 1 || o.Shipments[0].Status != order.ParcelVoided || s.atCarrier(o.Shipments[0].Reference) != order.ParcelVoided {
			t.Errorf("parcels: %+v", o.Shipments)
		}
		if n := s.intents()[string(p.ID)]; n.Captured != 1 || n.Refunds != 1 || n.Returned != n.Taken {
			t.Errorf("Stripe saw %+v", n)
		}
		if body := s.text(s.mailed(p.ID, order.MailRefunded)); !strings.Contains(body, "€7.00") {
			t.Errorf("the refund:\n%s", body)
		}
		if diff := cmp.Diff([]string{"cancelled", "confirmation", "refunded"}, sorted(s.notifications(p.ID))); diff != "" {
			t.Errorf("mails (-want +got):\n%s", diff)
		}
		s.place(t, r, "") // the only piece is on sale again
	})
}

// TestCancelBeforePayment (API-3, SHP-4): a request to cancel counts from when it
// was accepted. None of the orders that are cancelled up to 300 ms before the bank
// pays is delivered, and no money is kept.
func TestCancelBeforePayment(t *testing.T) {
	t.Parallel()
	const orders, atOnce, before = 20, 5, 300
	onOneEngine(t, func(t *testing.T, env []string) {
		random := rand.New(rand.NewPCG(seedOf(t), 1))
		s := newStack(t, env, "--sandbox-pace=5s") // what is not cancelled is delivered 10 s later
		var placed []shop.Placed
		for range orders {
			placed = append(placed, s.place(t, wish("mug-blue", 1, "EUR"), ""))
		}
		var results []cancelResult
		for group := range slices.Chunk(placed, atOnce) {
			var waiting []<-chan cancelResult
			var all sync.WaitGroup
			for _, p := range group {
				lead := time.Duration(random.IntN(before)) * time.Millisecond
				waiting = append(waiting, s.cancelling(p.ID))
				all.Go(func() {
					pause(t, lead)
					_, _ = s.shopper.Pay(t.Context(), p.ClientSecret, "pm_card_visa") // the payment may be cancelled already
				})
			}
			for _, w := range waiting {
				results = append(results, <-w)
			}
			all.Wait()
		}
		for _, r := range results {
			if r.status == http.StatusServiceUnavailable { // it asks for the same request again
				r = <-cancelSurely(t, s.shop, r.id)
			}
			if err := r.check(); err != nil || !r.accepted() {
				t.Errorf("cancel %s: HTTP %d %s, %v", r.id, r.status, r.code, err)
			}
			s.follow(t, r.id)
		}
		s.nothingKept(t, results)
	})
}

// nothingKept checks that orders were cancelled, that their money is neither taken
// nor held, and that their parcels are void.
func (s *stack) nothingKept(t *testing.T, results []cancelResult) {
	t.Helper()
	ended := make([]shop.Order, len(results))
	for i, r := range results {
		ended[i] = s.awaitCancelled(t, r.id)
	}
	counts := s.intents()
	for i, r := range results {
		o, n := ended[i], counts[string(r.id)]
		if n.Taken != n.Returned || n.Canceled+n.Refunds != 1 {
			t.Errorf("of the cancelled order %s, Stripe saw %+v", r.id, n)
		}
		for _, p := range o.Shipments {
			if st := s.atCarrier(p.Reference); st != "" && st != order.ParcelVoided {
				t.Errorf("the parcel of the cancelled order %s is %q", r.id, st)
			}
		}
	}
}

// TestCancelKilled (RES-13, API-3): while an API takes requests to cancel, the
// process with the engine and the workers is killed. The API accepts a request only
// if the order is being cancelled, and every order of which it says so ends
// cancelled.
func TestCancelKilled(t *testing.T) {
	t.Parallel()
	const orders = 8
	rounds := 1
	if soak.Full() {
		rounds = 4
	}
	random := rand.New(rand.NewPCG(seedOf(t), 2))
	s := newStack(t, []string{"DATABASE_URL=" + postgrestest.Database(t)}, "--ask-after=1s", "--track-after=2s", "--sandbox-pace=10s") // the carrier must not have a parcel before a process is back
	s.keepPorts()
	api := s.separateAPI(t)
	var results []cancelResult
	for range rounds {
		var placed []shop.Placed
		for range orders {
			placed = append(placed, s.place(t, wish("mug-blue", 1, "EUR"), ""))
		}
		var waiting []<-chan cancelResult
		for _, p := range placed {
			s.pay(t, p, "pm_card_visa")
			waiting = append(waiting, cancelSurely(t, api, p.ID))
			pause(t, time.Duration(random.IntN(100))*time.Millisecond)
		}
		s.kill()
		s.start()
		for _, w := range waiting {
			results = append(results, <-w)
		}
	}
	accepted := slices.DeleteFunc(slices.Clone(results), func(r cancelResult) bool { return !r.accepted() })
	for _, r := range results {
		if err := r.check(); err != nil {
			t.Errorf("cancel %s: %v", r.id, err)
		}
		s.follow(t, r.id)
		if o := s.order(t, r.id); !r.accepted() && o.Status != order.Delivered {
			t.Errorf("it was too late to cancel %s, which is %s", r.id, o.Status)
		}
	}
	t.Logf("%d of %d requests to cancel were accepted", len(accepted), len(results))
	s.nothingKept(t, accepted)
}

// keepPorts makes the next starts use the ports of this one, so that other processes
// find the engine and the sandbox again.
func (s *stack) keepPorts() {
	for flag, at := range map[string]string{"--temporal-port=": s.at.Temporal, "--sandbox-port=": s.at.Sandbox} {
		port := at[strings.LastIndex(at, ":")+1:]
		s.args[slices.Index(s.args, flag+"0")] = flag + port
	}
}

// separateAPI starts an API in a process of its own, and returns a client of it.
func (s *stack) separateAPI(t *testing.T) *shop.Client {
	t.Helper()
	const key = "shop-secret-0123456789"
	env := append(slices.Clone(s.env), "TEMPORAL_ADDRESS="+s.at.Temporal, "PURSER_SANDBOX_URL="+s.at.Sandbox, "PURSER_DATA="+t.TempDir(),
		"PURSER_VAULT_KEY=file:"+s.dir+"/vault.key", "PURSER_API_KEYS=web:shop:"+key)
	p := launch(t, env, "api", "--listen=127.0.0.1:0")
	_, at, _ := strings.Cut(p.says("API at "), "API at ")
	return &shop.Client{URL: at, Key: key}
}

// cancelSurely sends a request to cancel again for as long as the API says that it
// was perhaps not accepted.
func cancelSurely(t *testing.T, api *shop.Client, id order.ID) <-chan cancelResult {
	result := make(chan cancelResult, 1)
	ctx := within(t)
	go func() {
		var r cancelResult
		err := retry(ctx, func() error {
			if r = cancel(ctx, api, id); r.status == http.StatusServiceUnavailable {
				return errors.New("busy")
			}
			return nil
		})
		r.err = errors.Join(r.err, err)
		result <- r
	}()
	return result
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
