package stripe

import (
	"mime"
	"net/http"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The limits of requests. LIMITS.md of the package sandbox has the source of each
// in Stripe's documentation.
const (
	maxKey         = 255  // characters of an idempotency key
	maxDescription = 1000 // characters
	maxDescriptor  = 22   // characters of a statement descriptor
	maxMetadata    = 50   // keys of an object
	maxTypes       = 20   // types of events in one list
	keepEvents     = 30 * 24 * time.Hour
	discardAfter   = 3 * 24 * time.Hour // a webhook that is not accepted
)

// formEncoded fails unless the body of a request is a form, which is the only one
// that Stripe reads: parameters in another format would be overlooked.
func formEncoded(r *http.Request, body []byte) *Error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if len(body) > 0 && (err != nil || kind != "application/x-www-form-urlencoded") {
		return invalid("", "", "Invalid request (check that your POST content type is application/x-www-form-urlencoded).")
	}
	return nil
}

// blank refuses parameters without a value. Stripe takes an empty value as an
// attempt to unset a field; of the served ones only those of metadata can be unset.
func (f *form) blank() *Error {
	for name, values := range f.values {
		if values[0] == "" && !strings.HasPrefix(name, "metadata[") {
			return invalid("parameter_invalid_empty", name, "You passed an empty string for '"+name+"'. We assume empty values are an attempt to unset a field; however '"+name+"' cannot be unset.")
		}
	}
	return nil
}

// flag returns a boolean parameter, which is false if it is absent.
func (f *form) flag(name string) (bool, *Error) {
	switch v := f.text(name); v {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	default:
		return false, invalid("", name, "Invalid boolean: "+v)
	}
}

// exclusive refuses two parameters of which only one may be given.
func (f *form) exclusive(one, other string) *Error {
	if f.text(one) != "" && f.text(other) != "" {
		return invalid("parameters_exclusive", one, "Received both "+one+" and "+other+" parameters. Please pass in only one.")
	}
	return nil
}

// metadata changes an object's metadata as the request says.
func (f *form) metadata(of map[string]string) *Error {
	for k, v := range f.hash("metadata") {
		switch {
		case k == "" || len(k) > 40:
			return invalid("", "metadata", "Invalid metadata key: keys can have 1 to 40 characters.")
		case strings.ContainsAny(k, "[]"):
			return invalid("", "metadata", "Invalid metadata key: keys cannot contain square brackets.")
		case len(v) > 500:
			return invalid("", "metadata["+k+"]", "Invalid metadata value: values can have up to 500 characters.")
		case v == "":
			delete(of, k)
		default:
			of[k] = v
		}
	}
	if len(of) > maxMetadata {
		return invalid("", "metadata", "Metadata can have up to "+strconv.Itoa(maxMetadata)+" keys.")
	}
	return nil
}

// checkTexts checks the texts of an intent.
func checkTexts(in *Intent) *Error {
	if d := in.Description; d != nil && len([]rune(*d)) > maxDescription {
		return invalid("", "description", "Invalid string: must be at most "+strconv.Itoa(maxDescription)+" characters.")
	}
	if m := in.ReceiptEmail; m != nil {
		if a, err := netmail.ParseAddress(*m); err != nil || a.Address != *m || !strings.Contains(*m, ".") {
			return invalid("email_invalid", "receipt_email", "Invalid email address: "+*m)
		}
	}
	if u := in.SetupFutureUsage; u != nil && *u != "on_session" && *u != "off_session" {
		return invalid("", "setup_future_usage", "Invalid setup_future_usage: must be one of on_session, off_session")
	}
	return checkDescriptor(in)
}

// checkDescriptor checks the statement descriptors.
func checkDescriptor(in *Intent) *Error {
	for name, d := range map[string]*string{"statement_descriptor": in.StatementDescriptor, "statement_descriptor_suffix": in.StatementDescriptorSuffix} {
		if d == nil {
			continue
		}
		latin := strings.ContainsFunc(*d, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
		foreign := strings.ContainsFunc(*d, func(r rune) bool { return r < ' ' || r > '~' })
		if len(*d) > maxDescriptor || !latin || foreign || strings.ContainsAny(*d, `<>\'"*`) {
			return invalid("", name, "The statement descriptor must have at most 22 Latin characters, at least one letter, and none of < > \\ ' \" *.")
		}
	}
	return nil
}

// checkReturnURL checks the address that the shopper returns to.
func checkReturnURL(s string) *Error {
	if s == "" {
		return nil
	}
	if u, err := url.Parse(s); err != nil || u.Scheme == "" || u.Host == "" || len(s) > 5000 {
		return invalid("url_invalid", "return_url", "Not a valid URL")
	}
	return nil
}

// rate counts requests over the last second.
type rate struct{ at []time.Time }

// allows reports whether one more request is within the limit, and counts it.
func (p *rate) allows(now time.Time, most int) bool {
	for len(p.at) > 0 && now.Sub(p.at[0]) >= time.Second {
		p.at = p.at[1:]
	}
	if most > 0 && len(p.at) >= most {
		return false
	}
	p.at = append(p.at, now)
	return true
}

// slowDown refuses a request over the account's rate.
func (s *Server) slowDown() *Error {
	if s.conf.PerSecond <= 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rate.allows(s.conf.Now(), s.conf.PerSecond) {
		return nil
	}
	return tooMany()
}
