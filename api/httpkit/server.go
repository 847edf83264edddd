// Package httpkit holds what the operations of all subjects share: their
// registration, authorization, limits and deadlines, the decoding of JSON, and the
// problems that report errors. It has no operation of its own.
package httpkit

import (
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"purser/limiter"
)

// Title is the service's name in its OpenAPI document and on its pages.
const Title = "Purser"

// Config holds the settings of a server. Only Keys must be set.
type Config struct {
	// Keys lists the principals that may call.
	Keys []Principal
	// PlaceWithin is how long POST /v1/orders waits until the shopper can pay;
	// after that the status is 202. Default 5 s.
	PlaceWithin time.Duration
	// PlaceAtOnce is how many orders are placed at once. If the engine received
	// more than it opens within PlaceWithin, all of them would be late, so the
	// others wait for a slot. One key may use three quarters of the slots.
	// Default 64.
	PlaceAtOnce int
	// PlaceWait is how long an order waits for a slot. After that it is refused
	// with 429, and nothing was started. Default 1 s.
	PlaceWait time.Duration
	// SteerWithin is how long a request that cancels an order or resolves its hold
	// waits for the order's new status; after that the response is about the order
	// as the record has it. Default 10 s.
	SteerWithin time.Duration
	// Limits is how many requests of each class are handled at once; more are
	// refused with 429. Streams and webhooks do not count.
	Limits Limits
	// WriteWithin is how long a caller may take to read a response. The caller
	// may take half of it to send the rest of a request whose response came
	// early. After that the connection is cut. Streams set a deadline for each
	// event themselves. Default 30 s.
	WriteWithin time.Duration
	// Streams is how many live streams may be open; one key may have three
	// quarters of them. Default 256.
	Streams int

	// Log receives a line per request. Default slog.Default().
	Log *slog.Logger
	// Now returns the time. Default time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() (Config, error) {
	if len(c.Keys) == 0 {
		return c, errors.New("api: Keys are missing: nobody could call")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	OrDefault(&c.PlaceWithin, 5*time.Second)
	OrDefault(&c.PlaceWait, time.Second)
	OrDefault(&c.WriteWithin, 30*time.Second)
	OrDefault(&c.SteerWithin, 10*time.Second)
	OrDefault(&c.PlaceAtOnce, 64)
	OrDefault(&c.Streams, 256)
	OrDefault(&c.Limits.Orders, 256)
	OrDefault(&c.Limits.Search, 64)
	OrDefault(&c.Limits.Scans, 2)
	OrDefault(&c.Limits.Files, 32)
	OrDefault(&c.Limits.Images, 128)
	OrDefault(&c.Limits.Rest, 256)
	return c, nil
}

// OrDefault sets a setting to its default value unless it is above zero.
func OrDefault[T int | time.Duration](setting *T, value T) {
	if *setting <= 0 {
		*setting = value
	}
}

// Server holds the operations that the subjects register. Between requests it
// keeps no state but the limiters' counts.
type Server struct {
	Config
	// Mux serves the operations, and the pages that are not operations.
	Mux *http.ServeMux
	// API holds the operations and their OpenAPI document.
	API huma.API

	limiters   limiters
	placements *limiter.Limiter // orders being placed
	streams    *limiter.Limiter
}

// New returns a server without operations that documents them in document.
func New(c Config, document huma.Config) (*Server, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		Config:     c,
		Mux:        http.NewServeMux(),
		limiters:   c.Limits.open(),
		placements: newLimiter(c.PlaceAtOnce),
		streams:    newLimiter(c.Streams),
	}
	s.API = s.openAPI(document)
	return s, nil
}

// Handler returns the handler that serves what was registered.
func (s *Server) Handler() http.Handler { return s.observe(boundBody(validateURL(notFound(s.Mux)))) }

// openAPI sets up huma with strict JSON, our problems instead of its own, and a
// document that refers to no other address.
func (s *Server) openAPI(c huma.Config) huma.API {
	c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", nil
	c.RejectUnknownQueryParameters = true
	strictCasing()
	json := huma.DefaultJSONFormat
	json.Unmarshal = decode
	c.Formats = map[string]huma.Format{"application/json": json, "json": json}
	c.Transformers = []huma.Transformer{asProblem}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "An API key of role shop, viewer or operator"},
	}
	c.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[Problem]())
	a := humago.New(s.Mux, c)
	a.UseMiddleware(s.authorize, checkHeaders, checkQuery, s.limit, checkBody)
	return a
}

// strictCasing makes the schemas distinguish "quantity" from "QUANTITY". The
// switch is global to the process and is never reset.
var strictCasing = sync.OnceFunc(func() { huma.ValidateStrictCasing = true })
