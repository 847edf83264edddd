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
	// chunkWithin is how long a sender may be silent.
	chunkWithin = 30 * time.Second
)

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
	if !httpkit.IsPlain(r.Header.Get("Content-Encoding")) {
		return []error{httpkit.NewProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "the file must not be compressed")}
	}
	return nil
}

// importBody is a file that is received chunk by chunk.
type importBody struct {
	io.Reader
	conn   *http.ResponseController
	length int64 // as announced; -1: unknown
	most   int64 // that it may have

	chunk  []byte    // read last
	at     int64     // where it begins
	ended  bool      // it is the last one
	digest hash.Hash // of the file up to its end
}

// next reads the next chunk: size bytes, or what is left of the file. A
// connection that breaks off, and a file that is too large, is a problem.
func (b *importBody) next(size int) error {
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
	if b.read() > b.most {
		return tooLarge(b.most)
	}
	return nil
}

// read is how many bytes were received.
func (b *importBody) read() int64 { return b.at + int64(len(b.chunk)) }

// sum is the digest of what was received.
func (b *importBody) sum() string { return hex.EncodeToString(b.digest.Sum(nil)) }

type importOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     catalog.Import
}

// start keeps the file and then has it carried out: an import whose status is 202
// is durable.
func (s *Service) start(ctx context.Context, in *startImportInput) (*importOutput, error) {
	if in.body.most = s.MaxBytes; in.body.length > in.body.most {
		return nil, tooLarge(in.body.most)
	}
	if err := in.body.next(importfile.MaxRow); err != nil {
		return nil, err
	}
	header, err := importfile.Sniff(in.Kind, in.body.chunk)
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
		if err := compare(i, in.body); err != nil {
			return nil, err
		}
	}
	if !i.State.Final() { // also if an earlier attempt ended right here
		if err := s.Workflows.StartImport(ctx, i); err != nil {
			return nil, err
		}
	}
	return &importOutput{Status: http.StatusAccepted, Location: "/v1/imports/" + i.ID, Body: i}, nil
}

// receive keeps the file, chunk by chunk.
func (s *Service) receive(ctx context.Context, i catalog.Import, start importfile.Position, body *importBody) (_ catalog.Import, err error) {
	defer func() {
		if err != nil { // half a file is of no use
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
// one.
func compare(i catalog.Import, body *importBody) error {
	for !body.ended {
		if err := body.next(chunkSize); err != nil {
			return err
		}
	}
	if i.Digest != "" && i.Digest != body.sum() {
		return otherImport()
	}
	return nil
}

func otherImport() *httpkit.Problem {
	return httpkit.NewProblem(http.StatusUnprocessableEntity, "idempotency_key_reused", "the idempotency key was used with another import")
}

func tooLarge(most int64) *httpkit.Problem {
	return httpkit.NewProblem(http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("a file may have %d bytes: send it in parts", most))
}

func brokenOff(err error) *httpkit.Problem {
	return httpkit.NewProblem(http.StatusBadRequest, "malformed", "the file broke off before its end; send it again").WithCause(err)
}

// importID is the id of an import, the same for the same key of a caller.
func importID(caller, key string) string {
	if key == "" {
		return "imp_" + strings.ToLower(rand.Text())
	}
	sum := sha256.Sum256([]byte("purser import\n" + caller + "\n" + key))
	return "imp_" + hex.EncodeToString(sum[:13])
}
