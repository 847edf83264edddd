package mailrouter

import (
	"errors"
	"slices"
	"strings"
	"time"

	"purser/mail"
	"purser/order"
)

func failure(kind error, code string, after time.Duration, cause error) *order.ProviderError {
	return &order.ProviderError{Provider: "mail", Op: "send mail", Kind: kind, Code: code, RetryAfter: after, Err: cause}
}

// errOurs marks a mail that we hold back ourselves. It must not go to another
// provider instead: the pace is a promise, not an outage, and a campaign that
// overflowed into the backup would ruin the backup's reputation.
var errOurs = errors.New("held back by our own pace")

// goesOn reports whether the next provider may have the mail, because this one
// certainly does not have it.
func goesOn(err error) bool {
	if errors.Is(err, errOurs) {
		return false
	}
	return is(err, order.ErrUnavailable) || is(err, order.ErrThrottled) || is(err, order.ErrDenied) || unreachable(err)
}

// unreachable reports whether a provider cannot send to a mail's addresses, which
// says nothing about the provider's state, or about other providers.
func unreachable(err error) bool { return errors.Is(err, mail.ErrUnreachable) }

// is compares only the kind, because an error's cause may come from another
// provider.
func is(err, kind error) bool {
	var p *order.ProviderError
	return errors.As(err, &p) && p.Kind == kind
}

// reason describes a failure in a few words for the ledger: kinds and codes,
// never a provider's text, which may quote the mail.
func reason(err error) string {
	var p *order.ProviderError
	if !errors.As(err, &p) {
		return "failed"
	}
	if p.Code == "" {
		return p.Kind.Error()
	}
	return p.Kind.Error() + ": " + p.Code
}

// together combines the failures of all providers: it waits the shortest time
// if any of them is temporary, and is denied only if all of them deny. A provider
// that can never send the mail does not count, unless no other can.
func together(failures []error) error {
	if len(failures) == 1 {
		return failures[0]
	}
	all := failure(order.ErrDenied, "", 0, errors.Join(failures...))
	if !slices.ContainsFunc(failures, func(err error) bool { return !unreachable(err) }) {
		all.Kind = order.ErrRejected
	}
	var codes []string
	for _, err := range failures {
		var p *order.ProviderError
		if !errors.As(err, &p) {
			continue
		}
		codes = append(codes, p.Provider+" "+reason(err))
		if p.RetryAfter > 0 && (all.RetryAfter == 0 || p.RetryAfter < all.RetryAfter) {
			all.RetryAfter = p.RetryAfter
		}
		switch {
		case p.Kind == order.ErrUnavailable:
			all.Kind = order.ErrUnavailable
		case p.Kind == order.ErrThrottled && all.Kind == order.ErrDenied:
			all.Kind = order.ErrThrottled
		}
	}
	if all.Kind == order.ErrUnavailable {
		all.RetryAfter = 0 // that provider may be back at any moment, so the back-off decides
	}
	all.Code = "no provider takes it: " + strings.Join(codes, ", ")
	return all
}
