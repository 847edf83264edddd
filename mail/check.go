package mail

import (
	"errors"
	"fmt"
	"mime"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"purser/text"
)

// ErrInvalid means that no provider can ever send the message.
var ErrInvalid = errors.New("not a mail that can be sent")

// MaxRecipients is the most recipients of one message, which is SES's limit.
const MaxRecipients = 50

// The limits of the files that a mail carries. Together they fit, encoded, into what the
// strictest of the large receivers take, 25 MB, and so into SES's 40 MB.
const (
	MaxAttachments = 10
	MaxAttached    = 15 << 20 // bytes
)

// maxWord, in bytes, keeps a header's line within SMTP's limit of 998 bytes
// (RFC 5321, 4.5.3.1.6), even if the line cannot be folded: a link, or a subject
// without a space.
const maxWord = 900

// maxID keeps an ID within the providers' limit for a tag.
const maxID = 160

// Check fails with ErrInvalid if a message cannot be sent; such a message never
// reaches a provider. Recipients must be normalised; an ID is made of letters,
// digits, and "_", "-", ":".
func (m Message) Check() error {
	if err := m.CheckEnvelope(); err != nil {
		return err
	}
	c := m.Content
	switch {
	case strings.TrimSpace(c.Subject) == "":
		return fmt.Errorf("%w: no subject", ErrInvalid)
	case strings.ContainsFunc(c.Subject, breaks):
		return fmt.Errorf("%w: the subject holds a line break or another control character", ErrInvalid)
	case len(c.Subject) > maxWord:
		return fmt.Errorf("%w: a subject of %d bytes, at most %d", ErrInvalid, len(c.Subject), maxWord)
	case c.Text == "" && c.HTML == "":
		return fmt.Errorf("%w: it says nothing", ErrInvalid)
	}
	return m.checkAttachments()
}

// checkAttachments makes sure that every provider, and most receivers, take the files.
func (m Message) checkAttachments() error {
	if n := len(m.Attachments); n > MaxAttachments {
		return fmt.Errorf("%w: %d attachments, at most %d", ErrInvalid, n, MaxAttachments)
	}
	total := 0
	for i, a := range m.Attachments {
		total += len(a.Data)
		kind, _, err := mime.ParseMediaType(a.Type)
		switch {
		case a.Name == "" || a.Name != path.Base(a.Name) || strings.HasPrefix(a.Name, ".") || strings.ContainsFunc(a.Name, unnamed) || utf8.RuneCountInString(a.Name) > maxName:
			return fmt.Errorf("%w: attachment %d: not the name of a file", ErrInvalid, i+1)
		case err != nil || !strings.Contains(kind, "/") || strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "message/") || strings.ContainsFunc(a.Type, breaks):
			return fmt.Errorf("%w: attachment %d: not the media type of a file", ErrInvalid, i+1)
		case len(a.Data) == 0:
			return fmt.Errorf("%w: attachment %d is empty", ErrInvalid, i+1)
		}
	}
	if total > MaxAttached {
		return fmt.Errorf("%w: attachments of %d bytes, at most %d", ErrInvalid, total, MaxAttached)
	}
	return nil
}

// unnamed reports whether r must not stand in the name of a file.
func unnamed(r rune) bool { return breaks(r) || strings.ContainsRune("\\/\"<>|:*?", r) }

