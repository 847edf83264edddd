//go:build !lean

package record_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"

	"purser/engine"
	"purser/order"
	"purser/workers"
	"purser/workflows"
)

// TestRecord runs one order of each kind on a real engine and saves its
// history for the replay test. It does so only when
// PURSER_RECORD_HISTORIES names the release that is being recorded: histories
// recorded from the code under test would prove nothing about it.
func TestRecord(t *testing.T) {
	label := os.Getenv("PURSER_RECORD_HISTORIES")
	if label == "" {
		t.Skip("PURSER_RECORD_HISTORIES is not set")
	}
	b := newBench(t)
	for name, live := range map[string]func(*life){
		"plain": plain, "declined": declined, "cancelled": cancelled, "expired": expired,
		"on-hold": onHold, "carrier-outage": carrierOutage,
	} {
		t.Run(name, func(t *testing.T) {
			l := b.begin(t, name)
			live(l)
			h := l.history()
			t.Logf("%s: %d events, %d bytes", name, len(h.Events), proto.Size(h))
			save(t, filepath.Join("..", "testdata", "histories", label+"-"+name+".json"), h)
		})
	}
	recordMoney(t, b, label)
	recordReturns(t, b, label)
	recordCatalogue(t, label)
	recordImages(t, label)
	recordMails(t, label)
}

func newClient(t *testing.T) client.Client {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	e, err := engine.Start(t.Context(), engine.Config{
		DataDir: t.TempDir(), UIPort: -1, Logger: quiet, SearchAttributes: workflows.SearchAttributes(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	c, err := client.Dial(client.Options{HostPort: e.Address(), Identity: "purser", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{client: newClient(t)}
	b.bank.Before = func(op string, _ order.ID) error {
		if op == "RefundIntent" && b.refusesRefunds.Load() {
			return &order.ProviderError{Provider: "bank", Op: op, Kind: order.ErrRejected}
		}
		return nil
	}
	b.carrier.Before = func(op, _ string) error {
		if op == "BookParcel" && b.outage.Load() {
			return &order.ProviderError{Provider: "carrier", Op: op, Kind: order.ErrUnavailable}
		}
		return nil
	}
	b.stock(t)
	run(t, workers.New(b.client, b.activities(), workers.Limits{}))
	return b
}

// run runs workers until the test ends.
func run(t *testing.T, sets ...workers.Set) {
	t.Helper()
	for _, set := range sets {
		if err := set.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(set.Stop)
	}
}

func plain(l *life) {
	l.place(time.Minute)
	l.pay()
	l.arrive()
}

func declined(l *life) {
	l.place(time.Minute)
	l.report(l.bank.Decline(l.intent, "card_declined", "insufficient_funds"))
	l.await("the decline", func(o order.Order) bool { return o.Payment().Decline != nil })
	l.pay()
	l.arrive()
}

func cancelled(l *life) {
	l.place(time.Minute)
	if _, err := l.starter.Cancel(l.t.Context(), l.id, "key:shop", "changed my mind", ""); err != nil {
		l.t.Fatal(err)
	}
	l.end(order.Cancelled)
}

func expired(l *life) {
	l.place(3 * time.Second)
	l.end(order.Expired)
}

func onHold(l *life) {
	total := l.place(time.Minute)
	l.report(l.bank.Change(l.intent, func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 100 }), nil)
	l.awaitStatus(order.OnHold)
	l.bank.Change(l.intent, func(in *order.Intent) { in.Capturable = total.Amount })
	l.resolve(order.ChooseRelease)
	l.arrive()
}

func carrierOutage(l *life) {
	l.outage.Store(true)
	defer l.outage.Store(false)
	l.receivedAfter = time.Second
	l.place(time.Minute)
	l.pay()
	l.await("the delay", func(o order.Order) bool { return o.Waiting != nil && o.Waiting.On != "payment" })
	l.await("the mail that it was received", func(order.Order) bool { return l.mailer.Counts()[string(l.id)+":mail-received:1"] == 1 })
	l.outage.Store(false)
	l.arrive()
}

// history returns the order's history without the data of the machine that made it.
func (l *life) history() *history.History {
	l.t.Helper()
	return historyOf(l.t, l.client, l.id.WorkflowID())
}

func historyOf(t *testing.T, c client.Client, id string) *history.History {
	t.Helper()
	return historyOfRun(t, c, id, "")
}

func historyOfRun(t *testing.T, c client.Client, id, run string) *history.History {
	t.Helper()
	h := new(history.History)
	for it := c.GetWorkflowHistory(context.Background(), id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		if err != nil {
			t.Fatal(err)
		}
		scrub(e)
		h.Events = append(h.Events, e)
	}
	return h
}

func scrub(e *history.HistoryEvent) {
	if a := e.GetWorkflowTaskScheduledEventAttributes(); a.GetTaskQueue().GetKind() == enums.TASK_QUEUE_KIND_STICKY {
		a.TaskQueue.Name = "sticky"
	}
	if a := e.GetWorkflowTaskStartedEventAttributes(); a != nil {
		a.WorkerVersion = nil
	}
	if a := e.GetWorkflowTaskCompletedEventAttributes(); a != nil {
		a.WorkerVersion, a.BinaryChecksum = nil, ""
	}
	if a := e.GetActivityTaskStartedEventAttributes(); a != nil {
		a.WorkerVersion = nil
	}
}

func save(t *testing.T, file string, h *history.History) {
	t.Helper()
	raw, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	if host, err := os.Hostname(); err == nil && bytes.Contains(raw, []byte(host)) {
		t.Fatalf("%s names this machine", file)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", " "); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pretty.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
