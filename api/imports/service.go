// Package imports is the API's operations on imports: files of products, stock or
// prices.
package imports

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/catalog"
	"purser/importfile"
)

// Workflows starts the workflows that carry imports out. Every error is, or
// wraps, one of package catalog's, order.ErrBusy, or the context's.
type Workflows interface {
	// StartImport carries out a file that was received. Starting it again
	// changes nothing.
	StartImport(ctx context.Context, i catalog.Import) error
}

// Records keeps the files of imports, and how far each import is.
type Records interface {
	// OpenImport begins to receive a file. One already received is returned as
	// it is, with false.
	OpenImport(ctx context.Context, i catalog.Import, header string) (was catalog.Import, fresh bool, err error)
	PutChunk(ctx context.Context, i catalog.Import, at int64, body []byte) error
	Received(ctx context.Context, i catalog.Import, bytes, startByte, startLine int64) error
	DiscardImport(ctx context.Context, i catalog.Import) error
	// Import fails with catalog.ErrNoImport.
	Import(ctx context.Context, id string) (catalog.Import, error)
	Imports(ctx context.Context, limit int) ([]catalog.Import, error)
	ImportErrors(ctx context.Context, id string, after int64, limit int) ([]catalog.RowFault, error)
}

// Service serves the operations on imports.
type Service struct {
	Workflows Workflows
	Records   Records
	// MaxBytes is how many bytes a file may have. Default 1 GiB.
	MaxBytes int64

	server *httpkit.Server
}

// Register declares the operations on imports.
func (s *Service) Register(server *httpkit.Server) {
	s.server = server
	if s.MaxBytes <= 0 {
		s.MaxBytes = 1 << 30
	}
	operate := []httpkit.Role{httpkit.Operator}
	httpkit.Register(server, huma.Operation{
		OperationID: "start-import", Method: http.MethodPost, Path: "/v1/imports", Tags: []string{"operators"}, DefaultStatus: http.StatusAccepted,
		Summary:     "Import products, stock or prices from a file",
		Description: "The body is the file: CSV with a line of column names (" + strings.Join(importfile.Columns(catalog.ImportProducts), ", ") + "; tags and options are parted by |, amounts are minor units), or JSON lines. Of kind products, what a file does not say stays as it is, and rows with errors are left out. Stock and prices take effect all at once, or, if a row has an error, not at all. Sending a file again under the same Idempotency-Key is one import; another file, or another kind, is refused (422 idempotency_key_reused).",
		Metadata:    map[string]any{"streamed": true},
		RequestBody: httpkit.FileBody("text/csv", "application/jsonl"),
	}, operate, s.start)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-imports", Method: http.MethodGet, Path: "/v1/imports", Tags: []string{"operators"},
		Summary:     "List imports, newest first",
		Description: "Those under way, and those that have ended, whatever came of them.",
	}, operate, s.list)
	httpkit.Register(server, huma.Operation{
		OperationID: "get-import", Method: http.MethodGet, Path: "/v1/imports/{id}", Tags: []string{"operators"},
		Summary:     "Read how far an import is",
		Description: "How many bytes were read, how many rows were in order, and what they changed. state done and refused are final; why says why it was refused.",
	}, operate, s.get)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-import-errors", Method: http.MethodGet, Path: "/v1/imports/{id}/errors", Tags: []string{"operators"},
		Summary:     "List the errors of an import, by line; the first thousand are kept",
		Description: "Each names the line of the file, the SKU, the field and what is wrong with it. Follow nextAfter until it is missing.",
	}, operate, s.errors)
}
