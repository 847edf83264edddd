package ses

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"
	"time"
)

const (
	mailKind = "mail"   // the journal's kind of mails
	maxMail  = 40 << 20 // bytes of a message with its attachments, which are in base64

	maxRecipients = 50
	maxTags       = 50
	maxTag        = 255 // characters of a tag's name or value
	maxSet        = 64  // characters of a configuration set's name
)

// mail is an accepted mail.
type mail struct {
	ID      string            `json:"id"`
	At      time.Time         `json:"at"`
	From    string            `json:"from"`
	To      []string          `json:"to"`
	Subject string            `json:"subject"`
	Tags    map[string]string `json:"tags,omitempty"`
	Set     string            `json:"set,omitempty"` // the configuration set
	// Text and HTML are the bodies of a Simple mail, Raw is the message of a Raw
	// one.
	Text string `json:"text,omitempty"`
	HTML string `json:"html,omitempty"`
	Raw  []byte `json:"raw,omitempty"`

	senders []string // the addresses in a raw header that must be verified too
}

func (m *mail) hasContent() bool { return m.Text != "" || m.HTML != "" || m.Raw != nil }

// sendEmail is SendEmail's body, as far as it is served.
type sendEmail struct {
	FromEmailAddress string
	Destination      struct{ ToAddresses, CcAddresses, BccAddresses []string }
	ReplyToAddresses []string
	Content          struct {
		Simple *struct {
			Subject *text
			Body    struct{ Text, Html *text }
		}
		Raw *struct{ Data []byte }
	}
	EmailTags            []tag
	ConfigurationSetName string
}

type tag struct{ Name, Value string }

type text struct{ Data, Charset string }

// check refuses a text that would not arrive as it is: without a character set it
// is 7-bit ASCII.
func (t *text) check() *problem {
	if t != nil && t.Charset == "" && strings.ContainsFunc(t.Data, func(r rune) bool { return r > 0x7f }) {
		return bad("The text holds characters outside of ASCII and names no character set.")
	}
	return nil
}

// data returns the text, or "" without one.
func (t *text) data() string {
	if t == nil {
		return ""
	}
	return t.Data
}

// problem is the error for a mail that is not accepted.
type problem struct{ code, message string }

func bad(message string) *problem { return &problem{"BadRequestException", message} }

// mail checks a request and returns its mail.
func (in *sendEmail) mail() (_ *mail, p *problem) {
	m := &mail{From: in.FromEmailAddress, Set: in.ConfigurationSetName}
	m.To = slices.Concat(in.Destination.ToAddresses, in.Destination.CcAddresses, in.Destination.BccAddresses)
	if m.Tags, p = checkTags(in.EmailTags); p != nil {
		return nil, p
	}
	if m.Set != "" && (len(m.Set) > maxSet || !tagText(m.Set)) {
		return nil, bad("Invalid configuration set name.")
	}
	switch c := in.Content; {
	case c.Simple != nil && c.Raw == nil:
		m.Subject, m.Text, m.HTML = c.Simple.Subject.data(), c.Simple.Body.Text.data(), c.Simple.Body.Html.data()
		p = cmp.Or(c.Simple.Subject.check(), c.Simple.Body.Text.check(), c.Simple.Body.Html.check())
		switch {
		case strings.ContainsAny(m.Subject, "\r\n"):
			p = bad("Control characters in the subject.")
		case len(m.Text)+len(m.HTML) >= maxMail: // it gets a header
			p = bad("Message length is more than 41943040 bytes long.")
		case c.Simple.Subject == nil || c.Simple.Body.Text == nil && c.Simple.Body.Html == nil:
			p = bad("A simple message has a subject and a body.")
		}
	case c.Raw != nil && c.Simple == nil:
		m.Raw = c.Raw.Data
		if len(m.Raw) > maxMail {
			return nil, bad("Message length is more than 41943040 bytes long.")
		}
		p = m.readRaw()
	default:
		p = bad("Content must be one of Simple and Raw.")
	}
	return m, cmp.Or(p, m.checkEnvelope(in.ReplyToAddresses))
}

// checkEnvelope checks the addresses of the request.
func (m *mail) checkEnvelope(replyTo []string) *problem {
	if p := checkAddress(m.From); p != nil {
		return p
	}
	if len(m.To) == 0 || len(m.To) > maxRecipients {
		return bad("Recipient count exceeds 50, or there is no recipient.")
	}
	for _, a := range slices.Concat(m.To, replyTo) {
		if p := checkAddress(a); p != nil { // one bad address, and nobody gets the mail
			return p
		}
	}
	for _, to := range m.To {
		if strings.HasSuffix(address(to), "@rejected.example") {
			return &problem{"MessageRejected", "Email address is not verified."}
		}
	}
	return nil
}

// checkTags returns the tags by their names.
func checkTags(list []tag) (map[string]string, *problem) {
	if len(list) > maxTags {
		return nil, bad("A message has at most 50 tags.")
	}
	tags := make(map[string]string, len(list))
	for _, t := range list {
		switch {
		case !tagText(t.Name):
			return nil, bad("Invalid tag name <" + t.Name + ">: only alphanumeric ASCII characters, '_', and '-' are allowed, and at most 255.")
		case !tagText(t.Value):
			return nil, bad("Invalid tag value <" + t.Value + ">: only alphanumeric ASCII characters, '_', and '-' are allowed, and at most 255.")
		}
		tags[t.Name] = t.Value
	}
	return tags, nil
}

// tagText reports whether SES accepts s as a tag's name or value.
func tagText(s string) bool {
	return s != "" && len(s) <= maxTag &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// content holds the parsed parts of a mail.
type content struct {
	Headers []header
	Text    string
	HTML    string
	Raw     string
}

type header struct{ Name, Value string }

// open parses a mail. It leaves out a part that cannot be read; the raw view
// still has it.
func (m *mail) open() content {
	if m.Raw == nil {
		return content{
			Headers: []header{{"From", m.From}, {"To", strings.Join(m.To, ", ")}, {"Subject", m.Subject}},
			Text:    m.Text, HTML: m.HTML,
		}
	}
	c := content{Raw: string(m.Raw)}
	msg, err := netmail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return c
	}
	for name, values := range msg.Header {
		for _, v := range values {
			c.Headers = append(c.Headers, header{name, decodeWords(v)})
		}
	}
	slices.SortFunc(c.Headers, func(a, b header) int { return strings.Compare(a.Name, b.Name) })
	c.read(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body, 0)
	return c
}

// maxDepth limits how deep nested multiparts are read.
const maxDepth = 5

// read finds the text and the HTML in a part.
func (c *content) read(contentType, encoding string, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth < maxDepth {
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			p, err := parts.NextRawPart()
			if err != nil {
				return
			}
			c.read(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, depth+1)
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, _ := io.ReadAll(io.LimitReader(body, maxMail))
	switch {
	case kind == "text/plain" && c.Text == "":
		c.Text = string(b)
	case kind == "text/html" && c.HTML == "":
		c.HTML = string(b)
	}
}

func decodeWords(s string) string {
	if d, err := new(mime.WordDecoder).DecodeHeader(s); err == nil {
		return d
	}
	return s
}
