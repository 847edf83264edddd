package ses

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"path"
	"slices"
	"strings"
)

const (
	maxLine  = 998 // characters of a line, without its end
	maxParts = 500
)

// once are the header fields that a message may have once at most (RFC 5322, 3.6).
var once = []string{
	"Bcc", "Cc", "Content-Type", "Date", "From", "In-Reply-To", "Message-Id", "Mime-Version", "References", "Reply-To", "Return-Path", "Sender", "Subject", "To",
}

// blocked are the extensions of files that SES sends to nobody.
var blocked = strings.Fields(`.ade .adp .app .asp .bas .bat .cer .chm .cmd .com .cpl .crt .csh .der .exe .fxp .gadget .hlp .hta .inf .ins .isp .its
	.js .jse .ksh .lib .lnk .mad .maf .mag .mam .maq .mar .mas .mat .mau .mav .maw .mda .mdb .mde .mdt .mdw .mdz .msc .msh .msh1 .msh2 .mshxml .msh1xml
	.msh2xml .msi .msp .mst .ops .pcd .pif .plg .prf .prg .reg .scf .scr .sct .shb .shs .sys .ps1 .ps1xml .ps2 .ps2xml .psc1 .psc2 .tmp .url .vb .vbe
	.vbs .vps .vsmacros .vss .vst .vsw .vxd .ws .wsc .wsf .wsh .xnk`)

// readRaw checks a raw message and fills in from its header what the request left
// out.
func (m *mail) readRaw() *problem {
	msg, err := netmail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil || !bytes.Contains(m.Raw, []byte("\r\n\r\n")) && !bytes.Contains(m.Raw, []byte("\n\n")) {
		return bad("The raw message is not a header and a body with a blank line between them.")
	}
	for line := range bytes.Lines(m.Raw) {
		if len(bytes.TrimRight(line, "\r\n")) > maxLine {
			return bad("A line of the message is longer than 1000 characters.")
		}
	}
	for _, name := range once {
		if len(msg.Header[name]) > 1 {
			return bad("Duplicate header '" + name + "'.")
		}
	}
	if p := m.readAddresses(msg.Header); p != nil {
		return p
	}
	m.Subject = decodeWords(msg.Header.Get("Subject"))
	n := 0
	return checkPart(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Disposition"), msg.Body, 0, &n)
}

// readAddresses checks the addresses in a message's header.
func (m *mail) readAddresses(h netmail.Header) *problem {
	if h.Get("From") == "" {
		return bad("Missing required header 'From'.")
	}
	listed := map[string][]string{}
	for _, field := range []string{"From", "Sender", "Reply-To", "To", "Cc", "Bcc"} {
		list, err := h.AddressList(field)
		if err != nil && h.Get(field) != "" {
			return bad("Illegal address in '" + field + "'.")
		}
		for _, a := range list {
			if p := checkAddress((&netmail.Address{Address: a.Address}).String()); p != nil {
				return p
			}
			listed[field] = append(listed[field], a.Address)
		}
	}
	m.senders = slices.Concat(listed["From"], listed["Sender"])
	if back := strings.Trim(h.Get("Return-Path"), "<> "); back != "" {
		m.senders = append(m.senders, back)
	}
	if m.From == "" {
		m.From = h.Get("From")
	}
	if len(m.To) == 0 {
		m.To = slices.Concat(listed["To"], listed["Cc"], listed["Bcc"])
	}
	return nil
}

// checkPart refuses parts that cannot be read, too many parts, and the types of
// files that SES does not send.
func checkPart(contentType, disposition string, body io.Reader, depth int, n *int) *problem {
	if *n++; *n > maxParts {
		return bad("The message has more than 500 parts.")
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil && contentType != "" {
		return bad("Illegal Content-Type.")
	}
	_, where, _ := mime.ParseMediaType(disposition)
	for _, name := range []string{params["name"], where["filename"]} {
		if slices.Contains(blocked, strings.ToLower(path.Ext(name))) {
			return &problem{"MessageRejected", "Illegal filename '" + name + "'."}
		}
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return nil
	}
	if params["boundary"] == "" || depth >= maxDepth {
		return bad("A multipart of the message cannot be read.")
	}
	for parts := multipart.NewReader(body, params["boundary"]); ; {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return bad("A multipart of the message cannot be read.")
		}
		if p := checkPart(p.Header.Get("Content-Type"), p.Header.Get("Content-Disposition"), p, depth+1, n); p != nil {
			return p
		}
	}
}
