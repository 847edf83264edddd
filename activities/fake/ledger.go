package fake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"purser/mail"
	"purser/order"
)

// Ledger remembers in memory which mails were sent. The zero value is ready.
// Set the hooks before it is used.
type Ledger struct {
	// Before is called before each call that writes ("ClaimMail", "PassMail",
	// "RecordMailOutcome"). If it fails, the call returns its error and writes
	// nothing.
	Before func(op string, m mail.Message) error
	// After is called after the write. If it fails, the call returns its error
	// although the write is done.
	After func(op string, m mail.Message) error

	mu    sync.Mutex
	mails map[string]mail.Outcome
	kinds map[string]generations // by stem
	// decided are the mails sent again, by order, notification and key.
	decided map[string]order.Mail
}

// stem returns the common prefix of the ids of all generations of a mail.
func stem(id string) string { return id[:strings.LastIndexByte(id, ':')+1] }

type generations struct {
	last  string // the id of the last generation
	count int    // the number of the last generation
}

// OpenResend gives a mail its next generation.
func (f *Ledger) OpenResend(_ context.Context, r order.Resend) (order.Mail, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k, decision := r.Stem(), fmt.Sprint(r.OrderID, " ", r.Notification, " ", r.Key)
	if m, ok := f.decided[decision]; ok {
		return m, nil
	}
	g, ok := f.kinds[k]
	switch {
	case !ok && !r.Notification.OnRequest():
		return order.Mail{}, fmt.Errorf("%w: it has no mail %.40q", order.ErrNotFound, r.Notification)
	case ok && !f.mails[g.last].State.Resolved():
		return order.Mail{}, order.ErrMailing
	}
	if f.mails == nil {
		f.mails, f.kinds = make(map[string]mail.Outcome), make(map[string]generations)
	}
	g.count++
	m := r.Mail(g.count)
	g.last = m.Key()
	if f.decided == nil {
		f.decided = make(map[string]order.Mail)
	}
	f.decided[decision], f.kinds[k], f.mails[g.last] = m, g, mail.Outcome{State: mail.StateDue}
	return m, nil
}

// FindMail returns the outcome of a mail so far.
func (f *Ledger) FindMail(_ context.Context, id string) (mail.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if was, ok := f.mails[id]; ok {
		return was, nil
	}
	return mail.Outcome{State: mail.StateDue}, nil
}

// ClaimMail marks the mail as being sent by a provider and returns its outcome
// before that.
func (f *Ledger) ClaimMail(_ context.Context, m mail.Message, provider string) (before mail.Outcome, err error) {
	err = f.hooked("ClaimMail", m, func() error {
		before = f.claim(m, provider)
		return nil
	})
	return before, err
}

// PassMail records that a claimed mail is handed to another provider now.
func (f *Ledger) PassMail(_ context.Context, m mail.Message, provider string) error {
	return f.hooked("PassMail", m, func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if was := f.mails[m.ID]; was.State == mail.StateSending {
			was.Receipt.Provider = provider
			f.mails[m.ID] = was
		}
		return nil
	})
}

func (f *Ledger) claim(m mail.Message, provider string) mail.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mails == nil {
		f.mails, f.kinds = make(map[string]mail.Outcome), make(map[string]generations)
	}
	was, ok := f.mails[m.ID]
	if ok && was.State != mail.StateDue {
		return was
	}
	if g := f.kinds[stem(m.ID)]; g.count < m.Generation {
		g.last, g.count = m.ID, m.Generation
		f.kinds[stem(m.ID)] = g
	}
	f.mails[m.ID] = mail.Outcome{State: mail.StateSending, Receipt: mail.Receipt{Provider: provider}}
	was.State = mail.StateDue
	return was
}

// RecordMailOutcome writes the outcome of a mail that was claimed.
// mail.StateSent is always accepted; any other state does not change an outcome
// recorded before.
func (f *Ledger) RecordMailOutcome(_ context.Context, m mail.Message, o mail.Outcome) error {
	return f.hooked("RecordMailOutcome", m, func() error { return f.resolve(m.ID, o) })
}

func (f *Ledger) resolve(id string, o mail.Outcome) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	was, ok := f.mails[id]
	if !ok {
		return errors.New("no such mail in the ledger")
	}
	if was.State == mail.StateSending || was.State != mail.StateSent && o.State == mail.StateSent {
		f.mails[id] = o
	}
	return nil
}

func (f *Ledger) hooked(op string, m mail.Message, do func() error) error {
	if f.Before != nil {
		if err := f.Before(op, m); err != nil {
			return err
		}
	}
	if err := do(); err != nil {
		return err
	}
	if f.After != nil {
		return f.After(op, m)
	}
	return nil
}

// States returns the state of every mail by its id.
func (f *Ledger) States() map[string]mail.State {
	f.mu.Lock()
	defer f.mu.Unlock()
	states := make(map[string]mail.State, len(f.mails))
	for id, o := range f.mails {
		states[id] = o.State
	}
	return states
}
