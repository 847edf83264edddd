package importfile

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"purser/catalog"
)

// Reader reads the rows of a file.
type Reader struct {
	header Header
	in     *bufio.Reader
	at     Position
	fields []string
	price  string // of the current row, if the header says how it is written
	ended  bool   // the rest of the input is in the buffer
}

// Read returns a reader of the rows of in, which begins at a position of the
// file.
func (h Header) Read(in io.Reader, at Position) *Reader {
	return &Reader{header: h, in: bufio.NewReaderSize(in, 2*MaxRow), at: at}
}

// At returns the position of the next row, where a later reading can continue.
func (r *Reader) At() Position { return r.at }

// Next returns the next row, the line it begins on, and the errors in it. It
// fails with io.EOF after the last row, or with an error of the input.
func (r *Reader) Next() (catalog.Row, int64, []catalog.Fault, error) {
	for {
		line := r.at.Line + 1
		text, fault, err := r.take()
		if err != nil {
			return catalog.Row{}, line, nil, err
		}
		if fault != "" {
			return catalog.Row{}, line, []catalog.Fault{{Message: fault}}, nil
		}
		whole := bytes.TrimRight(text, "\r\n")
		if len(bytes.TrimSpace(whole)) == 0 {
			continue
		}
		row, faults, blank := r.row(withoutMarks(whole), len(whole) == len(text))
		if blank {
			continue
		}
		row = row.Clean()
		if faults = append(faults, brokenKeys(row)...); len(faults) == 0 {
			faults = row.Faults()
		}
		return row, line, faults, nil
	}
}

// take returns the bytes of the next row. If the row is too long, or has a quote
// that is never closed, it skips the row's first line and returns a fault, so
// that the rows below are still read.
func (r *Reader) take() (text []byte, fault string, err error) {
	want := MaxRow + 1
	if r.ended { // asking for more would read the input once more for each row
		want = r.in.Buffered()
	}
	window, err := r.in.Peek(want)
	r.ended = r.ended || errors.Is(err, io.EOF)
	switch {
	case len(window) == 0 && r.ended:
		return nil, "", io.EOF
	case len(window) == 0:
		return nil, "", cmp.Or(err, io.ErrUnexpectedEOF)
	case err != nil && !r.ended:
		return nil, "", err
	}
	last := r.ended && len(window) <= MaxRow // of the file
	n := r.end(window, last)
	if n < 0 {
		return nil, fmt.Sprintf("the row has more than %d bytes, or a quote that is never closed", MaxRow), r.skipLine()
	}
	over := last && len(bytes.Trim(window[n:], fileEnd)) == 0 // nothing else follows
	if over {
		n = len(window)
	}
	text = bytes.Clone(window[:n])
	_, err = r.in.Discard(n)
	r.at.Byte += int64(n)
	r.at.Line += lines(text)
	if over {
		text = cutEnd(text)
	}
	return text, "", err
}

// fileEnd are the characters that may follow the last row.
const fileEnd = endOfFile + " \r\n"

// cutEnd cuts off what follows the last row, but not the end of its line.
func cutEnd(text []byte) []byte {
	row := bytes.TrimRight(text, fileEnd)
	if rest := text[len(row):]; bytes.ContainsAny(rest, endOfFile+"\r\n") {
		return append(row, '\n')
	}
	return text
}

// end returns the length of the window's first row; -1 if the row does not end
// in the window. A quote opens a field only where a field begins. Outside of quotes
// a lone CR ends a row of a CSV, as on old Macs. If something follows a closing quote,
// the quotes are wrong, and the row is its first line only, so that the next rows are
// not lost with it.
func (r *Reader) end(window []byte, last bool) int {
	csv, quoted, closed, firstLine := r.header.Format == CSV, false, -2, -1
	start := len(window) - len(withoutMarks(window))
	for i, c := range window {
		ends := c == '\n' || c == '\r' && csv && i+1 < len(window) && window[i+1] != '\n'
		switch {
		case ends && !quoted:
			return i + 1
		case ends && firstLine < 0:
			firstLine = i + 1
		case c == '"' && csv && quoted:
			quoted, closed = false, i
		case c == '"' && csv:
			quoted = i == start || window[i-1] == r.header.Comma[0] || closed == i-1
		}
		if firstLine > 0 && !quoted && closed == i-1 && !strings.ContainsRune(r.header.Comma+"\r\n"+endOfFile, rune(c)) {
			return firstLine
		}
	}
	if last && !quoted {
		return len(window)
	}
	return -1
}

// skipLine skips a line of any length.
func (r *Reader) skipLine() error {
	for {
		part, err := r.in.ReadSlice('\n')
		r.at.Byte += int64(len(part))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			err = nil
		}
		r.at.Line++
		return err
	}
}
