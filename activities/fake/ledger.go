package fake

import (
	"context"
	"errors"
	"sync"

	"purser/mail"
)

// Ledger remembers in memory which mails went out. The zero value is ready.
// Set the hooks before it is used.
type Ledger struct {
	// Before is asked before each call that writes ("ClaimMail",
	// "SettleMail"); its error is the answer and nothing is written.
	Before func(op string, m mail.Message) error
	// After is asked when it is written; its error is the answer all the
	// same.
	After func(op string, m mail.Message) error

	mu    sync.Mutex
	mails map[string]mail.Outcome
}

// FindMail answers how a mail stands.
func (f *Ledger) FindMail(_ context.Context, id string) (mail.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if was, ok := f.mails[id]; ok {
		return was, nil
	}
	return mail.Outcome{State: mail.StateDue}, nil
}

// ClaimMail marks the mail as sending and answers how it stood before.
func (f *Ledger) ClaimMail(_ context.Context, m mail.Message) (before mail.Outcome, err error) {
	err = f.hooked("ClaimMail", m, func() error {
		before = f.claim(m.ID)
		return nil
	})
	return before, err
}

func (f *Ledger) claim(id string) mail.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mails == nil {
		f.mails = make(map[string]mail.Outcome)
	}
	was, ok := f.mails[id]
	if ok && was.State != mail.StateDue {
		return was
	}
	f.mails[id] = mail.Outcome{State: mail.StateSending}
	was.State = mail.StateDue
	return was
}

// SettleMail writes how the sending ended. A mail once sent stays sent.
func (f *Ledger) SettleMail(_ context.Context, m mail.Message, o mail.Outcome) error {
	return f.hooked("SettleMail", m, func() error { return f.settle(m.ID, o) })
}

func (f *Ledger) settle(id string, o mail.Outcome) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	was, ok := f.mails[id]
	if !ok {
		return errors.New("no such mail in the ledger")
	}
	if was.State != mail.StateSent {
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

// States answers the state of every mail by its id.
func (f *Ledger) States() map[string]mail.State {
	f.mu.Lock()
	defer f.mu.Unlock()
	states := make(map[string]mail.State, len(f.mails))
	for id, o := range f.mails {
		states[id] = o.State
	}
	return states
}
