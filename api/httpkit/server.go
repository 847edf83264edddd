// Package httpkit is what the operations of all subjects share: how they are
// declared, who may call them, how many are worked on at once and how long they
// may take, how a request's JSON is read and how a problem is told. It holds no
// operation.
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

// Title is the service's name in its document and on its pages.
const Title = "Purser"

// Config is what a server needs. Only Keys must be set.
type Config struct {
	// Keys are who may call.
	Keys []Principal
	// PlaceWithin is how long POST /v1/orders waits until the shopper can pay;
	// then the status is 202. Default 5 s.
	PlaceWithin time.Duration
	// PlaceAtOnce is how many orders are placed at once. If more were sent to
	// the engine than it opens within PlaceWithin, all of them would be too
	// late, so the others wait for their turn. One key may have three quarters
	// of them. Default 64.
	PlaceAtOnce int
	// PlaceWait is how long they wait; then they are asked to come back, and
	// nothing was started. Default 1 s.
	PlaceWait time.Duration
	// SteerWithin is how long cancelling and releasing wait for the order to
	// have moved; then the status is 202. Default 10 s.
	SteerWithin time.Duration
	// Limits is how many requests of each class are worked on at once; more are
	// asked to come back. Streams and webhooks do not count.
	Limits Limits
	// WriteWithin is how long a caller may take to read a response, and half of
	// it how long it may take to send what is left of a request that was
	// answered early; then the connection is cut. Default 30 s. A stream may
	// take as long for each event as it says itself.
	WriteWithin time.Duration
	// Streams is how many live streams may be open, three quarters of them by
	// one key. Default 256.
	Streams int

	// Log takes a line per request. Default slog.Default().
	Log *slog.Logger
	// Now tells the time. Default time.Now.
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

// OrDefault gives a setting its default unless it is above zero.
func OrDefault[T int | time.Duration](setting *T, value T) {
	if *setting <= 0 {
		*setting = value
	}
}

// Server is where the subjects register their operations. Between requests it
// keeps nothing but counts and what is under way.
type Server struct {
	Config
	// Mux serves the pages beside the operations.
	Mux *http.ServeMux
	// API is the operations and their document.
	API huma.API

	limiters   limiters
	placements *limiter.Limiter // of orders
	streams    *limiter.Limiter
}

// New makes a server without operations over an empty document.
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

// Handler serves what was registered.
func (s *Server) Handler() http.Handler { return s.observe(validateURL(notFound(s.Mux))) }

// openAPI sets huma up: strict JSON, our problems instead of its own, and a
// document that needs nothing fetched from elsewhere.
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
	a.UseMiddleware(s.authorize, checkHeaders, s.limit, checkBody)
	return a
}

// strictCasing makes the schemas tell "quantity" from "QUANTITY". The switch
// is the process's, and nothing ever turns it back.
var strictCasing = sync.OnceFunc(func() { huma.ValidateStrictCasing = true })
