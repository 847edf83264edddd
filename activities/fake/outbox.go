package fake

import (
	"context"
	"fmt"
	"sync"

	"purser/mail"
	"purser/order"
)

// Outbox sends mails once, in memory: it claims, asks Block, sends and
// settles. The zero value is ready. Set the hooks before it is used.
type Outbox struct {
	// Before is asked before each mail is sent; its error is the answer and
	// nothing is sent.
	Before func(m mail.Message) error
	// After is asked when the mail is out; its error stands for a process that
	// died before it knew: the mail's claim stays.
	After func(m mail.Message) error
	// Block says why an address gets nothing; "": it does.
	Block func(address string) string

	mu     sync.Mutex
	states map[string]mail.Outcome
	counts map[string]int
}

// SendOnce sends a mail that was not sent before.
func (f *Outbox) SendOnce(ctx context.Context, m mail.Message) (mail.Outcome, error) {
	if err := m.Check(); err != nil {
		return f.settle(m, mail.Outcome{State: mail.StateRejected, Why: err.Error()}), nil
	}
	switch was := f.claim(m); {
	case was.State == mail.StateSending: // whoever had it is dead
		return f.settle(m, mail.Outcome{State: mail.StateUnknown, Why: "the process ended while it was being sent"}), nil
	case was.State.Settled():
		return was, nil
	}
	if f.Block != nil {
		if why := f.Block(m.To[0].Email); why != "" {
			return f.settle(m, mail.Outcome{State: mail.StateSuppressed, Why: why}), nil
		}
	}
	if f.Before != nil {
		if err := f.Before(m); err != nil {
			f.settle(m, mail.Outcome{State: mail.StateDue})
			return mail.Outcome{}, err
		}
	}
	if ctx.Err() != nil {
		f.settle(m, mail.Outcome{State: mail.StateDue})
		return mail.Outcome{}, &order.ProviderError{Provider: "mail", Op: "send", Kind: order.ErrUnavailable, Err: ctx.Err()}
	}
	n := f.count(m)
	if f.After != nil {
		if err := f.After(m); err != nil {
			return mail.Outcome{}, err
		}
	}
	return f.settle(m, mail.Outcome{State: mail.StateSent, Receipt: mail.Receipt{Provider: "fake", ProviderID: fmt.Sprintf("fake-%06d", n)}}), nil
}

// claim answers the state before.
func (f *Outbox) claim(m mail.Message) mail.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.states == nil {
		f.states, f.counts = map[string]mail.Outcome{}, map[string]int{}
	}
	was := f.states[m.ID]
	if was.State == "" || was.State == mail.StateDue {
		f.states[m.ID] = mail.Outcome{State: mail.StateSending}
		was.State = mail.StateDue
	}
	return was
}

func (f *Outbox) settle(m mail.Message, o mail.Outcome) mail.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.states == nil {
		f.states, f.counts = map[string]mail.Outcome{}, map[string]int{}
	}
	if f.states[m.ID].State != mail.StateSent {
		f.states[m.ID] = o
	}
	return o
}

func (f *Outbox) count(m mail.Message) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts[m.To[0].Email]++
	return len(f.counts)
}

// Counts says how often each address was written to.
func (f *Outbox) Counts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	counts := make(map[string]int, len(f.counts))
	for a, n := range f.counts {
		counts[a] = n
	}
	return counts
}
