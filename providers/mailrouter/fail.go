package mailrouter

import (
	"errors"
	"strings"
	"time"

	"purser/order"
)

func failure(kind error, code string, after time.Duration, cause error) *order.ProviderError {
	return &order.ProviderError{Provider: "mail", Op: "send mail", Kind: kind, Code: code, RetryAfter: after, Err: cause}
}

// errOurs: we hold the mail back ourselves. Another provider is no way around
// that: the account's pace is a promise, not an outage, and a campaign that
// overflowed into the backup would ruin its name.
var errOurs = errors.New("held back by our own pace")

// goesOn reports whether the next provider may have the mail: this one
// certainly does not.
func goesOn(err error) bool {
	if errors.Is(err, errOurs) {
		return false
	}
	return is(err, order.ErrUnavailable) || is(err, order.ErrThrottled) || is(err, order.ErrDenied)
}

// is looks at the kind alone: an error's cause may be another provider's.
func is(err, kind error) bool {
	var p *order.ProviderError
	return errors.As(err, &p) && p.Kind == kind
}

// reason is a failure in a few words for the ledger: kinds and codes, never
// what a provider wrote, which may quote the mail.
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

// together is what all providers' failures amount to: the least of the
// waits if any of them will pass, and denied only if all of them deny.
func together(failures []error) error {
	if len(failures) == 1 {
		return failures[0]
	}
	all := failure(order.ErrDenied, "", 0, errors.Join(failures...))
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
		all.RetryAfter = 0 // it may be back at any moment: the back-off decides
	}
	all.Code = "no provider takes it: " + strings.Join(codes, ", ")
	return all
}
