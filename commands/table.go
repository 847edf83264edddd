package commands

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// table lines up columns under their names, if they have any. Flush, or
// endPage, prints it.
func table(w io.Writer, columns ...string) *tabwriter.Writer {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(columns) > 0 {
		fmt.Fprintln(t, strings.Join(columns, "\t"))
	}
	return t
}

// endPage prints one page of a list and the flag that asks for the next one,
// if there is a next one.
func endPage(t *tabwriter.Writer, w io.Writer, flag, next string) error {
	if err := t.Flush(); err != nil || next == "" {
		return err
	}
	_, err := fmt.Fprintf(w, "more: %s %s\n", flag, next)
	return err
}