// CheckEnvelope is Check without the content, for use before a mail is written.
func (m Message) CheckEnvelope() error {
	switch {
	case !validID(m.ID):
		return CheckID(m.ID)
	case m.Stream != Transactional && m.Stream != Marketing:
		return fmt.Errorf("%w: stream %.20q", ErrInvalid, m.Stream)
	case m.From != Address{} && !m.From.plain():
		return fmt.Errorf("%w: the sender is not a plain address", ErrInvalid)
	case len(m.To) == 0:
		return fmt.Errorf("%w: no recipient", ErrInvalid)
	case len(m.To) > MaxRecipients:
		return fmt.Errorf("%w: %d recipients, at most %d", ErrInvalid, len(m.To), MaxRecipients)
	}
	for i, to := range m.To {
		if email, err := Normalise(to.Email); err != nil || email != to.Email {
			return fmt.Errorf("%w: recipient %d is not a plain address", ErrInvalid, i+1)
		}
		if strings.ContainsFunc(to.Name, breaks) {
			return fmt.Errorf("%w: the name of recipient %d holds a control character", ErrInvalid, i+1)
		}
		if n := utf8.RuneCountInString(to.Name); n > maxName {
			return fmt.Errorf("%w: the name of recipient %d has %d characters, at most %d", ErrInvalid, i+1, n, maxName)
		}
	}
	return m.checkUnsubscribe()
}

// plain reports whether an address is normalised, and its name is one line that
// is not too long.
func (a Address) plain() bool {
	email, err := Normalise(a.Email)
	return err == nil && email == a.Email && !strings.ContainsFunc(a.Name, breaks) && utf8.RuneCountInString(a.Name) <= maxName
}

// checkUnsubscribe makes sure that marketing has one recipient and a working
// unsubscribe link, and that mail about an order has no such link.
func (m Message) checkUnsubscribe() error {
	if m.Stream == Transactional {
		if m.Unsubscribe != "" {
			return fmt.Errorf("%w: an unsubscribe link on transactional mail", ErrInvalid)
		}
		return nil
	}
	u, err := url.Parse(m.Unsubscribe)
	switch {
	case m.Unsubscribe == "":
		return fmt.Errorf("%w: marketing without an unsubscribe link: set PURSER_PUBLIC_URL, to where readers reach the API, for every worker", ErrInvalid)
	case len(m.To) > 1:
		return fmt.Errorf("%w: one unsubscribe link for %d recipients", ErrInvalid, len(m.To))
	case len(m.Unsubscribe) > maxWord || err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http", strings.ContainsFunc(m.Unsubscribe, bracketed):
		return fmt.Errorf("%w: marketing without a working unsubscribe link", ErrInvalid)
	}
	return nil
}

// OneLine makes any text fit for a header: it replaces line breaks and control
// characters with spaces.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if breaks(r) {
			return ' '
		}
		return r
	}, s)
}

func breaks(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// bracketed reports whether r must not stand between < and > in a header.
func bracketed(r rune) bool {
	return r <= ' ' || r == '<' || r == '>' || r == ',' || r >= unicode.MaxASCII
}

// CheckID fails with ErrInvalid if id cannot be a message's ID.
func CheckID(id string) error {
	if !validID(id) {
		return fmt.Errorf("%w: id %.40q", ErrInvalid, id)
	}
	return nil
}

func validID(id string) bool {
	return id != "" && len(id) <= maxID && !strings.ContainsFunc(id, func(r rune) bool {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-', r == ':':
			return false
		}
		return true
	})
}

// WireID returns a message's ID in the form for headers, which must not contain a
// colon: each colon becomes a dot.
func WireID(id string) string { return strings.ReplaceAll(id, ":", ".") }

// WireTag returns a message's ID in the form for tags, which have only letters,
// digits, hyphens and underscores.
func WireTag(id string) string { return text.Word.Encode(id) }

// FromWireTag is the inverse of WireTag. It returns "" for a text that WireTag cannot
// have made.
func FromWireTag(s string) string {
	id, ok := text.Word.Decode(s)
	if !ok || !validID(id) {
		return ""
	}
	return id
}

// FromWireID is the inverse of WireID, for a provider's event or a Message-ID
// header: it ignores brackets and the domain. It returns "" for a text that
// WireID cannot have made.
func FromWireID(s string) string {
	s, _, _ = strings.Cut(strings.Trim(s, "<> "), "@")
	id := strings.ReplaceAll(s, ".", ":")
	if strings.Contains(s, ":") || !validID(id) {
		return ""
	}
	return id
}
