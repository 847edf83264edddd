package stripe

import (
	"bytes"
	"io"
	"net/http"
	"sync"

	"github.com/stripe/stripe-mock/embedded"
	mock "github.com/stripe/stripe-mock/server"
)

// stripeMock returns Stripe's own stand-in, which keeps no state, but knows from
// Stripe's OpenAPI description which parameters exist. Reading the description
// takes seconds, so it is read only once per process.
var stripeMock = sync.OnceValues(func() (http.Handler, error) {
	spec, err := mock.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		return nil, err
	}
	fixtures, err := mock.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		return nil, err
	}
	stub, err := mock.NewStubServer(fixtures, spec, true, false)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(stub.HandleRequest), nil
})

// valid checks a request with stripe-mock. If stripe-mock refuses it, valid
// writes the refusal to w and returns false.
func (s *Server) valid(w http.ResponseWriter, r *http.Request, body []byte) bool {
	asked := r.Clone(r.Context())
	asked.Body = io.NopCloser(bytes.NewReader(body))
	answer := &mockResponse{header: http.Header{}}
	s.check.ServeHTTP(answer, asked)
	if answer.status == http.StatusOK {
		return true
	}
	s.conf.Log.Error("stripe-mock refuses a request", "method", r.Method, "path", r.URL.Path, "status", answer.status, "answer", answer.body.String())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body.Bytes())
	return false
}

// mockResponse records the response of stripe-mock.
type mockResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (o *mockResponse) Header() http.Header         { return o.header }
func (o *mockResponse) WriteHeader(status int)      { o.status = status }
func (o *mockResponse) Write(b []byte) (int, error) { return o.body.Write(b) }
