package ses

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/sandbox/journal"
)

func build(t *testing.T, path string, c Config) *Server {
	t.Helper()
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	c.Journal = j
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// send sends a body to SendEmail and returns the status, the error's type and
// the message's id.
func send(s *Server, body string) (status int, code, id string) {
	r := httptest.NewRequest("POST", "/v2/email/outbound-emails", strings.NewReader(body))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AK/2026/eu/ses/aws4_request")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	var v struct{ MessageId string }
	_ = json.Unmarshal(w.Body.Bytes(), &v)
	return w.Code, w.Header().Get("X-Amzn-ErrorType"), v.MessageId
}

func get(s *Server, path string) (int, string, string) {
	w := httptest.NewRecorder()
	s.Mailbox().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	b, _ := io.ReadAll(w.Body)
	return w.Code, string(b), w.Header().Get("Content-Security-Policy")
}

func simple(to, orderID, text string) string {
	return fmt.Sprintf(`{"FromEmailAddress":"shop@example.com","Destination":{"ToAddresses":[%q]},
		"Content":{"Simple":{"Subject":{"Data":"Hello <b>"},"Body":{"Text":{"Data":%q},"Html":{"Data":"<h1>hi</h1><script>x</script>"}}}},
		"EmailTags":[{"Name":"order","Value":%q},{"Name":"milestone","Value":"shipped"}]}`, to, text, orderID)
}

func TestSendEmail(t *testing.T) {
	s := build(t, "", Config{})
	for _, tt := range []struct {
		name, body string
		status     int
		code       string
	}{
		{name: "simple", body: simple("a@example.com", "ord_1", "x"), status: 200},
		{name: "no domain", body: simple("a", "ord_1", "x"), status: 400, code: "BadRequestException"},
		{name: "rejected", body: simple("a@rejected.example", "ord_1", "x"), status: 400, code: "MessageRejected"},
		{name: "a tag of other characters", body: simple("a@example.com", "ord 1", "x"), status: 400, code: "BadRequestException"},
		{name: "no content", body: `{"FromEmailAddress":"a@b.example","Destination":{"ToAddresses":["a@b.example"]}}`, status: 400, code: "BadRequestException"},
		{name: "no recipient", body: `{"FromEmailAddress":"a@b.example","Content":{"Simple":{}}}`, status: 400, code: "BadRequestException"},
		{name: "no sender", body: strings.Replace(simple("a@b.example", "o", "x"), "shop@example.com", "", 1), status: 400, code: "BadRequestException"},
		{name: "a subject of two lines", body: strings.Replace(simple("a@b.example", "o", "x"), "Hello", `Hello\r\nBcc: x`, 1), status: 400, code: "BadRequestException"},
		{name: "raw that is not a mail", body: `{"Destination":{"ToAddresses":["a@b.example"]},"Content":{"Raw":{"Data":"AA=="}}}`, status: 400, code: "BadRequestException"},
		{name: "not JSON", body: `To: a`, status: 400, code: "SerializationException"},
	} {
		status, code, id := send(s, tt.body)
		if status != tt.status || code != tt.code || (id != "") != (status == 200) {
			t.Errorf("%s: %d %s %q, want %d %s", tt.name, status, code, id, tt.status, tt.code)
		}
	}
	if diff := cmp.Diff(map[Subject]int{{"ord_1", "shipped"}: 1}, s.Counts()); diff != "" {
		t.Error(diff)
	}
}

func TestUnsignedIsRefused(t *testing.T) {
	s := build(t, "", Config{})
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/v2/email/account", nil))
	if w.Code != 403 {
		t.Errorf("%d, want 403", w.Code)
	}
}

func TestQuota(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := build(t, "", Config{PerDay: 2, Now: func() time.Time { return now }})
	for i, want := range []int{200, 200, 400} {
		if status, _, _ := send(s, simple("a@b.example", "o", "x")); status != want {
			t.Errorf("mail %d: %d, want %d", i, status, want)
		}
	}
	now = now.Add(25 * time.Hour)
	if status, _, _ := send(s, simple("a@b.example", "o", "x")); status != 200 {
		t.Errorf("a day later: %d", status)
	}
	r := httptest.NewRequest("GET", "/v2/email/account", nil)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AK/")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), `"Max24HourSend":2`) || !strings.Contains(w.Body.String(), `"SentLast24Hours":1`) {
		t.Errorf("account: %s", w.Body)
	}
}

