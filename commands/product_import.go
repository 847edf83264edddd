package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"purser/catalog"
	"purser/commands/terminal"
	"purser/shop"
)

type productImportCmd struct {
	File   string `arg:"" help:"The file; - reads standard input."`
	Kind   string `default:"products" enum:"products,stock,prices" help:"The kind of rows in the file."`
	DryRun bool   `help:"Check the file, say what it would change, and change nothing."`
	// Decimal is checked by the API, so that the refusal says what to write.
	Decimal string `help:"How a CSV writes prices: point for 14.50 or 1,450.00, comma for 14,50 or 1.450,00. Default: whole numbers of minor units, such as 1450."`
	Once    string `name:"idempotency-key" help:"Makes repeating the command safe."`
	Most    int    `name:"errors" default:"20" help:"How many errors to print."`
}

// Run sends the file and shows the import's progress until it ends.
func (i *productImportCmd) Run(e *env, c *commands) error {
	client, err := c.Product.client()
	if err != nil {
		return err
	}
	file, size, err := openFile(i.File)
	if err != nil {
		return err
	}
	defer file.Close()
	bar := terminal.Progress{To: e.stderr, Silent: c.Product.JSON || !terminal.IsTerminal(e.stderr)}
	state, err := client.Import(e.ctx, bar.Reader("sending", file, size), shop.ImportOf{
		Kind: catalog.ImportKind(i.Kind), Name: i.File, DryRun: i.DryRun, Decimal: i.Decimal, Key: i.Once, Size: size,
	})
	id := state.ID
	for err == nil && !state.State.Final() {
		drawImport(&bar, state)
		select {
		case <-time.After(300 * time.Millisecond):
			state, err = client.ImportState(e.ctx, id)
		case <-e.ctx.Done():
			err = e.ctx.Err()
		}
	}
	bar.Clear()
	switch {
	case e.ctx.Err() != nil && id != "":
		return fmt.Errorf("%w: import %s goes on without the command, GET /v1/imports/%s shows its progress", errInterrupted, id, id)
	case err != nil:
		return err
	}
	return i.report(e, c, client, state)
}

func (i *productImportCmd) report(e *env, c *commands, client *shop.Client, state catalog.Import) error {
	var faults []catalog.RowFault
	var err error
	if i.Most > 0 {
		if faults, err = client.ImportErrors(e.ctx, state.ID, 0); err != nil {
			return err
		}
		faults = faults[:min(len(faults), i.Most)]
	}
	if c.Product.JSON {
		err = json.NewEncoder(e.stdout).Encode(struct {
			catalog.Import
			Errors []catalog.RowFault `json:"errors,omitempty"`
		}{state, faults})
	} else {
		for _, f := range faults {
			fmt.Fprintf(e.stdout, "line %d: %s %s: %s\n", f.Line, f.SKU, f.Field, f.Message)
		}
		fmt.Fprintf(e.stdout, "%s %s: %s\n", state.ID, paintStatus(e.stdout, state.State), figuresOf(state))
	}
	switch {
	case err != nil:
		return err
	case state.State == catalog.ImportRefused:
		return errors.New("the import was refused: " + state.Why)
	case state.Bad > 0:
		return fmt.Errorf("%d of %d rows have errors", state.Bad, state.Rows+state.Bad)
	}
	return nil
}

// drawImport shows how far an import is in its current stage.
func drawImport(bar *terminal.Progress, i catalog.Import) {
	figures := fmt.Sprintf("%d rows, %d with errors", i.Rows, i.Bad)
	switch i.State {
	case catalog.ImportApplying:
		bar.Draw("writing", i.Applied+i.Unchanged, i.Rows, figures)
	case catalog.ImportIndexing:
		bar.Draw("indexing", i.Indexed, i.Applied, figures)
	default:
		bar.Draw(string(i.State), i.Read, i.Bytes, figures)
	}
}

// figuresOf says what an import has done, or what it would do if it was a dry run.
func figuresOf(i catalog.Import) string {
	rows := fmt.Sprintf("%d rows, %d with errors", i.Rows+i.Bad, i.Bad)
	if i.DryRun {
		return fmt.Sprintf("%s; would add %d, would change %d, would leave %d as they are; nothing was changed", rows, i.Added, i.Applied-i.Added, i.Unchanged)
	}
	return fmt.Sprintf("%s, %d added, %d changed, %d unchanged, %d indexed", rows, i.Added, i.Applied-i.Added, i.Unchanged, i.Indexed)
}

// openFile returns the file and its size, which is -1 if it is not known.
func openFile(name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return os.Stdin, -1, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return f, -1, err
	}
	return f, info.Size(), nil
}
