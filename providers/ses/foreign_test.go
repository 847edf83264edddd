package ses_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	standin "purser/sandbox/ses"
)

// account holds the account data for the foreign sandbox.
const account = `{"DedicatedIpAutoWarmupEnabled":false,"Details":{"AdditionalContactEmailAddresses":[],"ContactLanguage":"EN","MailType":"TRANSACTIONAL",
"ReviewDetails":{"CaseId":"1","Status":"GRANTED"},"UseCaseDescription":"x","WebsiteURL":"https://shop.example"},"EnforcementStatus":"HEALTHY",
"ProductionAccessEnabled":true,"SendingEnabled":true,"SendQuota":{"Max24HourSend":50000,"MaxSendRate":14,"SentLast24Hours":7},"SuppressionAttributes":{"SuppressedReasons":[]}}`

// TestForeignStandIn sends mails through a stand-in for SES by other authors
// (the npm package aws-ses-v2-local), because ours could share a mistake with
// the adapter: it accepts the same mails and reads the same from them.
// scripts/foreign installs the package and runs the test.
func TestForeignStandIn(t *testing.T) {
	dir := os.Getenv("PURSER_SES_FOREIGN")
	if dir == "" {
		t.Skip("PURSER_SES_FOREIGN is not set: run make foreign")
	}
	url := startForeign(t, dir)
	foreign := newMailer(t, url, nil)
	ours := build(t, standin.Config{})

	campaign := porttest.MessageOf(order.NewID(), "reminder")
	campaign.Stream, campaign.Unsubscribe = mail.Marketing, "https://shop.example/unsubscribe/token"
	many := porttest.MessageOf(order.NewID(), "shipped")
	many.To = append(many.To, mail.Address{Email: "bob@example.com"})
	page := porttest.MessageOf(order.NewID(), "delivered")
	page.Content.HTML = "<h1>Größe</h1><p>" + strings.Repeat("lang ", 300) + "</p>"
	for _, m := range []mail.Message{porttest.MessageOf(order.NewID(), "confirmation"), campaign, many, page} {
		id, err := foreign.SendMail(t.Context(), m)
		if err != nil || id == "" {
			t.Fatalf("%s: %q %v", m.Template, id, err)
		}
		local, err := ours.mailer.SendMail(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		got, want := readForeign(t, url, id), readOurs(ours.ses, local, m)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: theirs reads something else (-ours +theirs):\n%s", m.Template, diff)
		}
		if len(got.To) != len(m.To) || !strings.Contains(got.Text, strings.TrimSpace(m.Content.Text)) || got.Subject != m.Content.Subject {
			t.Errorf("%s: %+v", m.Template, got)
		}
	}
	limits, err := foreign.Limits(t.Context())
	if err != nil || limits.Rate != 14 || limits.PerDay != 50000 || limits.Sent != 7 || !limits.Enabled {
		t.Errorf("limits: %+v %v", limits, err)
	}
	if _, _, err := foreign.Verified(t.Context()); err == nil {
		t.Log("it knows identities now: compare them too")
	}
}

// reading is what a stand-in makes of a mail.
type reading struct {
	Subject, Text, HTML string
	To                  []string
}

func readForeign(t *testing.T, url, id string) reading {
	t.Helper()
	resp, err := http.Get(url + "/store")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var store struct {
		Emails []struct {
			MessageID   string                `json:"messageId"`
			Subject     string                `json:"subject"`
			Destination struct{ To []string } `json:"destination"`
			Body        struct{ Text, HTML string }
		} `json:"emails"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&store); err != nil {
		t.Fatal(err)
	}
	for _, e := range store.Emails {
		if e.MessageID == id {
			r := reading{e.Subject, unix(e.Body.Text), unix(e.Body.HTML), nil}
			// It keeps the list of the header unchanged.
			list, err := netmail.ParseAddressList(strings.Join(e.Destination.To, ", "))
			if err != nil {
				t.Fatalf("to %q: %v", e.Destination.To, err)
			}
			for _, to := range list {
				r.To = append(r.To, to.Address)
			}
			return r
		}
	}
	t.Fatalf("%s is not in its store", id)
	return reading{}
}

func readOurs(s *standin.Server, id string, m mail.Message) reading {
	get := func(part string) string {
		w := httptest.NewRecorder()
		s.Mailbox().ServeHTTP(w, httptest.NewRequest("GET", "/"+id+"/"+part, nil))
		return unix(w.Body.String())
	}
	r := reading{Subject: m.Content.Subject, Text: get("text"), HTML: get("html")}
	for _, to := range m.To {
		r.To = append(r.To, to.Email)
	}
	return r
}

// unix drops what differs by how a text's end is read.
func unix(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// startForeign starts the package, which is installed in dir, and waits until
// it can be reached.
func startForeign(t *testing.T, dir string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	l.Close()
	cmd := exec.Command("node", filepath.Join(dir, "node_modules", "aws-ses-v2-local", "dist", "cli.js"), "--host", "127.0.0.1", "--port", port)
	cmd.Env = append(os.Environ(), "AWS_SES_ACCOUNT="+account)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	url = "http://" + address
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(time.Minute); ; {
		if resp, err := http.Get(url + "/store"); err == nil {
			resp.Body.Close()
			return url
		}
		select {
		case <-tick.C:
		case <-ended:
			t.Fatalf("the foreign stand-in ended: %s", said.String())
		case <-limit:
			t.Fatal("the foreign stand-in does not respond")
		}
	}
}