// TestRestart checks that mails survive a restart, old ones without their
// content.
func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ses.db")
	s := build(t, path, Config{Keep: 2})
	var ids []string
	for i := range 4 {
		_, _, id := send(s, simple("a@b.example", fmt.Sprint("ord_", i), "content"))
		ids = append(ids, id)
	}
	s.journal.Close() // the server can still be read
	for _, s := range []*Server{s, build(t, path, Config{Keep: 2})} {
		if n := len(s.Counts()); n != 4 {
			t.Errorf("%d mails, want 4", n)
		}
		for i, id := range ids {
			_, text, _ := get(s, "/"+id+"/text")
			if (text == "content") != (i >= 2) {
				t.Errorf("mail %d: %q", i, text)
			}
		}
		if _, page, _ := get(s, "/"+ids[0]); !strings.Contains(page, "too old") {
			t.Error("the page of an old mail does not say why it is empty")
		}
	}
}

func TestMailbox(t *testing.T) {
	s := build(t, "", Config{})
	if _, page, _ := get(s, "/"); !strings.Contains(page, "No mail yet") {
		t.Error("an empty mailbox does not say so")
	}
	_, _, id := send(s, simple("ada@example.com", "ord_1", "</pre><script>alert(1)</script>"))
	_, _, _ = send(s, simple("bob@example.com", "ord_2", "x"))
	status, page, policy := get(s, "/?q=ord_1")
	if status != 200 || !strings.Contains(page, id) || strings.Contains(page, "bob@") || !strings.Contains(page, "Hello &lt;b&gt;") {
		t.Errorf("search: %d\n%s", status, page)
	}
	if policy != pagePolicy {
		t.Errorf("policy %q", policy)
	}
	if _, page, _ := get(s, "/?q=nobody"); !strings.Contains(page, "No mail matches") {
		t.Error("an empty search does not say so")
	}
	_, page, _ = get(s, "/"+id)
	if !strings.Contains(page, "<iframe sandbox ") || strings.Contains(page, "<script") || !strings.Contains(page, `src="`+id+`/html"`) {
		t.Errorf("mail page:\n%s", page)
	}
	_, page, policy = get(s, "/"+id+"/html")
	if page != "<h1>hi</h1><script>x</script>" || !strings.HasPrefix(policy, "sandbox; default-src 'none'") {
		t.Errorf("foreign page %q under policy %q", page, policy)
	}
	if status, _, _ := get(s, "/nope"); status != 404 {
		t.Errorf("unknown mail: %d", status)
	}
	if status, css, _ := get(s, "/style.css"); status != 200 || css == "" {
		t.Errorf("style: %d", status)
	}
	_, list, _ := get(s, "/messages.json?q=BOB")
	var v struct {
		Data  []summary
		Total int
	}
	if err := json.Unmarshal([]byte(list), &v); err != nil || v.Total != 1 || v.Data[0].Tags["order"] != "ord_2" {
		t.Errorf("%v: %s", err, list)
	}
	_, list, _ = get(s, "/messages.json")
	if err := json.Unmarshal([]byte(list), &v); err != nil || v.Total < 2 || len(v.Data) != v.Total {
		t.Fatalf("%v: %s", err, list)
	}
	all := slices.Clone(v.Data)
	for _, c := range []struct {
		query string
		want  []summary
	}{
		{query: "?skip=1", want: all[1:]},
		{query: fmt.Sprintf("?skip=%d", len(all)), want: nil},
		{query: "?skip=99", want: nil},
		{query: "?skip=-1", want: all},
		{query: "?skip=some", want: all},
		{query: "?q=bob&skip=1", want: nil},
	} {
		_, list, _ := get(s, "/messages.json"+c.query)
		err := json.Unmarshal([]byte(list), &v)
		same := slices.EqualFunc(v.Data, c.want, func(a, b summary) bool { return a.ID == b.ID })
		if err != nil || !same || !strings.Contains(c.query, "q=") && v.Total != len(all) {
			t.Errorf("%s: %v: %s", c.query, err, list)
		}
	}
}

// FuzzOpen checks that any message can be opened.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--b--\r\n"))
	f.Add([]byte("Content-Type: multipart/mixed\r\n\r\n--\r\n"))
	f.Add([]byte(""))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		m := &mail{From: "a@b.example", To: []string{"a@b.example"}, Raw: raw}
		_ = m.readRaw()
		_ = m.open()
	})
}
