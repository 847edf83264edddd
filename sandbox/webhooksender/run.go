package webhooksender

import (
	"bytes"
	"container/heap"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// lastWait is how long attempts under way may still take after Run's context has
// ended.
const lastWait = time.Second

// Run delivers events until the context ends, and then waits for the attempts
// under way. Call it once.
func (c *Sender) Run(ctx context.Context) error {
	transport := &http.Transport{
		MaxIdleConns: c.AtOnce, MaxIdleConnsPerHost: c.AtOnce, MaxConnsPerHost: c.AtOnce,
		IdleConnTimeout: time.Minute, DisableCompression: true,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport: transport, Timeout: c.AnswerWithin,
		// A provider does not follow a redirect, which counts as a failure.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	attempts, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastWait, cancel) })()
	work := make(chan job)
	var workers sync.WaitGroup
	for range c.AtOnce {
		workers.Go(func() {
			for j := range work {
				j.delivery.tries++
				c.recordAttempt(j.delivery, c.deliver(attempts, client, j))
			}
		})
	}
	defer workers.Wait()
	defer close(work)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		j, wait := c.next()
		if j.delivery == nil {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return nil
			case <-c.wake:
			case <-timer.C:
			}
			continue
		}
		select {
		case <-ctx.Done():
			c.putBack(j.delivery)
			return nil
		case work <- j:
		}
	}
}

// job is one attempt.
type job struct {
	delivery *delivery
	url      string
}

// next returns the delivery that is due, or the time until the next one is.
func (c *Sender) next() (job, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.due) == 0 || c.url == "" {
		return job{}, time.Hour
	}
	if wait := time.Until(c.due[0].next); wait > 0 {
		return job{}, wait
	}
	return job{heap.Pop(&c.due).(*delivery), c.url}, 0
}

func (c *Sender) putBack(p *delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due.push(p)
}

func (c *Sender) deliver(ctx context.Context, client *http.Client, j job) error {
	body := []byte(j.delivery.Body)
	if c.Envelope != nil {
		var err error
		if body, err = c.Envelope(body, time.Now()); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, j.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	for k, v := range c.sign(body, time.Now()) {
		req.Header[k] = v
	}
	began := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	// The body must be read to its end for the connection to be reused.
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("receiver responded with %d", resp.StatusCode)
	}
	if c.OnAcknowledged != nil {
		c.OnAcknowledged(c.provider, time.Since(began))
	}
	return nil
}

// queue is a heap of deliveries by the time of their next attempt.
type queue []*delivery

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].next.Before(q[j].next) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(p any)        { *q = append(*q, p.(*delivery)) }
func (q *queue) Pop() any {
	old := *q
	p := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return p
}

func (q *queue) push(p *delivery) { heap.Push(q, p) }
func (q *queue) reorder()         { heap.Init(q) }
