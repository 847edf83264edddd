package ses

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

const badRequest = "BadRequestException"

// TestAddressLimits checks which addresses are refused, as a recipient, as a
// sender and for replies.
func TestAddressLimits(t *testing.T) {
	s := build(t, "", Config{})
	c := sdk(t, s, "AK", "s3cret", nil)
	label := strings.Repeat("a", 63)
	for address, ok := range map[string]bool{
		"ada@example.com":                                 true,
		"a.d+a@mail.example.co.uk":                        true,
		"Ada <ada@example.com>":                           true,
		"=?utf-8?q?Ad=C3=A4?= <ada@example.com>":          true,
		`"aaa..bbb"@docomo.example`:                       true,
		"ada@xn--bcher-kva.example":                       true,
		strings.Repeat("a", 64) + "@example.com":          true,
		"ada@" + label + ".example":                       true,
		"Adä <ada@example.com>":                           false, // not an encoded word
		"adä@example.com":                                 false,
		"用户@example.com":                                  false,
		"ada@bücher.example":                              false, // not in Punycode
		"ada@例え.jp":                                       false,
		"ada":                                             false,
		"ada@":                                            false,
		"@example.com":                                    false,
		"ada@localhost":                                   false,
		"ada@[127.0.0.1]":                                 false,
		"ada@127.0.0.1":                                   false,
		"ada@example..com":                                false,
		"ada@example.com.":                                false,
		"ada@-example.com":                                false,
		"ada@example-.com":                                false,
		"ada@exa_mple.com":                                false,
		"aaa..bbb@docomo.example":                         false,
		"ccc.@docomo.example":                             false,
		"ad a@example.com":                                false,
		`"ad a"@example.com`:                              false,
		`"ada@"@example.com`:                              false,
		"ada@example.com, bob@example.com":                false,
		"ada@example.com\r\nBcc: bob@example.com":         false,
		"ada@example.com\n":                               false,
		strings.Repeat("a", 65) + "@example.com":          false,
		"ada@" + label + "a.example":                      false,
		"ada@" + strings.Repeat(label+".", 4) + "example": false,
		strings.Repeat("a", 64) + "@" + label + "." + label + "." + label + ".example": false, // 263 bytes
	} {
		for name, put := range map[string]func(*sesv2.SendEmailInput){
			"recipient": func(in *sesv2.SendEmailInput) {
				in.Destination.ToAddresses = append(in.Destination.ToAddresses, address)
			},
			"copy":     func(in *sesv2.SendEmailInput) { in.Destination.BccAddresses = []string{address} },
			"sender":   func(in *sesv2.SendEmailInput) { in.FromEmailAddress = aws.String(address) },
			"reply to": func(in *sesv2.SendEmailInput) { in.ReplyToAddresses = []string{address} },
		} {
			in := testEmail("bob@example.com")
			put(in)
			if _, err := c.SendEmail(t.Context(), in); (err == nil) != ok || !ok && codeOf(err) != badRequest {
				t.Errorf("%q as %s: %v", address, name, err)
			}
		}
	}
	if n := s.Figures().Mails; n != 8*4 {
		t.Errorf("%d mails were accepted, want 32: one bad address stops the whole mail", n)
	}
}

