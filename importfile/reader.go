package importfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"purser/catalog"
)

// Reader reads the rows of a file.
type Reader struct {
	header Header
	in     *bufio.Reader
	at     Position
	fields []string
	price  string // of the current row, if the header says how it is written
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
		text = bytes.TrimRight(text, "\r\n")
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		row, faults, blank := r.row(text)
		if blank {
			continue
		}
		if row = row.Clean(); len(faults) == 0 {
			faults = row.Faults()
		}
		return row, line, faults, nil
	}
}

// take returns the bytes of the next row. If the row is too long, or has a quote
// that is never closed, it skips the row's first line and returns a fault, so
// that the rows below are still read.
func (r *Reader) take() (text []byte, fault string, err error) {
	window, err := r.in.Peek(MaxRow + 1)
	if len(window) == 0 {
		if err == nil || errors.Is(err, bufio.ErrBufferFull) {
			err = io.ErrUnexpectedEOF
		}
		return nil, "", err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	last := len(window) <= MaxRow // of the file
	n := r.end(window, last)
	if n < 0 {
		return nil, fmt.Sprintf("the row has more than %d bytes, or a quote that is never closed", MaxRow), r.skipLine()
	}
	text = bytes.Clone(window[:n])
	_, err = r.in.Discard(n)
	r.at.Byte += int64(n)
	r.at.Line += lines(text)
	if last && n == len(window) {
		text = bytes.TrimRight(text, endOfFile+"\r\n")
	}
	return text, "", err
}

// end returns the length of the window's first row; -1 if the row does not end
// in the window. A quote opens a field only where a field begins. Outside of quotes
// a lone CR ends a row of a CSV, as on old Macs.
func (r *Reader) end(window []byte, last bool) int {
	csv, quoted, closed := r.header.Format == CSV, false, -2
	for i, c := range window {
		switch {
		case c == '"' && csv && quoted:
			quoted, closed = false, i
		case c == '"' && csv:
			quoted = i == 0 || window[i-1] == r.header.Comma[0] || closed == i-1
		case c == '\n' && !quoted:
			return i + 1
		case c == '\r' && csv && !quoted && i+1 < len(window) && window[i+1] != '\n':
			return i + 1
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
