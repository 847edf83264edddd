package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"purser/order"
)

// tab is a page in a browser, and what went wrong in it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	problems []string
}

// browse opens a browser that talks to nobody unasked.
func browse(t *testing.T) *tab {
	t.Helper()
	var flags []chromedp.ExecAllocatorOption
	for name, value := range map[string]any{
		"headless": true, "no-sandbox": true, "disable-gpu": true, "disable-quic": true, "no-first-run": true, "disable-dev-shm-usage": true,
		"disable-background-networking": true, "disable-component-update": true, "disable-sync": true, "disable-default-apps": true,
	} {
		flags = append(flags, chromedp.Flag(name, value))
	}
	flags = append(flags, chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900), chromedp.ModifyCmdFunc(dieWithTest))
	allocated, cancel := chromedp.NewExecAllocator(within(t), flags...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatalf("chromium: %v", err)
	}
	for _, enable := range []func() error{
		func() error { _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); return err },
		func() error { _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); return err },
		func() error { _, err := chromedp.Call(ctx, runtime.Enable, cdp.Empty{}); return err },
	} {
		if err := enable(); err != nil {
			t.Fatalf("chromium: %v", err)
		}
	}
	return b
}

func (b *tab) note(e any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := e.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *network.EventLoadingFailed:
		if !e.Canceled {
			b.problems = append(b.problems, "not loaded: "+e.ErrorText)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.problems = append(b.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text)
	}
}

// open loads a page and waits until what the selector names is to be seen.
func (b *tab) open(url, selector string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url), chromedp.WaitVisible(selector)); err != nil {
		b.shoot("failed")
		b.mu.Lock()
		defer b.mu.Unlock()
		b.t.Fatalf("open %s: %v (%q)", url, err, b.problems)
	}
}

// reads is the page's text.
func (b *tab) reads() string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text("body"))
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.ReplaceAll(text, "\u200b", "")
}

// clean fails the test if the page reached outside or complained.
func (b *tab) clean(home string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.requests {
		if !strings.HasPrefix(url, home) && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
			b.t.Errorf("the page asks %s", url)
		}
	}
	for _, p := range b.problems {
		b.t.Errorf("the page complains: %s", p)
	}
}

// shoot saves a screenshot where PURSER_E2E_SHOTS says, for people to look at.
func (b *tab) shoot(name string) {
	b.t.Helper()
	dir := os.Getenv("PURSER_E2E_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// TestBrowser looks at the pages as a person does.
func TestBrowser(t *testing.T) {
	s := newStack(t, nil, "--ui-port=0")
	o, err := s.buy(within(t), wish("mug-blue", 2, "EUR"), "")
	if err != nil || o.Status != order.Delivered {
		t.Fatalf("%s: %v", o.Status, err)
	}
	open := s.place(t, wish("tea-assam", 1, "EUR"), "")
	t.Run("API docs (API-1)", func(t *testing.T) {
		b := browse(t)
		b.open(s.at.API+"/docs", ".opblock")
		page := b.reads()
		for _, want := range []string{"/v1/orders/{id}/cancel", "/v1/orders/{id}/events", "/v1/products", "Place an order"} {
			if !strings.Contains(page, want) {
				t.Errorf("the docs do not show %q", want)
			}
		}
		b.shoot("docs")
		b.clean(s.at.API)
	})
	t.Run("mailbox", func(t *testing.T) {
		b := browse(t)
		mails := s.mailsOf(o.ID)
		b.open(s.at.Sandbox+"/mail/?q="+string(o.ID), ".mails")
		for _, m := range mails {
			if !strings.Contains(b.reads(), m.Subject) {
				t.Errorf("the mailbox does not list %q", m.Subject)
			}
		}
		b.shoot("mailbox")
		b.open(s.at.Sandbox+"/mail/"+mails[0].ID, "iframe")
		b.shoot("mail")
		b.open(s.at.Sandbox+"/mail/"+mails[0].ID+"/html", "body")
		if letter := b.reads(); !strings.Contains(letter, "Blue enamel mug") || !strings.Contains(letter, "29.00") {
			t.Errorf("the mail's page: %s", letter)
		}
		b.clean(s.at.Sandbox)
	})
	t.Run("Temporal UI", func(t *testing.T) {
		b := browse(t)
		b.open(s.at.TemporalUI+"/namespaces/default/workflows", `//*[contains(text(), "`+open.ID.WorkflowID()+`")]`)
		b.shoot("workflows")
		b.open(s.at.TemporalUI+"/namespaces/default/workflows/"+strings.ReplaceAll(open.ID.WorkflowID(), "/", "%2F"), `//*[contains(text(), "Waiting for")]`)
		b.shoot("workflow")
	})
}
