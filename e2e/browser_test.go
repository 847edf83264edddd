package e2e_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"go.temporal.io/api/sdk/v1"

	words "purser/mail"
	"purser/order"
)

// tab is a page in a browser; it records the page's requests and errors.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	problems []string
}

// browse opens a browser that makes no requests of its own.
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

// open loads a page, waits until it shows the text, and returns all of its text.
// It does not wait until the page has loaded completely: some pages never do.
func (b *tab) open(url, text string) string {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, page.Navigate, page.NavigateParams{URL: url}); err != nil {
		b.t.Fatalf("open %s: %v", url, err)
	}
	return b.await(url, text)
}

// press clicks the button that bears a text, and waits until the page shows another
// text.
func (b *tab) press(button, text string) string {
	b.t.Helper()
	pressed, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](
		`(() => { for (const b of document.querySelectorAll("button")) if (b.textContent.trim() === `+strconv.Quote(button)+`) {
			const group = b.closest("details"); if (group) group.open = true; b.click(); return true } return false })()`))
	if err != nil || !pressed {
		b.t.Fatalf("no button %q to press: %v", button, err)
	}
	return b.await("the page after "+button, text)
}

// await waits until the page shows the text.
func (b *tab) await(url, text string) string {
	b.t.Helper()
	shown, deadline := "", time.Now().Add(testTimeout/4)
	for time.Now().Before(deadline) {
		// A page that is being replaced has no text: try again.
		read, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body?.innerText ?? ""`))
		if shown = strings.ReplaceAll(read, "\u200b", ""); err == nil && strings.Contains(shown, text) {
			return shown
		}
		pause(b.t, 100*time.Millisecond)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.t.Fatalf("%s does not show %q (%q):\n%.2000s", url, text, b.problems, shown)
	return ""
}

// clean fails the test if the page made a request to another host than these, or
// reported an error.
func (b *tab) clean(homes ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.requests {
		if !slices.ContainsFunc(append(homes, "data:", "blob:"), func(home string) bool { return strings.HasPrefix(url, home) }) {
			b.t.Errorf("the page requests %s", url)
		}
	}
	for _, p := range b.problems {
		b.t.Errorf("the page reports an error: %s", p)
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

// TestBrowser opens the pages in a browser, as a person does.
func TestBrowser(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil, "--ui-port=0")
	o, err := s.buy(within(t), wish("mug-blue", 2, "EUR"), "")
	if err != nil || o.Status != order.Delivered {
		t.Fatalf("%s: %v", o.Status, err)
	}
	open := s.place(t, wish("tea-assam", 1, "EUR"), "")
	t.Run("API docs (API-1)", func(t *testing.T) {
		b := browse(t)
		shown := b.open(s.at.API+"/docs", "Place an order")
		for _, want := range []string{"/v1/orders/{id}/cancel", "/v1/orders/{id}/events", "/v1/products"} {
			if !strings.Contains(shown, want) {
				t.Errorf("the docs do not show %q", want)
			}
		}
		b.shoot("docs")
		b.clean(s.at.API)
	})
	t.Run("mailbox", func(t *testing.T) {
		b := browse(t)
		mails := s.mailsOf(o.ID)
		shown := b.open(s.at.Sandbox+"/mail/?q="+string(o.ID), string(o.ID))
		for _, m := range mails {
			if !strings.Contains(shown, m.Subject) {
				t.Errorf("the mailbox does not list %q", m.Subject)
			}
		}
		b.shoot("mailbox")
		b.open(s.at.Sandbox+"/mail/"+mails[0].ID, mails[0].Subject)
		b.shoot("mail")
		if mail := b.open(s.at.Sandbox+"/mail/"+mails[0].ID+"/html", "Blue enamel mug"); !strings.Contains(mail, "29.00") {
			t.Errorf("the mail's page: %s", mail)
		}
		b.open(s.at.Sandbox+"/mail/"+mails[0].ID, "Simulate feedback")
		b.press("bounced for good", "bounced for good at")
		b.shoot("mail-bounced")
		b.clean(s.at.Sandbox)
	})
	t.Run("unsubscribe (BNC-6)", func(t *testing.T) {
		b := browse(t)
		link := s.unsubscribeLink("ada@example.com")
		b.open(link, "Stop marketing mail?")
		b.shoot("unsubscribe")
		b.press("Unsubscribe", "You are unsubscribed")
		b.shoot("unsubscribed")
		preferences := strings.Replace(link, words.UnsubscribePath, words.PreferencesPath, 1)
		b.open(preferences, "Which mail do you want?")
		b.shoot("preferences")
		if ticked, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.querySelectorAll("input:checked").length`)); err != nil || ticked != 0 {
			t.Errorf("%d lists are ticked after unsubscribing: %v", ticked, err)
		}
		if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.querySelector("input").click(), true`)); err != nil {
			t.Fatal(err)
		}
		b.press("Save", "Saved.")
		b.open(strings.Replace(link, "/unsubscribe/", "/unsubscribe/x", 1), "This link is not valid")
		b.requests, b.problems = nil, nil // the last page is a 400, which the browser reports
		b.open(preferences, "Which mail do you want?")
		b.clean(s.at.API)
	})
	t.Run("Temporal UI", func(t *testing.T) {
		b := browse(t)
		b.open(s.at.TemporalUI+"/namespaces/default/workflows", open.ID.WorkflowID())
		b.shoot("workflows")
		d, err := s.temporal().DescribeWorkflowExecution(within(t), open.ID.WorkflowID(), "")
		if err != nil {
			t.Fatal(err)
		}
		if says := s.details(t, open.ID); !strings.Contains(says, "Waits for **the shopper's payment** (`"+open.Payment().Reference+"`) until ") || !strings.Contains(says, "; then: ") {
			t.Errorf("the current details do not say what the order waits for, until when, and what happens then:\n%s", says)
		}
		run := d.GetWorkflowExecutionInfo().GetExecution().GetRunId()
		b.open(s.at.TemporalUI+"/namespaces/default/workflows/"+url.PathEscape(open.ID.WorkflowID())+"/"+run+"/user-metadata", "Current Details")
		b.shoot("workflow")
	})
}

// details returns the current details of the order's workflow. The Temporal UI
// shows them in a frame that a test cannot read.
func (s *stack) details(t *testing.T, id order.ID) string {
	t.Helper()
	v, err := s.temporal().QueryWorkflow(within(t), id.WorkflowID(), "", "__temporal_workflow_metadata")
	if err != nil {
		t.Fatal(err)
	}
	var meta sdk.WorkflowMetadata
	if err := v.Get(&meta); err != nil {
		t.Fatal(err)
	}
	return meta.GetCurrentDetails()
}
