package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"purser/catalog"
	"purser/importfile"
)

// ImportFiles keeps the files of imports, and tells how far they are.
type ImportFiles interface {
	// OpenImport begins to receive a file; one already received is answered
	// as it is, and false.
	OpenImport(ctx context.Context, i catalog.Import, header string) (was catalog.Import, fresh bool, err error)
	PutChunk(ctx context.Context, i catalog.Import, at int64, body []byte) error
	Received(ctx context.Context, i catalog.Import, bytes, startByte, startLine int64) error
	DiscardImport(ctx context.Context, i catalog.Import) error
	// Import fails with catalog.ErrNoImport.
	Import(ctx context.Context, id string) (catalog.Import, error)
	Imports(ctx context.Context, limit int) ([]catalog.Import, error)
	ImportErrors(ctx context.Context, id string, after int64, limit int) ([]catalog.RowFault, error)
}

const (
	defaultMaxImport = 1 << 30
	chunkSize        = 256 << 10
	// chunkWithin is how long a sender may be silent.
	chunkWithin = 30 * time.Second
)

func (s *server) importRoutes(a huma.API) {
	operate := []Role{Operator}
	register(s, a, huma.Operation{
		OperationID: "start-import", Method: http.MethodPost, Path: "/v1/imports", Tags: []string{"operators"}, DefaultStatus: http.StatusAccepted,
		Summary:     "Import products, stock or prices from a file",
		Description: "The body is the file: CSV with a line of column names (" + strings.Join(importfile.Columns(catalog.ImportProducts), ", ") + "; tags and options are parted by |, amounts are minor units), or JSON lines. Of kind products, what a file does not say stays as it is, and rows with errors are left out. Stock and prices take effect all at once, or, if a row has an error, not at all. Sending a file again under the same Idempotency-Key is one import; another file, or another kind, is refused (422 idempotency_key_reused).",
		Metadata:    map[string]any{"streamed": true},
		RequestBody: fileBody("text/csv", "application/jsonl"),
	}, operate, s.startImport)
	register(s, a, huma.Operation{
		OperationID: "list-imports", Method: http.MethodGet, Path: "/v1/imports", Tags: []string{"operators"},
		Summary:     "List imports, newest first",
		Description: "Those under way, and those that have ended, whatever came of them.",
	}, operate, s.imports)
	register(s, a, huma.Operation{
		OperationID: "get-import", Method: http.MethodGet, Path: "/v1/imports/{id}", Tags: []string{"operators"},
		Summary:     "Read how far an import is",
		Description: "How many bytes were read, how many rows were in order, and what they changed. state done and refused are final; why says why it was refused.",
	}, operate, s.getImport)
	register(s, a, huma.Operation{
		OperationID: "list-import-errors", Method: http.MethodGet, Path: "/v1/imports/{id}/errors", Tags: []string{"operators"},
		Summary:     "List the errors of an import, by line; the first thousand are kept",
		Description: "Each names the line of the file, the SKU, the field and what is wrong with it. Follow nextAfter until it is missing.",
	}, operate, s.importErrors)
}

type startImportInput struct {
	Key    string             `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" doc:"Names this import in the caller's words, so that sending it again finds the same one"`
	Kind   catalog.ImportKind `query:"kind" enum:"products,stock,prices" default:"products" doc:"What the file holds"`
	Name   string             `query:"name" maxLength:"200" doc:"What to call the file"`
	DryRun bool               `query:"dryRun" doc:"Check the file and change nothing"`

	body *importBody
}

// Resolve takes the body as it comes: a file is never in memory as a whole.
func (in *startImportInput) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	in.body = &importBody{Reader: r.Body, conn: http.NewResponseController(w), length: r.ContentLength}
	if !isPlain(r.Header.Get("Content-Encoding")) {
		return []error{problem(http.StatusUnsupportedMediaType, "unsupported_media_type", "the file must not be compressed")}
	}
	return nil
}

// importBody is a file that comes in, chunk by chunk.
type importBody struct {
	io.Reader
	conn   *http.ResponseController
	length int64 // as announced; -1: unknown

	chunk  []byte    // read last
	at     int64     // where it begins
	ended  bool      // it is the last one
	digest hash.Hash // of the file up to its end
}

// next reads the next chunk: size bytes, or what is left of the file. A
// connection that breaks off, and a file of more than most bytes, is a problem.
func (b *importBody) next(size int, most int64) error {
	if b.digest == nil {
		b.chunk, b.digest = make([]byte, 0, chunkSize), sha256.New()
	}
	b.at += int64(len(b.chunk))
	b.chunk = b.chunk[:0]
	_ = b.conn.SetReadDeadline(time.Now().Add(chunkWithin)) // not every connection can
	for len(b.chunk) < size {
		n, err := b.Read(b.chunk[len(b.chunk):size])
		b.chunk = b.chunk[:len(b.chunk)+n]
		if errors.Is(err, io.EOF) {
			b.ended = true
			break
		}
		if err != nil {
			return brokenOff(err)
		}
	}
	if b.ended {
		_ = b.conn.SetReadDeadline(time.Time{}) // passing it would cancel the request
	}
	b.digest.Write(b.chunk)
	if b.read() > most {
		return tooLarge(most)
	}
	return nil
}

// read is how many bytes have come in.
func (b *importBody) read() int64 { return b.at + int64(len(b.chunk)) }

// sum is the digest of what has come in.
func (b *importBody) sum() string { return hex.EncodeToString(b.digest.Sum(nil)) }

type importOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     catalog.Import
}

// startImport keeps the file and then has it carried out: what is answered
// with 202 is durable.
func (s *server) startImport(ctx context.Context, in *startImportInput) (*importOutput, error) {
	most := s.Products.MaxImport
	if most <= 0 {
		most = defaultMaxImport
	}
	if in.body.length > most {
		return nil, tooLarge(most)
	}
	if err := in.body.next(importfile.MaxRow, most); err != nil {
		return nil, err
	}
	header, err := importfile.Sniff(in.Kind, in.body.chunk)
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", err.Error())
	}
	text, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	i, fresh, err := s.Products.Records.OpenImport(ctx, catalog.Import{
		ID: importID(c.actor(), in.Key), Kind: in.Kind, Name: clip(strings.ToValidUTF8(in.Name, "?")), DryRun: in.DryRun, Actor: c.actor(), Correlation: c.correlation,
	}, string(text))
	if err != nil {
		return nil, err
	}
	switch {
	case fresh:
		if i, err = s.receive(ctx, i, header.Start, in.body, most); err != nil {
			return nil, err
		}
	case i.Kind != in.Kind || i.DryRun != in.DryRun:
		return nil, otherImport()
	default:
		if err := compare(i, in.body, most); err != nil {
			return nil, err
		}
	}
	if !i.State.Final() { // also if an earlier attempt ended right here
		if err := s.Products.Workflows.StartImport(ctx, i); err != nil {
			return nil, err
		}
	}
	return &importOutput{Status: http.StatusAccepted, Location: "/v1/imports/" + i.ID, Body: i}, nil
}

// receive keeps the file, chunk by chunk.
func (s *server) receive(ctx context.Context, i catalog.Import, start importfile.Position, body *importBody, most int64) (_ catalog.Import, err error) {
	defer func() {
		if err != nil { // half a file is none
			err = errors.Join(err, s.Products.Records.DiscardImport(context.WithoutCancel(ctx), i))
		}
	}()
	for {
		if len(body.chunk) > 0 {
			if err := s.Products.Records.PutChunk(ctx, i, body.at, body.chunk); err != nil {
				return i, err
			}
		}
		if body.ended {
			break
		}
		if err := body.next(chunkSize, most); err != nil {
			return i, err
		}
	}
	if body.length >= 0 && body.read() != body.length {
		return i, brokenOff(io.ErrUnexpectedEOF)
	}
	i.Digest = body.sum()
	if err := s.Products.Records.Received(ctx, i, body.read(), start.Byte, start.Line); err != nil {
		return i, err
	}
	return s.Products.Records.Import(ctx, i.ID)
}

// compare reads a file that is sent again to its end, and refuses one that is
// not the same.
func compare(i catalog.Import, body *importBody, most int64) error {
	for !body.ended {
		if err := body.next(chunkSize, most); err != nil {
			return err
		}
	}
	if i.Digest != "" && i.Digest != body.sum() {
		return otherImport()
	}
	return nil
}

func otherImport() *Problem {
	return problem(http.StatusUnprocessableEntity, "idempotency_key_reused", "the idempotency key was used with another import")
}

func tooLarge(most int64) *Problem {
	return problem(http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("a file may have %d bytes: send it in parts", most))
}

func brokenOff(err error) *Problem {
	p := problem(http.StatusBadRequest, "malformed", "the file broke off before its end; send it again")
	p.cause = err
	return p
}

// importID is the id of an import, the same for the same key of a caller.
func importID(caller, key string) string {
	if key == "" {
		return "imp_" + strings.ToLower(rand.Text())
	}
	sum := sha256.Sum256([]byte("purser import\n" + caller + "\n" + key))
	return "imp_" + hex.EncodeToString(sum[:13])
}

type importInput struct {
	ID string `path:"id" maxLength:"64" doc:"The import's id"`
}

func (s *server) getImport(ctx context.Context, in *importInput) (*importOutput, error) {
	i, err := s.Products.Records.Import(ctx, in.ID)
	return &importOutput{Status: http.StatusOK, Body: i}, err
}

type importsInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at the most"`
}

type importsOutput struct {
	Body struct {
		Imports []catalog.Import `json:"imports"`
	}
}

func (s *server) imports(ctx context.Context, in *importsInput) (*importsOutput, error) {
	all, err := s.Products.Records.Imports(ctx, in.Limit)
	out := &importsOutput{}
	out.Body.Imports = append([]catalog.Import{}, all...)
	return out, err
}

type importErrorsInput struct {
	ID    string `path:"id" maxLength:"64" doc:"The import's id"`
	After int64  `query:"after" minimum:"0" doc:"Only errors below this line"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many at the most"`
}

type importErrorsOutput struct {
	Body struct {
		Errors    []catalog.RowFault `json:"errors"`
		NextAfter int64              `json:"nextAfter,omitempty" doc:"after of the next page; missing on the last one"`
	}
}

func (s *server) importErrors(ctx context.Context, in *importErrorsInput) (*importErrorsOutput, error) {
	if _, err := s.Products.Records.Import(ctx, in.ID); err != nil {
		return nil, err
	}
	faultControl, err := s.Products.Records.ImportErrors(ctx, in.ID, in.After, in.Limit)
	out := &importErrorsOutput{}
	out.Body.Errors = append([]catalog.RowFault{}, faultControl...)
	if len(faultControl) == in.Limit {
		out.Body.NextAfter = faultControl[len(faultControl)-1].Line
	}
	return out, err
}
