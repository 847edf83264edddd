package imports

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

	"purser/api/httpkit"
	"purser/catalog"
	"purser/importfile"
)

const (
	chunkSize = 256 << 10
	// chunkWithin is how long the caller may take to send a chunk.
	chunkWithin = 30 * time.Second
)

type startImportInput struct {
	Key    string             `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" doc:"A name that the caller chooses for this import, so that a repeated request returns the same import"`
	Kind   catalog.ImportKind `query:"kind" enum:"products,stock,prices" default:"products" doc:"What the file contains"`
	Name   string             `query:"name" maxLength:"200" doc:"The name of the file, for lists"`
	DryRun bool               `query:"dryRun" doc:"Check the file and change nothing"`
	// Decimal has no enum, so that the refusal says what to write.
	Decimal importfile.Decimal `query:"decimal" maxLength:"20" doc:"How a CSV writes prices. point: 14.50 or 1,450.00; comma: 14,50 or 1.450,00. Default: whole numbers of minor units, such as 1450. With point or comma, each row with a price needs its currency"`

	body *importBody
}

// Resolve keeps the request's body as a stream, so that the whole file is never in
// memory.
func (in *startImportInput) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	in.body = &importBody{Reader: r.Body, bound: func() { httpkit.BoundBody(w, r, chunkWithin) }, length: r.ContentLength}
	if !httpkit.IsPlain(r.Header.Get("Content-Encoding")) {
		return []error{httpkit.NewProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "the file must not be compressed")}
	}
	return nil
}

// importBody is a file that is received chunk by chunk.
type importBody struct {
	io.Reader
	bound  func() // bounds how long the next chunk may take
	length int64  // the announced length; -1 if unknown
	most   int64  // the most bytes that the file may have

	chunk  []byte    // the chunk read last
	at     int64     // the offset at which chunk begins
	ended  bool      // whether chunk is the last one
	digest hash.Hash // the digest of the file up to the end of chunk
}

// next reads the next chunk: size bytes, or the rest of the file. It fails with a
// Problem if the connection breaks off or the file is too large.
func (b *importBody) next(size int) error {
	if b.digest == nil {
		b.chunk, b.digest = make([]byte, 0, chunkSize), sha256.New()
	}
	b.at += int64(len(b.chunk))
	b.chunk = b.chunk[:0]
	b.bound()
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
	b.digest.Write(b.chunk)
	if b.read() > b.most {
		return tooLarge(b.most)
	}
	return nil
}

// read returns how many bytes were received.
func (b *importBody) read() int64 { return b.at + int64(len(b.chunk)) }

// sum returns the digest of the bytes received, in hexadecimal.
func (b *importBody) sum() string { return hex.EncodeToString(b.digest.Sum(nil)) }

type importOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     catalog.Import
}

// start stores the file and then starts its workflow, so that an import is durable
// once the status is 202.
func (s *Service) start(ctx context.Context, in *startImportInput) (*importOutput, error) {
	if in.body.most = s.MaxBytes; in.body.length > in.body.most {
		return nil, tooLarge(in.body.most)
	}
	if err := in.body.next(importfile.MaxRow); err != nil {
		return nil, err
	}
	header, err := importfile.Sniff(in.Kind, in.body.chunk)
	if err == nil {
		header, err = header.WithDecimal(in.Decimal)
	}
	if err != nil {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", err.Error())
	}
	text, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	c := httpkit.CallOf(ctx)
	i, fresh, err := s.Records.OpenImport(ctx, catalog.Import{
		ID: importID(c.Actor(), in.Key), Kind: in.Kind, Name: httpkit.Clip(strings.ToValidUTF8(in.Name, "?")), DryRun: in.DryRun, Actor: c.Actor(), Correlation: c.Correlation,
	}, string(text))
	if err != nil {
		return nil, err
	}
	switch {
	case fresh:
		if i, err = s.receive(ctx, i, header.Start, in.body); err != nil {
			return nil, err
		}
	case i.Kind != in.Kind || i.DryRun != in.DryRun:
		return nil, otherImport()
	default:
		if err := s.compare(ctx, i, header, in.body); err != nil {
			return nil, err
		}
	}
	if !i.State.Final() { // also if an earlier attempt ended just before this
		if err := s.Workflows.StartImport(ctx, i); err != nil {
			return nil, err
		}
	}
	return &importOutput{Status: http.StatusAccepted, Location: "/v1/imports/" + i.ID, Body: i}, nil
}

// receive stores the file, chunk by chunk. It discards the import if it fails.
func (s *Service) receive(ctx context.Context, i catalog.Import, start importfile.Position, body *importBody) (_ catalog.Import, err error) {
	defer func() {
		if err != nil { // part of a file is of no use
			err = errors.Join(err, s.Records.DiscardImport(context.WithoutCancel(ctx), i))
		}
	}()
	for {
		if len(body.chunk) > 0 {
			if err := s.Records.PutChunk(ctx, i, body.at, body.chunk); err != nil {
				return i, err
			}
		}
		if body.ended {
			break
		}
		if err := body.next(chunkSize); err != nil {
			return i, err
		}
	}
	if body.length >= 0 && body.read() != body.length {
		return i, brokenOff(io.ErrUnexpectedEOF)
	}
	i.Digest = body.sum()
	if err := s.Records.Received(ctx, i, body.read(), start.Byte, start.Line); err != nil {
		return i, err
	}
	return s.Records.Import(ctx, i.ID)
}

// compare reads a file that is sent again to its end, and refuses a different
// one, or one that is to be read in another way.
func (s *Service) compare(ctx context.Context, i catalog.Import, header importfile.Header, body *importBody) error {
	text, err := s.Records.ImportHeader(ctx, i.ID)
	if err != nil {
		return err
	}
	var first importfile.Header
	if err := json.Unmarshal([]byte(text), &first); err != nil {
		return err
	}
	for !body.ended {
		if err := body.next(chunkSize); err != nil {
			return err
		}
	}
	if i.Digest != "" && i.Digest != body.sum() || first.Decimal != header.Decimal {
		return otherImport()
	}
	return nil
}

func otherImport() *httpkit.Problem {
	return httpkit.NewProblem(http.StatusUnprocessableEntity, "idempotency_key_reused", "the idempotency key was used with another import")
}

func tooLarge(most int64) *httpkit.Problem {
	return httpkit.NewProblem(http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("a file may have at most %d bytes: send it in parts", most))
}

func brokenOff(err error) *httpkit.Problem {
	if httpkit.Stalled(err) {
		return httpkit.NewProblem(http.StatusRequestTimeout, "timeout", "the rest of the file did not come in time; send it again").WithCause(err)
	}
	return httpkit.NewProblem(http.StatusBadRequest, "malformed", "the connection broke off before the end of the file; send it again").WithCause(err)
}

// importID returns the id of an import: derived from the caller and its
// idempotency key, or random without a key.
func importID(caller, key string) string {
	if key == "" {
		return "imp_" + strings.ToLower(rand.Text())
	}
	sum := sha256.Sum256([]byte("purser import\n" + caller + "\n" + key))
	return "imp_" + hex.EncodeToString(sum[:13])
}
