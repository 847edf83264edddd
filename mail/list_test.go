package mail_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"purser/mail"
)

// read returns the recipients of a list and the numbers of the refused rows.
func read(t *testing.T, list string, f mail.ListFormat) (good []mail.Recipient, bad []int, err error) {
	t.Helper()
	for row, err := range mail.ReadList(strings.NewReader(list), f) {
		if err != nil {
			return good, bad, err
		}
		if row.Err != nil {
			if strings.Contains(row.Err.Error(), "@") {
				t.Errorf("row %d: the error contains an address: %v", row.Number, row.Err)
			}
			bad = append(bad, row.Number)
			continue
		}
		good = append(good, row.Recipient)
	}
	return good, bad, nil
}

// TestReadList proves EML-7: an invalid row is reported by its number, and the
// rows after it are read.
func TestReadList(t *testing.T) {
	ada := mail.Recipient{Address: "ada@example.com", Name: "Ada, L.", Locale: "de-AT", Data: map[string]string{"code": "A1"}}
	for _, tt := range []struct {
		name, list string
		format     mail.ListFormat
		good       []mail.Recipient
		bad        []int
		fails      bool
	}{
		{name: "csv", list: "\xef\xbb\xbfaddress,name,locale,code\nAda@Example.com,\"Ada, L.\",de-AT,A1\n", format: mail.CSV, good: []mail.Recipient{ada}},
		{
			name: "csv with bad rows", list: "name,address\nx,nobody\nAda,ada@example.com\r\ny\nz,\"a@b.example\r\nBcc: c@d.example\"\n\"q\"x,e@f.example\nEve,eve@example.com", format: mail.CSV,
			good: []mail.Recipient{{Address: "ada@example.com", Name: "Ada"}, {Address: "eve@example.com", Name: "Eve"}},
			bad:  []int{1, 3, 4, 5},
		},
		{name: "csv without addresses", list: "name,email\nAda,ada@example.com\n", format: mail.CSV, fails: true},
		{name: "csv with a column twice", list: "address,address\na@b.example,c@d.example\n", format: mail.CSV, fails: true},
		{name: "an empty list", format: mail.CSV},
		{name: "jsonl", list: `{"address":"Ada@Example.com","name":"Ada, L.","locale":"de-AT","data":{"code":"A1"}}` + "\n\n", format: mail.JSONLines, good: []mail.Recipient{ada}},
		{
			name: "jsonl with bad rows", list: "{\n[]\n{\"address\":\"a@b.example\"} {}\n{\"adress\":\"a@b.example\"}\n{\"address\":\"eve@example.com\"}\n" +
				`{"address":"a@b.example","data":{"x":1}}` + "\n" + `{"address":"` + strings.Repeat("a", 70_000) + `"}`, format: mail.JSONLines,
			good: []mail.Recipient{{Address: "eve@example.com"}},
			bad:  []int{1, 2, 3, 4, 6, 7},
		},
		{name: "an unknown format", format: "xlsx", fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			good, bad, err := read(t, tt.list, tt.format)
			if diff := cmp.Diff(tt.good, good); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.bad, bad); diff != "" || (err != nil) != tt.fails {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
	for _, f := range []mail.ListFormat{mail.CSV, mail.JSONLines} {
		r := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("address\na@b.example\n")))
		ended := false
		for _, err := range mail.ReadList(r, f) {
			ended = errors.Is(err, iotest.ErrTimeout)
		}
		if !ended {
			t.Errorf("%s: an upload that broke off looks complete", f)
		}
	}
}

// FuzzReadList checks that every recipient that is read can get mail, whatever
// the list contains.
func FuzzReadList(f *testing.F) {
	f.Add("address,name\na@b.example,\"x\n", true)
	f.Add(`{"address":"a@b.example"}`, false)
	f.Fuzz(func(t *testing.T, list string, isCSV bool) {
		format := mail.JSONLines
		if isCSV {
			format = mail.CSV
		}
		for row, err := range mail.ReadList(strings.NewReader(list), format) {
			if err != nil || row.Err != nil {
				continue
			}
			r := row.Recipient
			m := mail.Message{ID: mail.MessageID("c", r), Stream: mail.Marketing, To: []mail.Address{{Name: r.Name, Email: r.Address}}, Unsubscribe: "https://a.example/u"}
			if err := m.CheckEnvelope(); err != nil {
				t.Fatalf("%+v: %v", r, err)
			}
		}
	})
}
