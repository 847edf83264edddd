package ses

import (
	"bytes"
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
	maxMail  = 40 << 20 // SES accepts messages of up to 40 MB
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
}

func (m *mail) hasContent() bool { return m.Text != "" || m.HTML != "" || m.Raw != nil }

// sendEmail is the part of SendEmail's body that is read.
type sendEmail struct {
	FromEmailAddress string
	Destination      struct{ ToAddresses, CcAddresses, BccAddresses []string }
	Content          struct {
		Simple *struct {
			Subject struct{ Data string }
			Body    struct{ Text, Html *struct{ Data string } }
		}
		Raw *struct{ Data []byte }
	}
	EmailTags            []struct{ Name, Value string }
	ConfigurationSetName string
}

// problem is the error for a mail that is not accepted.
type problem struct{ code, message string }

func bad(message string) *problem { return &problem{"BadRequestException", message} }

// mail checks a request and returns its mail.
func (in *sendEmail) mail() (*mail, *problem) {
	m := &mail{From: in.FromEmailAddress, Set: in.ConfigurationSetName, Tags: make(map[string]string, len(in.EmailTags))}
	m.To = slices.Concat(in.Destination.ToAddresses, in.Destination.CcAddresses, in.Destination.BccAddresses)
	for _, t := range in.EmailTags {
		if !tagText(t.Name) || !tagText(t.Value) {
			return nil, bad("Tags may only contain alphanumeric characters, '_', '-', '.' and '@'.")
		}
		m.Tags[t.Name] = t.Value
	}
	switch c := in.Content; {
	case c.Simple != nil && c.Raw == nil:
		m.Subject = c.Simple.Subject.Data
		if t := c.Simple.Body.Text; t != nil {
			m.Text = t.Data
		}
		if h := c.Simple.Body.Html; h != nil {
			m.HTML = h.Data
		}
		if strings.ContainsAny(m.Subject, "\r\n") {
			return nil, bad("Control characters in the subject.")
		}
	case c.Raw != nil && c.Simple == nil:
		m.Raw = c.Raw.Data
		if p := m.readHeader(); p != nil {
			return nil, p
		}
	default:
		return nil, bad("Content must be one of Simple and Raw.")
	}
	return m, m.checkAddresses()
}

// readHeader fills in from a raw message what the request left out.
func (m *mail) readHeader() *problem {
	msg, err := netmail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return bad("The raw message cannot be read.")
	}
	m.Subject = decodeWords(msg.Header.Get("Subject"))
	if m.From == "" {
		m.From = msg.Header.Get("From")
	}
	if len(m.To) == 0 {
		for _, field := range []string{"To", "Cc", "Bcc"} {
			list, _ := msg.Header.AddressList(field)
			for _, a := range list {
				m.To = append(m.To, a.Address)
			}
		}
	}
	return nil
}

func (m *mail) checkAddresses() *problem {
	if _, err := netmail.ParseAddress(m.From); err != nil {
		return bad("The sender is not an address.")
	}
	if len(m.To) == 0 || len(m.To) > 50 {
		return bad("Want 1 to 50 recipients.")
	}
	for _, to := range m.To {
		a, err := netmail.ParseAddress(to)
		if err != nil {
			return bad("Missing final '@domain'")
		}
		if strings.HasSuffix(a.Address, "@rejected.example") {
			return &problem{"MessageRejected", "Email address is not verified."}
		}
	}
	return nil
}

// address returns the address without the display name.
func address(s string) string {
	if a, err := netmail.ParseAddress(s); err == nil {
		return a.Address
	}
	return s
}

// tagText reports whether SES accepts s as a tag's name or value.
func tagText(s string) bool {
	return s != "" && len(s) <= 256 &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@") == ""
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
