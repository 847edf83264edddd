package importfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"purser/catalog"
)

// Reader reads the rows of a file.
type Reader struct {
	header Header
	in     *bufio.Reader
	at     Position
	fields []string
}

// Read reads rows from where in begins, which is at a position of the file.
func (h Header) Read(in io.Reader, at Position) *Reader {
	return &Reader{header: h, in: bufio.NewReaderSize(in, 2*MaxRow), at: at}
}

// At is where the next row begins: reading may go on from there another time.
func (r *Reader) At() Position { return r.at }

// Next returns the next row, the line it begins on, and what is wrong with
// it; io.EOF after the last. Any other error is that of the input.
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
		row, faultControl := r.row(text)
		if len(faultControl) == 0 {
			faultControl = row.Faults()
		}
		return row, line, faultControl, nil
	}
}

// take takes the bytes of the next row. Of one that is too long, or whose
// quotes never close, it takes the first line and says so: the rows below
// are found again.
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
		return nil, "the row has more than 65536 bytes, or a quote that is never closed", r.skipLine()
	}
	text = bytes.Clone(window[:n])
	_, err = r.in.Discard(n)
	r.at.Byte += int64(n)
	r.at.Line += int64(bytes.Count(text, []byte("\n")))
	if n > 0 && text[n-1] != '\n' { // the last line of the file
		r.at.Line++
	}
	return text, "", err
}

// end returns how long the row is that the window begins with; -1: it has no
// end there. A quote opens a field only where one begins.
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
		}
	}
	if last && !quoted {
		return len(window)
	}
	return -1
}

// skipLine leaves out a line, however long it is.
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
