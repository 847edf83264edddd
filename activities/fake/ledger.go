package fake

import (
	"context"
	"errors"
	"sync"

	"purser/order"
)

// Ledger remembers in memory which mails went out. The zero value is ready.
// Set the hooks before it is used.
type Ledger struct {
	// Before is asked before each call ("ClaimMail", "SettleMail"); its error
	// is the answer and nothing is written.
	Before func(op string, m order.Mail) error
	// After is asked when it is written; its error is the answer all the
	// same.
	After func(op string, m order.Mail) error

	mu    sync.Mutex
	mails map[string]ledgered
}

type ledgered struct {
	state     order.MailState
	messageID string
}

// ClaimMail marks the mail as sending and answers the state before.
func (f *Ledger) ClaimMail(_ context.Context, m order.Mail) (before order.MailState, messageID string, err error) {
	if f.Before != nil {
		if err := f.Before("ClaimMail", m); err != nil {
			return "", "", err
		}
	}
	before, messageID = f.claim(m.Key())
	if f.After != nil {
		if err := f.After("ClaimMail", m); err != nil {
			return "", "", err
		}
	}
	return before, messageID, nil
}

func (f *Ledger) claim(key string) (order.MailState, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mails == nil {
		f.mails = make(map[string]ledgered)
	}
	was, ok := f.mails[key]
	if ok && was.state != order.MailStateDue {
		return was.state, was.messageID
	}
	f.mails[key] = ledgered{state: order.MailStateSending}
	return order.MailStateDue, ""
}

// SettleMail writes how the sending ended. A mail once sent stays sent.
func (f *Ledger) SettleMail(_ context.Context, m order.Mail, s order.MailState, messageID, _ string) error {
	if f.Before != nil {
		if err := f.Before("SettleMail", m); err != nil {
			return err
		}
	}
	if err := f.settle(m.Key(), s, messageID); err != nil {
		return err
	}
	if f.After != nil {
		return f.After("SettleMail", m)
	}
	return nil
}

func (f *Ledger) settle(key string, s order.MailState, messageID string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	was, ok := f.mails[key]
	if !ok {
		return errors.New("no such mail in the ledger")
	}
	if was.state != order.MailStateSent {
		f.mails[key] = ledgered{s, messageID}
	}
	return nil
}

// States answers the state of every mail by its key.
func (f *Ledger) States() map[string]order.MailState {
	f.mu.Lock()
	defer f.mu.Unlock()
	states := make(map[string]order.MailState, len(f.mails))
	for key, m := range f.mails {
		states[key] = m.state
	}
	return states
}