// TestRequestLimits checks the sizes and numbers of what a request holds.
func TestRequestLimits(t *testing.T) {
	s := build(t, "", Config{ConfigurationSets: []string{"shop"}})
	c := sdk(t, s, "AK", "s3cret", nil)
	recipients := func(n int) []string { return strings.Fields(strings.Repeat("ada@example.com ", n)) }
	tags := func(n int) (list []types.MessageTag) {
		for range n {
			list = append(list, types.MessageTag{Name: aws.String("n"), Value: aws.String("v")})
		}
		return list
	}
	one := func(name, value string) func(*sesv2.SendEmailInput) {
		return func(in *sesv2.SendEmailInput) {
			in.EmailTags = []types.MessageTag{{Name: aws.String(name), Value: aws.String(value)}}
		}
	}
	long := strings.Repeat("x", 255)
	for _, tt := range []struct {
		name   string
		change func(*sesv2.SendEmailInput)
		code   string
	}{
		{name: "50 recipients", change: func(in *sesv2.SendEmailInput) {
			in.Destination = &types.Destination{ToAddresses: recipients(20), CcAddresses: recipients(20), BccAddresses: recipients(10)}
		}},
		{name: "51 recipients", change: func(in *sesv2.SendEmailInput) {
			in.Destination = &types.Destination{ToAddresses: recipients(20), CcAddresses: recipients(20), BccAddresses: recipients(11)}
		}, code: badRequest},
		{name: "no recipient", change: func(in *sesv2.SendEmailInput) { in.Destination = &types.Destination{} }, code: badRequest},
		{name: "50 tags", change: func(in *sesv2.SendEmailInput) { in.EmailTags = tags(50) }},
		{name: "51 tags", change: func(in *sesv2.SendEmailInput) { in.EmailTags = tags(51) }, code: badRequest},
		{name: "tag of 255 characters", change: one(long, long)},
		{name: "tag's name of 256 characters", change: one(long+"x", "v"), code: badRequest},
		{name: "tag's value of 256 characters", change: one("n", long+"x"), code: badRequest},
		{name: "tag with a hyphen and an underscore", change: one("n", "c_d-e")},
		{name: "tag with a dot in its value", change: one("n", "a.b"), code: badRequest},
		{name: "tag with a dot in its name", change: one("a.b", "v"), code: badRequest},
		{name: "tag with a space", change: one("n", "a b"), code: badRequest},
		{name: "tag with a line break", change: one("n", "a\r\nBcc: x"), code: badRequest},
		{name: "tag with a colon", change: one("n", "a:b"), code: badRequest},
		{name: "tag without a value", change: one("n", ""), code: badRequest},
		{name: "known configuration set", change: func(in *sesv2.SendEmailInput) { in.ConfigurationSetName = aws.String("shop") }},
		{name: "unknown configuration set", change: func(in *sesv2.SendEmailInput) { in.ConfigurationSetName = aws.String("shop2") }, code: "NotFoundException"},
		{name: "configuration set of 65 characters", change: func(in *sesv2.SendEmailInput) { in.ConfigurationSetName = aws.String(strings.Repeat("x", 65)) }, code: badRequest},
		{name: "configuration set with a space", change: func(in *sesv2.SendEmailInput) { in.ConfigurationSetName = aws.String("my shop") }, code: badRequest},
		{name: "header in the subject", change: func(in *sesv2.SendEmailInput) {
			in.Content.Simple.Subject.Data = aws.String("Hi\r\nBcc: bob@example.com")
		}, code: badRequest},
		{name: "no body", change: func(in *sesv2.SendEmailInput) { in.Content.Simple.Body = &types.Body{} }, code: badRequest},
		{name: "letters without a character set", change: func(in *sesv2.SendEmailInput) { in.Content.Simple.Body.Text.Charset = nil }, code: badRequest},
		{name: "no content", change: func(in *sesv2.SendEmailInput) { in.Content = &types.EmailContent{} }, code: badRequest},
		{name: "template", change: func(in *sesv2.SendEmailInput) {
			in.Content = &types.EmailContent{Template: &types.Template{TemplateName: aws.String("x")}}
		}, code: "SerializationException"},
		{name: "contact list", change: func(in *sesv2.SendEmailInput) {
			in.ListManagementOptions = &types.ListManagementOptions{ContactListName: aws.String("x")}
		}, code: "SerializationException"},
		{name: "more than 40 MB", change: func(in *sesv2.SendEmailInput) {
			in.Content.Simple.Body.Text.Data = aws.String(strings.Repeat("x", 40<<20))
		}, code: badRequest},
	} {
		in := testEmail("ada@example.com")
		tt.change(in)
		if _, err := c.SendEmail(t.Context(), in); codeOf(err) != tt.code || (err == nil) != (tt.code == "") {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.code)
		}
	}
}

