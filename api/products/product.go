package products

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"purser/api/httpkit"
	"purser/catalog"
	productrecords "purser/records/products"
)

type productOutput struct {
	Status   int
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     *catalog.Stocked
}

// etag returns a product's ETag: its version and its revision.
func etag(p catalog.Stocked) string {
	return strconv.Quote(fmt.Sprintf("%d.%d", p.Version, p.Revision))
}

type productInput struct {
	SKU         string `path:"sku" maxLength:"64" doc:"The product's SKU"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024" doc:"Returns 304 without a body if the product still has this ETag"`
}

func (s *Service) get(ctx context.Context, in *productInput) (*productOutput, error) {
	p, err := s.Records.Product(ctx, catalog.CleanSKU(in.SKU))
	if err != nil {
		return nil, err
	}
	tag := etag(p)
	if httpkit.ETagMatches(in.IfNoneMatch, tag) {
		return &productOutput{Status: http.StatusNotModified, ETag: tag}, nil
	}
	return &productOutput{Status: http.StatusOK, ETag: tag, Body: &p}, nil
}

// ChangeInput holds the parameters that every change of a product accepts.
type ChangeInput struct {
	SKU     string `path:"sku" maxLength:"64" doc:"The product's SKU"`
	Key     string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" doc:"A name that the caller chooses for this change, so that a repeated request with the same conditions changes nothing more and returns the first request's result"`
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The version (\"7\") or the ETag (\"7.42\") that the product must have; * means any version"`
}

// change adds the caller and the conditions of the request to a change.
func (s *Service) change(ctx context.Context, in ChangeInput, c catalog.Change) (catalog.Change, error) {
	caller := httpkit.CallOf(ctx)
	c.Actor, c.Correlation, c.ID = caller.Actor(), caller.Correlation, "req:"+rand.Text()
	if in.Key != "" {
		c.ID = caller.Actor() + ":" + in.Key
	}
	switch in.IfMatch {
	case "":
		return c, nil
	case "*":
		c.IfExists = true
		return c, nil
	}
	tag, err := strconv.Unquote(in.IfMatch)
	version, revision, exact := strings.Cut(tag, ".")
	v, verr := strconv.ParseInt(version, 10, 64)
	r, rerr := strconv.ParseInt(revision, 10, 64)
	if err != nil || verr != nil || exact && rerr != nil {
		return c, httpkit.NewProblem(http.StatusPreconditionFailed, "version_conflict", `If-Match: want a product's version, such as "7", or its ETag`)
	}
	if c.IfVersion = &v; exact {
		c.IfRevision = &r
	}
	return c, nil
}

// send sends the change to the product's workflow and returns the changed product.
func (s *Service) send(ctx context.Context, in ChangeInput, c catalog.Change) (*productOutput, error) {
	sku := catalog.CleanSKU(in.SKU)
	if !catalog.IsSKU(sku) { // start no workflow for a SKU that cannot exist
		return nil, httpkit.RequestProblem(fmt.Errorf("%w: %.64q", catalog.ErrNotFound, in.SKU))
	}
	c, err := s.change(ctx, in, c)
	if err != nil {
		return nil, err
	}
	waited, stop := context.WithTimeout(ctx, s.server.SteerWithin)
	defer stop()
	p, err := s.Workflows.ChangeProduct(waited, sku, c)
	switch {
	case httpkit.TimedOut(waited, err):
		return nil, changedLater(in.Key)
	case err != nil:
		return nil, httpkit.RequestProblem(err)
	}
	return &productOutput{Status: http.StatusOK, ETag: etag(p), Body: &p}, nil
}

// changedLater returns the problem of a change that was not made in time and may
// still be made. With a key the problem asks the caller to send the request again,
// which finds out. Without one, that would be another change, so the problem does
// not ask for it.
func changedLater(key string) *httpkit.Problem {
	if key == "" {
		return httpkit.NewProblem(http.StatusServiceUnavailable, "timeout", "the change was not made in time, but may still be made: read the product before sending it again, which would make another change")
	}
	return httpkit.NewProblem(http.StatusServiceUnavailable, "timeout", "the change was not made in time; send the same request again with the same Idempotency-Key").RetryAfter(2 * time.Second)
}

