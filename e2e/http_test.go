package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"purser/order"
)

// response is an HTTP response with its body read.
type response struct {
	status int
	header http.Header
	body   []byte
}

// send makes one request with an API key; header lists names and values in turn.
func send(t *testing.T, method, url, key string, body io.Reader, header ...string) response {
	t.Helper()
	req, err := http.NewRequestWithContext(within(t), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := noRedirects.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return response{resp.StatusCode, resp.Header, b}
}

// noRedirects is a client that returns a redirect instead of following it to the
// shop's site.
var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// decode decodes the response's JSON.
func (a response) decode(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("HTTP %d %s: %v", a.status, a.body, err)
	}
}

// code returns the code of a problem document; "" if the response is not a problem
// document.
func (a response) code() string {
	var p struct{ Code string }
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") || json.Unmarshal(a.body, &p) != nil {
		return ""
	}
	return p.Code
}

func getJSON(t *testing.T, url string, v any) {
	t.Helper()
	a := send(t, http.MethodGet, url, "", nil)
	if a.status != http.StatusOK {
		t.Fatalf("GET %s: HTTP %d", url, a.status)
	}
	a.decode(t, v)
}

// mail is one mail of the sandbox's mailbox.
type mail struct {
	ID      string            `json:"id"`
	To      []string          `json:"to"`
	Subject string            `json:"subject"`
	Tags    map[string]string `json:"tags"`
}

// mailsOf returns the mails about an order to its shopper, and about disputes, oldest first.
func (s *stack) mailsOf(id order.ID) (mails []mail) {
	s.t.Helper()
	var box struct{ Data []mail }
	getJSON(s.t, s.at.Sandbox+"/mail/messages.json?q="+string(id), &box)
	for i := len(box.Data) - 1; i >= 0; i-- {
		if m := box.Data[i]; m.Tags["milestone"] != "" { // the mails about its cases have none
			mails = append(mails, m)
		}
	}
	return mails
}

// notifications returns the kinds of the order's mails, oldest first.
func (s *stack) notifications(id order.ID) (found []string) {
	s.t.Helper()
	for _, m := range s.mailsOf(id) {
		found = append(found, m.Tags["milestone"])
	}
	return found
}

// text returns a mail's text.
func (s *stack) text(m mail) string {
	s.t.Helper()
	return string(send(s.t, http.MethodGet, s.at.Sandbox+"/mail/"+m.ID+"/text", "", nil).body)
}