// TestRawLimits checks what is refused in a raw message.
func TestRawLimits(t *testing.T) {
	s := build(t, "", Config{Identities: []string{"shop.example"}})
	c := sdk(t, s, "AK", "s3cret", nil)
	const from, to, end = "From: Shop <shop@shop.example>\r\n", "To: ada@example.com\r\nSubject: x\r\n", "\r\ntext\r\n"
	attached := func(name string) string {
		return from + to + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n--b\r\n" +
			"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"" + name + "\"\r\n\r\nx\r\n--b--\r\n"
	}
	parts := func(n int) string {
		return from + to + "Content-Type: multipart/mixed; boundary=b\r\n" + strings.Repeat("\r\n--b\r\n\r\nx", n) + "\r\n--b--\r\n"
	}
	for _, tt := range []struct{ name, raw, code string }{
		{name: "good", raw: from + to + end},
		{name: "40 MB", raw: from + to + "\r\n" + strings.Repeat(strings.Repeat("x", 62)+"\r\n", 40<<14-10)},
		{name: "more than 40 MB", raw: from + to + "\r\n" + strings.Repeat(strings.Repeat("x", 62)+"\r\n", 40<<14), code: badRequest},
		{name: "without a blank line", raw: from + to, code: badRequest},
		{name: "without From", raw: to + end, code: badRequest},
		{name: "two From", raw: from + from + to + end, code: badRequest},
		{name: "two To", raw: from + "To: bob@example.com\r\n" + to + end, code: badRequest},
		{name: "two subjects", raw: from + to + "Subject: y\r\n" + end, code: badRequest},
		{name: "From of another domain", raw: "From: shop@evil.example\r\n" + to + end, code: "MessageRejected"},
		{name: "Sender of another domain", raw: from + "Sender: shop@evil.example\r\n" + to + end, code: "MessageRejected"},
		{name: "Return-Path of another domain", raw: from + "Return-Path: <shop@evil.example>\r\n" + to + end, code: "MessageRejected"},
		{name: "recipient that is no address", raw: from + "To: ada\r\n" + end, code: badRequest},
		{name: "recipient that is not in ASCII", raw: from + "To: =?utf-8?q?Ada?= <ad\u00e4@example.com>\r\n" + end, code: badRequest},
		{name: "reply to this machine", raw: from + "Reply-To: a@localhost\r\n" + to + end, code: badRequest},
		{name: "line of 1,000 characters", raw: from + to + "\r\n" + strings.Repeat("x", 998) + "\r\n"},
		{name: "line of 1,001 characters", raw: from + to + "\r\n" + strings.Repeat("x", 999) + "\r\n", code: badRequest},
		{name: "header line of 1,001 characters", raw: from + to + "X-Note: " + strings.Repeat("x", 991) + "\r\n" + end, code: badRequest},
		{name: "invoice", raw: attached("invoice.pdf")},
		{name: "program", raw: attached("invoice.pdf.EXE"), code: "MessageRejected"},
		{name: "script", raw: attached("a.js"), code: "MessageRejected"},
		{name: "499 parts", raw: parts(499)}, // the message itself is one
		{name: "500 parts", raw: parts(500), code: badRequest},
		{name: "parts without a boundary", raw: from + to + "Content-Type: multipart/mixed\r\n" + end, code: badRequest},
		{name: "parts without an end", raw: from + to + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx", code: badRequest},
	} {
		in := testEmail("ada@example.com")
		in.Content = &types.EmailContent{Raw: &types.RawMessage{Data: []byte(tt.raw)}}
		if _, err := c.SendEmail(t.Context(), in); codeOf(err) != tt.code || (err == nil) != (tt.code == "") {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.code)
		}
	}
	in := testEmail() // with the recipients of the header alone
	in.FromEmailAddress, in.Destination = nil, nil
	in.Content = &types.EmailContent{Raw: &types.RawMessage{Data: []byte(from + to + end)}}
	if _, err := c.SendEmail(t.Context(), in); err != nil {
		t.Error(err)
	}
	if a := s.Accepted(); a[len(a)-1].Recipients != 1 {
		t.Errorf("%+v", a[len(a)-1])
	}
}
