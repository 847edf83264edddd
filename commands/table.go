package commands

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// table returns a writer that aligns columns under their names, if there are any.
// Flush or endPage prints the table.
func table(w io.Writer, columns ...string) *tabwriter.Writer {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(columns) > 0 {
		fmt.Fprintln(t, strings.Join(columns, "\t"))
	}
	return t
}

// endPage prints one page of a list and, if there is a next page, the flag that
// asks for it.
func endPage(t *tabwriter.Writer, w io.Writer, flag, next string) error {
	if err := t.Flush(); err != nil || next == "" {
		return err
	}
	_, err := fmt.Fprintf(w, "more: %s %s\n", flag, next)
	return err
}
