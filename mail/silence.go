package mail

import "time"

// Silence says when a mail about an order whose outcome is unknown is sent once
// more. See docs/decisions/015-silence.md.
type Silence struct {
	// Within is how long a provider may take to report about a mail. 0: no mail is
	// sent once more.
	Within time.Duration
	// Twice is what happens where the provider reports about no mail at all: the
	// mail is sent once more, so that the shopper may get it twice, or it is not, so
	// that the shopper may never get it.
	Twice bool
}