type putProductInput struct {
	ChangeInput
	IfNoneMatch string `header:"If-None-Match" enum:"*" doc:"Only if the product does not exist"`
	Body        describedProduct
}

// describedProduct accepts a product as the API returns it: the read-only fields
// are ignored.
type describedProduct struct {
	catalog.Product
	Available int64 `json:"available,omitempty" doc:"Read only"`
	Revision  int64 `json:"revision,omitempty" doc:"Read only"`
	Added     int64 `json:"added,omitempty" doc:"Read only"`
}

func (s *Service) put(ctx context.Context, in *putProductInput) (*productOutput, error) {
	put := in.Body.Product.Clean()
	put.Version, put.Images = 0, nil
	if put.SKU != catalog.CleanSKU(in.SKU) {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "sku: the body and the address name different products")
	}
	if faults := put.Faults(); len(faults) > 0 {
		return nil, faulty(faults)
	}
	c := catalog.Change{Put: &put}
	if in.IfNoneMatch != "" {
		none := int64(0)
		c.IfVersion = &none
	}
	out, err := s.send(ctx, in.ChangeInput, c)
	if err == nil && out.Body.Version == 1 {
		out.Status, out.Location = http.StatusCreated, "/v1/products/"+url.PathEscape(put.SKU)
	}
	return out, err
}

// faulty returns the problem that lists all faults of a product.
func faulty(faults []catalog.Fault) *httpkit.Problem {
	p := httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", faults[0].String())
	for _, f := range faults {
		p.Errors = append(p.Errors, httpkit.Fault{Location: "body." + f.Field, Message: f.Message})
	}
	return p
}

type patchProductInput struct {
	ChangeInput
	Body struct {
		Price    *int64  `json:"price,omitempty" minimum:"1" doc:"The price in minor units of the currency. At most what one order can be charged in it: 99999999 in most currencies, 999999999999 in IDR"`
		Currency *string `json:"currency,omitempty" minLength:"3" maxLength:"3" doc:"Only together with price"`
		OnHand   *int64  `json:"onHand,omitempty" minimum:"0" maximum:"1000000000" doc:"The counted stock, including reserved pieces"`
		Receive  int64   `json:"receive,omitempty" minimum:"-1000000000" maximum:"1000000000" doc:"The number of pieces to add to the stock; negative to remove"`
		Inactive *bool   `json:"inactive,omitempty"`
	}
}

func (s *Service) patch(ctx context.Context, in *patchProductInput) (*productOutput, error) {
	b := in.Body
	c := catalog.Change{OnHand: b.OnHand, Receive: b.Receive, Inactive: b.Inactive}
	switch {
	case b.Price != nil:
		c.Price = &catalog.Price{Amount: *b.Price}
		if b.Currency != nil {
			c.Price.Currency = *b.Currency
		}
	case b.Currency != nil:
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "currency: a new currency needs a new price")
	case b.OnHand == nil && b.Receive == 0 && b.Inactive == nil:
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "the request changes nothing: want price, onHand, receive or inactive")
	}
	return s.send(ctx, in.ChangeInput, c)
}

type deleteProductInput struct{ ChangeInput }

func (s *Service) delete(ctx context.Context, in *deleteProductInput) (*struct{}, error) {
	_, err := s.send(ctx, in.ChangeInput, catalog.Change{Delete: true})
	return nil, err
}

type productChangesInput struct {
	SKU   string `path:"sku" maxLength:"64" doc:"The product's SKU"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"The maximum number of changes"`
}

// productChange is a change that was made or refused, with its actor.
type productChange productrecords.RecordedChange

type productChangesOutput struct {
	Body struct {
		Changes []productChange `json:"changes"`
	}
}

func (s *Service) changes(ctx context.Context, in *productChangesInput) (*productChangesOutput, error) {
	changes, err := s.Records.ProductChanges(ctx, catalog.CleanSKU(in.SKU), in.Limit)
	out := &productChangesOutput{}
	out.Body.Changes = make([]productChange, len(changes))
	for i, c := range changes {
		out.Body.Changes[i] = productChange(c)
	}
	return out, err
}
