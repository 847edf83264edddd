package importfile_test

import (
	"io"
	"strings"
	"testing"

	"purser/catalog"
	"purser/importfile"
)

// reads counts how often a file is read.
type reads struct {
	io.Reader
	n int
}

func (r *reads) Read(p []byte) (int, error) {
	r.n++
	return r.Reader.Read(p)
}

// TestFewReads: the end of the file, once it was seen, is not looked for once more for
// each row, because each look is a query of the record (ORD-8).
func TestFewReads(t *testing.T) {
	file := "sku,onHand\n" + strings.Repeat("a,1\n", 20_000)
	h, err := importfile.Sniff(catalog.ImportStock, []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	in, rows := &reads{Reader: strings.NewReader(file[h.Start.Byte:])}, 0
	r := h.Read(in, h.Start)
	for {
		if _, _, _, err := r.Next(); err != nil {
			break
		}
		rows++
	}
	if rows != 20_000 || in.n > 10 {
		t.Errorf("%d rows, %d reads", rows, in.n)
	}
}
