package mail

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/go-json-experiment/json"
)

// ListFormat is the format of a list of recipients.
type ListFormat string

// The formats of lists.
const (
	// CSV has a header with the names of the columns: address, name, locale,
	// and any other for the placeholders in Words.
	CSV ListFormat = "csv"
	// JSONLines has an object on each line: address, name, locale and data.
	JSONLines ListFormat = "jsonl"
)

// Row is a line of a list. Err says why the row cannot become a recipient; it
// holds no personal data.
type Row struct {
	Number    int // counted from 1, without a CSV's header
	Recipient Recipient
	Err       error
}

// longestRow bounds a row of a list, in bytes.
const longestRow = 64 << 10

// ReadList reads a list of any length row by row. It yields an invalid row with
// Row.Err and continues. An error as the second value ends the list, which
// cannot be read any further.
func ReadList(r io.Reader, f ListFormat) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		in := bufio.NewReaderSize(r, longestRow)
		mark, err := in.Peek(3)
		if err != nil && !errors.Is(err, io.EOF) {
			yield(Row{}, err)
			return
		}
		if bytes.Equal(mark, []byte("\xef\xbb\xbf")) { // the byte order mark of Windows editors
			_, _ = in.Discard(3)
		}
		switch f {
		case CSV:
			readCSV(in, yield)
		case JSONLines:
			readJSONLines(in, yield)
		default:
			yield(Row{}, fmt.Errorf("%w: list format %.20q: want csv or jsonl", ErrInvalid, f))
		}
	}
}

func readCSV(in io.Reader, yield func(Row, error) bool) {
	c := csv.NewReader(in)
	c.ReuseRecord = true
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return
	}
	columns := map[string]bool{}
	var names []string
	for _, name := range header {
		name = strings.TrimSpace(name)
		if columns[name] || name == "" {
			err = errors.Join(err, fmt.Errorf("a column has no name, or the name of another column"))
		}
		columns[name], names = true, append(names, name)
	}
	if err != nil || !columns["address"] {
		yield(Row{}, fmt.Errorf("%w: the list's first line must name its columns, one of them address", ErrInvalid))
		return
	}
	for n := 1; ; n++ {
		fields, err := c.Read()
		var parse *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &parse):
			err = fmt.Errorf("not valid CSV: %w", parse.Err)
		case err != nil:
			yield(Row{}, err)
			return
		}
		row := Row{Number: n, Err: err}
		if err == nil {
			row.Recipient = ofColumns(names, fields)
			row.Err = row.Recipient.Check()
		}
		if !yield(row, nil) {
			return
		}
	}
}

func ofColumns(names, fields []string) Recipient {
	var r Recipient
	for i, value := range fields {
		value = strings.Clone(strings.TrimSpace(value))
		switch names[i] {
		case "address":
			r.Address = value
		case "name":
			r.Name = value
		case "locale":
			r.Locale = value
		default:
			if r.Data == nil {
				r.Data = map[string]string{}
			}
			r.Data[names[i]] = value
		}
	}
	return r
}

func readJSONLines(in *bufio.Reader, yield func(Row, error) bool) {
	for n := 1; ; {
		line, err := in.ReadSlice('\n')
		tooLong := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) { // skip the rest of it
			_, err = in.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			yield(Row{}, err)
			return
		}
		if line = bytes.TrimSpace(line); len(line) > 0 || tooLong {
			row := Row{Number: n}
			if n++; tooLong {
				row.Err = fmt.Errorf("longer than %d bytes", longestRow)
			} else if row.Recipient, row.Err = ofJSON(line); row.Err == nil {
				row.Err = row.Recipient.Check()
			}
			if !yield(row, nil) {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func ofJSON(line []byte) (Recipient, error) {
	var row struct {
		Address string            `json:"address"`
		Name    string            `json:"name"`
		Locale  string            `json:"locale"`
		Data    map[string]string `json:"data"`
	}
	if err := json.Unmarshal(line, &row, json.RejectUnknownMembers(true)); err != nil {
		return Recipient{}, errors.New("want one JSON object with address, name, locale and data (an object of strings)")
	}
	return Recipient{Address: row.Address, Name: row.Name, Locale: row.Locale, Data: row.Data}, nil
}
