package starter_test

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"pgregory.net/rapid"

	"purser/catalog"
	"purser/mail"
	"purser/order"
	"purser/starter"
	"purser/text"
)

// frontend is an engine that refuses every call and records the workflow IDs that the
// calls carry in a gRPC header, which takes only printable ASCII.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer
	mu  sync.Mutex
	ids []string
}

func (*frontend) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

// serve returns a client of the frontend.
func (f *frontend) serve(t *testing.T) client.Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		f.mu.Lock()
		f.ids = append(f.ids, md.Get("temporal-resource-id")...)
		f.mu.Unlock()
		return next(ctx, in)
	}))
	workflowservice.RegisterWorkflowServiceServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	c, err := client.NewLazyClient(client.Options{HostPort: listener.Addr().String(), Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// take returns the workflow IDs that came since the last call.
func (f *frontend) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := slices.Compact(f.ids)
	f.ids = nil
	return ids
}

// engineCalls are the calls that carry a text of a caller's to the engine, and the
// prefix of the workflow ID that each makes of it.
func engineCalls(c client.Client) map[string]func(ctx context.Context, key string) (prefix string) {
	s, i := &starter.Client{Temporal: c}, &starter.Images{Temporal: c}
	change := func(key string) catalog.Change { return catalog.Change{ID: key, Delete: true} }
	const img = "img_abcdefghijklmnopqrstuvwxyz"
	return map[string]func(ctx context.Context, key string) string{
		"change product": func(ctx context.Context, key string) string {
			_, _ = s.ChangeProduct(ctx, key, change(key))
			return "product/"
		},
		"notify product": func(ctx context.Context, key string) string {
			_ = s.NotifyProduct(ctx, key, change(key))
			return "product/"
		},
		"delete a product's images": func(ctx context.Context, key string) string {
			_ = i.DeleteImagesOf(ctx, key)
			return "images/"
		},
		"process an image": func(ctx context.Context, key string) string {
			_ = i.StartImage(ctx, img, key)
			return ""
		},
		"delete an image": func(ctx context.Context, key string) string {
			_ = i.DeleteImage(ctx, img, key)
			return ""
		},
		"interrupt an image": func(ctx context.Context, key string) string {
			_, _ = i.InterruptImage(ctx, img, key)
			return ""
		},
		"pause a campaign": func(ctx context.Context, key string) string {
			_ = s.PauseCampaign(ctx, key, key, key)
			return "campaign/"
		},
		"cancel a campaign": func(ctx context.Context, key string) string {
			_ = s.CancelCampaign(ctx, mail.CampaignStatus{Campaign: mail.Campaign{ID: key}, State: mail.CampaignRunning}, key, key)
			return "campaign/"
		},
		"start an import": func(ctx context.Context, key string) string {
			_ = s.StartImport(ctx, catalog.Import{ID: "imp_1", Name: key, Actor: key})
			return ""
		},
		"send a mail again": func(ctx context.Context, key string) string {
			_, _ = s.ResendMail(ctx, order.Resend{OrderID: id, Notification: order.MailShipped, Key: key, Actor: key, Why: key})
			return ""
		},
		"find the order of a key": func(ctx context.Context, key string) string {
			_, _ = s.Get(ctx, order.IDForKey(key, key))
			return ""
		},
	}
}

// TestKeysReachTheEngine: whatever texts callers send, each call reaches the engine, under
// a workflow ID from which the text can be read again (SEC-7).
func TestKeysReachTheEngine(t *testing.T) {
	f := &frontend{}
	calls := engineCalls(f.serve(t))
	check := func(t interface {
		Errorf(format string, args ...any)
	}, name, key string,
	) {
		f.take()
		ctx, stop := context.WithTimeout(context.Background(), 5*time.Second) // the client repeats some calls for ever
		defer stop()
		prefix := calls[name](ctx, key)
		ids := f.take()
		if len(ids) != 1 {
			t.Errorf("%s %q: workflow IDs %q reached the engine", name, key, ids)
			return
		}
		encoded, ok := strings.CutPrefix(ids[0], "workflow:"+prefix)
		if back, decoded := text.Printable.Decode(encoded); !ok || prefix != "" && (!decoded || back != key) {
			t.Errorf("%s %q: the workflow ID is %q", name, key, ids[0])
		}
	}
	for name := range calls {
		for _, key := range []string{"mug-blue/1", "café-1", "zzé", "ばら-2", "50%", "a\u200bb", "\U0001f375"} {
			check(t, name, key)
		}
	}
	names := slices.Sorted(maps.Keys(calls))
	rapid.Check(t, func(rt *rapid.T) {
		check(rt, rapid.SampledFrom(names).Draw(rt, "call"), rapid.StringN(1, 64, 255).Draw(rt, "key"))
	})
}
