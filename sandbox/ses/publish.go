package ses

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"purser/sandbox/webhooksender"
)

// subscription is the topic's only subscription.
type subscription struct {
	Endpoint  string `json:"endpoint"`
	Token     string `json:"token"`
	Confirmed bool   `json:"confirmed"`
}

const subscriptionKind = "subscription"

// askEvery is how long the stand-in waits before it asks an endpoint again to
// confirm its subscription.
const askEvery = 2 * time.Second

// discardAfter is how long SNS tries at most to send a message to an endpoint over
// HTTP, whatever the topic's delivery policy.
const discardAfter = time.Hour

// openTopic reads the topic's state from the journal.
func (s *Server) openTopic() (err error) {
	var kept keptSigner
	err = errors.Join(
		s.journal.Each(signerKind, func(_ string, raw json.RawMessage) error { return json.Unmarshal(raw, &kept) }),
		s.journal.Each(subscriptionKind, func(_ string, raw json.RawMessage) error { return json.Unmarshal(raw, &s.sub) }),
	)
	if err != nil {
		return err
	}
	// The signer is created when it is first needed, because that takes a while.
	s.signer = sync.OnceValues(func() (*signer, error) { return makeSigner(s.journal, kept, s.cfg.Secret) })
	headers := func([]byte, time.Time) http.Header {
		return http.Header{"Content-Type": {"text/plain; charset=UTF-8"}, "X-Amz-Sns-Message-Type": {"Notification"}, "X-Amz-Sns-Topic-Arn": {TopicARN}}
	}
	if s.webhooks, err = webhooksender.New(s.journal, "ses", headers, s.cfg.Faults, s.cfg.Log); err != nil {
		return err
	}
	s.webhooks.Envelope, s.webhooks.DiscardAfter = s.envelope, discardAfter
	return nil
}

// envelope signs a message at each attempt to send it, because the certificate's
// URL contains the stand-in's address, which a restart may change.
func (s *Server) envelope(body []byte, _ time.Time) ([]byte, error) {
	var n note
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, err
	}
	n, err := s.sign(n)
	if err != nil {
		return nil, err
	}
	return json.Marshal(n)
}

func (s *Server) sign(n note) (note, error) {
	by, err := s.signer()
	if err != nil {
		return n, err
	}
	return by.sign(n, s.snsBase())
}

func (s *Server) snsBase() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base + "/sns/"
}

// Subscribe subscribes an endpoint to the topic. base is the URL of the stand-in
// itself. The endpoint must confirm the subscription first, as with SNS.
func (s *Server) Subscribe(base, endpoint string) error {
	s.mu.Lock()
	s.base = base
	if s.sub.Endpoint != endpoint {
		s.sub = subscription{Endpoint: endpoint, Token: rand.Text() + rand.Text()}
	}
	sub := s.sub
	s.mu.Unlock()
	if err := s.journal.Put(subscriptionKind, "sns", sub); err != nil {
		return err
	}
	if sub.Confirmed {
		s.webhooks.SetURL(endpoint)
		return nil
	}
	s.webhooks.SetURL("")
	select {
	case s.ask <- struct{}{}:
	default:
	}
	return nil
}

// OnAcknowledged calls f with the time that the receiver took to accept each
// message. Call OnAcknowledged before Run.
func (s *Server) OnAcknowledged(f func(provider string, took time.Duration)) {
	s.webhooks.OnAcknowledged = f
}

// Pending returns the number of messages that are not delivered yet.
func (s *Server) Pending() int { return s.webhooks.Pending() }

// Run sends the topic's messages until the context ends.
func (s *Server) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.askUntilConfirmed(ctx)
	}()
	err := s.webhooks.Run(ctx)
	<-done
	return err
}

func (s *Server) askUntilConfirmed(ctx context.Context) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		s.mu.Lock()
		sub := s.sub
		s.mu.Unlock()
		if sub.Endpoint != "" && !sub.Confirmed {
			if err := s.askEndpoint(ctx, sub); err != nil {
				s.cfg.Log.Debug("endpoint not asked", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.ask:
		}
	}
}

// askEndpoint sends the endpoint a request to confirm the subscription.
func (s *Server) askEndpoint(ctx context.Context, sub subscription) error {
	query := url.Values{"Action": {"ConfirmSubscription"}, "TopicArn": {TopicARN}, "Token": {sub.Token}}
	n, err := s.sign(note{
		Type: "SubscriptionConfirmation", MessageID: newMessageID(), Token: sub.Token, SubscribeURL: s.snsBase() + "?" + query.Encode(),
		Message:   "You have chosen to subscribe to the topic " + TopicARN + ".\nTo confirm the subscription, visit the SubscribeURL included in this message.",
		Timestamp: stamp(s.cfg.Now()),
	})
	if err != nil {
		return err
	}
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sub.Endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	req.Header.Set("X-Amz-Sns-Message-Type", n.Type)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	return err
}

// serveSNS serves the paths below /sns/: the certificate, and the confirmation of
// a subscription.
func (s *Server) serveSNS(w http.ResponseWriter, r *http.Request) {
	if file := r.PathValue("file"); file != "" {
		by, err := s.signer()
		if err != nil || file != by.file {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(by.pem)
		return
	}
	q := r.URL.Query()
	s.mu.Lock()
	sub := s.sub
	known := sub.Token != "" && q.Get("Action") == "ConfirmSubscription" && q.Get("TopicArn") == TopicARN && q.Get("Token") == sub.Token
	if known {
		s.sub.Confirmed = true
		sub = s.sub
	}
	s.mu.Unlock()
	if !known {
		http.Error(w, "no such subscription", http.StatusNotFound)
		return
	}
	if err := s.journal.Put(subscriptionKind, "sns", sub); err != nil {
		http.Error(w, "try again", http.StatusInternalServerError)
		return
	}
	s.webhooks.SetURL(sub.Endpoint)
	w.Header().Set("Content-Type", "text/xml")
	type result struct {
		XMLName xml.Name `xml:"ConfirmSubscriptionResponse"`
		ARN     string   `xml:"ConfirmSubscriptionResult>SubscriptionArn"`
	}
	_ = xml.NewEncoder(w).Encode(result{ARN: TopicARN + ":0000"})
}

// publish publishes an event on the topic, to be sent after the wait.
func (s *Server) publish(wait time.Duration, kind string, e any) error {
	message, err := json.Marshal(e)
	if err != nil {
		return err
	}
	n := note{Type: "Notification", MessageID: newMessageID(), Message: string(message), Timestamp: stamp(s.cfg.Now().Add(wait))}
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return s.webhooks.SendAfter(wait, n.MessageID, kind, body)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// newMessageID returns an id in the format of SNS.
func newMessageID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
