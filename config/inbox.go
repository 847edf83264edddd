package config

import (
	"errors"
	"time"
)

// Inbox holds the settings of the providers' events. It is part of Config.
type Inbox struct {
	EventsEvery time.Duration `help:"How often Stripe's list of events is searched for those whose webhooks did not come, and once a night three days back. 0: only on request." env:"PURSER_EVENTS_EVERY" default:"1h"`
}

func (i *Inbox) checkInbox() error {
	if i.EventsEvery != 0 && i.EventsEvery < time.Second {
		return errors.New("PURSER_EVENTS_EVERY: want 1s or more, or 0")
	}
	return nil
}
