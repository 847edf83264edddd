// Package imports implements the API's operations on imports: files of products,
// stock or prices.
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

// Workflows starts the workflows that apply imports. Every error is or wraps an
// error of package catalog or of the context, or order.ErrBusy.
type Workflows interface {
	// StartImport starts to apply a file that was received. Starting it again
	// changes nothing.
	StartImport(ctx context.Context, i catalog.Import) error
}

// Records stores the files of imports and the progress of each import.
type Records interface {
	// OpenImport records that a file is being received. An import that exists
	// is returned as it is, with false.
	OpenImport(ctx context.Context, i catalog.Import, header string) (was catalog.Import, fresh bool, err error)
	PutChunk(ctx context.Context, i catalog.Import, at int64, body []byte) error
	Received(ctx context.Context, i catalog.Import, bytes, startByte, startLine int64) error
	DiscardImport(ctx context.Context, i catalog.Import) error
	// ImportHeader returns an importfile.Header in JSON.
	ImportHeader(ctx context.Context, id string) (string, error)
	// Import fails with catalog.ErrNoImport if there is no such import.
	Import(ctx context.Context, id string) (catalog.Import, error)
	Imports(ctx context.Context, limit int) ([]catalog.Import, error)
	ImportErrors(ctx context.Context, id string, after int64, limit int) ([]catalog.RowFault, error)
}

// Service serves the operations on imports.
type Service struct {
	Workflows Workflows
	Records   Records
	// MaxBytes is the most bytes that a file may have. Default 1 GiB.
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
		Description: "The body is the file: CSV with a header row (" + strings.Join(importfile.Columns(catalog.ImportProducts), ", ") + "; tags and options are separated by |, amounts are in minor units unless decimal says how prices are written), or JSON Lines. An import of kind products leaves fields that the file does not contain as they are, and skips rows with errors. Imports of stock and of prices take effect all at once or, if a row has an error, not at all. Sending the same file again with the same Idempotency-Key returns the same import; another file, or another kind, is refused (422 idempotency_key_reused).",
		Metadata:    map[string]any{"streamed": true},
		RequestBody: httpkit.FileBody("text/csv", "application/jsonl"),
	}, operate, s.start)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-imports", Method: http.MethodGet, Path: "/v1/imports", Tags: []string{"operators"},
		Summary:     "List imports, newest first",
		Description: "Includes imports that are running and imports that have ended, with every result.",
	}, operate, s.list)
	httpkit.Register(server, huma.Operation{
		OperationID: "get-import", Method: http.MethodGet, Path: "/v1/imports/{id}", Tags: []string{"operators"},
		Summary:     "Read the progress of an import",
		Description: "Returns how many bytes were read, how many rows were valid, and what they changed. The states done and refused are final; why is the reason for a refusal.",
	}, operate, s.get)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-import-errors", Method: http.MethodGet, Path: "/v1/imports/{id}/errors", Tags: []string{"operators"},
		Summary:     "List the errors of an import, by line",
		Description: "Each error has the line of the file, the SKU, the field and a message. The first thousand errors are kept. Follow nextAfter until it is missing.",
	}, operate, s.errors)
}
