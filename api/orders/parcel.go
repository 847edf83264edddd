package orders

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/catalog"
	"purser/order"
)

// Labels has the files of labels.
type Labels interface {
	// Label returns the file of a label, by the carrier's id of it. It fails with order.ErrNoLabel, or with
	// a *order.ProviderError if the carrier does not respond as it should.
	Label(ctx context.Context, id order.ID, labelID string, f order.LabelFormat) ([]byte, error)
}

type labelInput struct {
	ID     string            `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Number int               `path:"number" minimum:"1" doc:"The parcel's number within the order"`
	Format order.LabelFormat `query:"format" enum:"pdf,zpl" default:"pdf" doc:"pdf, or zpl for a label printer"`
}

// labelContent documents the file of a label.
func labelContent() map[string]*huma.Response {
	content := map[string]*huma.MediaType{}
	for _, f := range []order.LabelFormat{order.LabelPDF, order.LabelZPL} {
		content[f.MediaType()] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	return map[string]*huma.Response{"200": {Description: "The file", Content: content}}
}

type labelOutput struct {
	ContentType        string `header:"Content-Type"`
	CacheControl       string `header:"Cache-Control"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

// label returns the file of a parcel's label.
func (s *Service) label(ctx context.Context, in *labelInput) (*labelOutput, error) {
	o, err := httpkit.VisibleOrder(ctx, s.Records, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := o.Parcel(in.Number)
	if err != nil {
		return nil, err
	}
	return s.labelFile(ctx, o.ID, p.LabelID, in.Format, p.Reference+"."+string(in.Format))
}

// labelFile returns the file of a label, to be kept under a name.
func (s *Service) labelFile(ctx context.Context, id order.ID, labelID string, f order.LabelFormat, name string) (*labelOutput, error) {
	if s.Labels == nil {
		return nil, order.ErrNoLabel
	}
	file, err := s.Labels.Label(ctx, id, labelID, f)
	if err != nil {
		return nil, carrierProblem(err)
	}
	return &labelOutput{
		ContentType: f.MediaType(), CacheControl: "no-store", Body: file,
		ContentDisposition: fmt.Sprintf(`attachment; filename="%s"`, name),
	}, nil
}

// carrierProblem returns the problem of a carrier that does not respond as it should.
func carrierProblem(err error) error {
	var p *order.ProviderError
	switch {
	case !errors.As(err, &p):
		return err
	case errors.Is(err, order.ErrLabelFile):
		return httpkit.NewProblem(http.StatusBadGateway, "carrier_invalid", "what the carrier sent is not the file of a label").WithCause(err)
	case errors.Is(err, order.ErrRejected):
		return httpkit.NewProblem(http.StatusConflict, "no_label", "the carrier does not have the label in this format")
	}
	after := max(p.RetryAfter, 5*time.Second)
	return httpkit.NewProblem(http.StatusServiceUnavailable, "carrier_unavailable", "the carrier does not respond: try again").RetryAfter(after).WithCause(err)
}

type addParcelInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Body ParcelRequest
}

// ParcelRequest asks for a parcel.
type ParcelRequest struct {
	ID       string               `json:"id" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"Your id of the parcel. A request that is repeated under its id makes no other parcel" example:"pk-1"`
	Lines    []ItemQuantity       `json:"lines,omitempty" maxItems:"100" doc:"The goods in it. Missing: all that are in no parcel"`
	Method   order.ShipmentMethod `json:"method,omitempty" enum:"own,pickup" doc:"own: it goes out without the carrier's API; pickup: the shopper collects it. Missing: Purser books a label"`
	Carrier  string               `json:"carrier,omitempty" maxLength:"50" doc:"For method own: the carrier's name"`
	Tracking string               `json:"tracking,omitempty" maxLength:"64" doc:"For method own: the tracking number"`
	Link     string               `json:"link,omitempty" maxLength:"500" doc:"For method own: where the shopper can follow the parcel"`
	Reason   string               `json:"reason,omitempty" maxLength:"200" doc:"A note, which is recorded in the order's events; no personal data"`
}

// plan returns the request as the workflow takes it.
func (r ParcelRequest) plan() order.ParcelPlan {
	p := order.ParcelPlan{ID: r.ID, Method: r.Method, Carrier: r.Carrier, Tracking: r.Tracking, Link: r.Link}
	for _, l := range r.Lines {
		l.SKU = catalog.CleanSKU(l.SKU)
		p.Lines = append(p.Lines, order.LineQuantity(l))
	}
	return p
}

// addParcel makes a parcel and returns the order. The status is 202 while the parcel is
// not booked.
func (s *Service) addParcel(ctx context.Context, in *addParcelInput) (*orderOutput, error) {
	plan, why := in.Body.plan(), cmp.Or(in.Body.Reason, "packed")
	if err := plan.Validate(); err != nil {
		return nil, detailed(err)
	}
	o, late, err := s.steer(ctx, in.ID, why, func(ctx context.Context, id order.ID, c *httpkit.Call) (order.Order, error) {
		return s.Workflows.AddParcel(ctx, id, plan, c.Actor(), why, c.Correlation)
	})
	if err != nil {
		return nil, detailed(err)
	}
	i := slices.IndexFunc(o.Shipments, func(p order.Shipment) bool { return p.Key == plan.ID })
	switch {
	case i < 0 && late:
		return nil, perhapsNot()
	case i < 0 || !o.Shipments[i].Booked():
		return newOrderOutput(http.StatusAccepted, o), nil
	}
	return newOrderOutput(http.StatusCreated, o), nil
}

type voidLabelInput struct {
	ID     string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Number int    `path:"number" minimum:"1" doc:"The parcel's number within the order"`
	Body   struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the order's events; no personal data"`
	}
}

// voidLabel voids the label of a parcel and returns the order. The status is 202 while the
// carrier has not responded.
func (s *Service) voidLabel(ctx context.Context, in *voidLabelInput) (*orderOutput, error) {
	o, late, err := s.steer(ctx, in.ID, in.Body.Reason, func(ctx context.Context, id order.ID, c *httpkit.Call) (order.Order, error) {
		return s.Workflows.VoidLabel(ctx, id, in.Number, c.Actor(), in.Body.Reason, c.Correlation)
	})
	if err != nil {
		return nil, detailed(err)
	}
	i := slices.IndexFunc(o.Shipments, func(p order.Shipment) bool { return p.Number == in.Number })
	switch {
	case i < 0, late && o.Shipments[i].VoidBy == "":
		return nil, perhapsNot()
	case o.Shipments[i].Status != order.ParcelVoided:
		return newOrderOutput(http.StatusAccepted, o), nil
	}
	return newOrderOutput(http.StatusOK, o), nil
}

type markParcelInput struct {
	ID     string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Number int    `path:"number" minimum:"1" doc:"The parcel's number within the order"`
	Body   struct {
		Status order.ParcelStatus `json:"status" enum:"delivered,returned" doc:"delivered, which also stands for collected, or returned"`
		Reason string             `json:"reason,omitempty" maxLength:"200" doc:"A note, which is recorded in the order's events; no personal data"`
	}
}

// markParcel says where a parcel is, and returns the order. The status is 202 if the result
// is not known yet.
func (s *Service) markParcel(ctx context.Context, in *markParcelInput) (*orderOutput, error) {
	why := cmp.Or(in.Body.Reason, "marked by hand")
	o, late, err := s.steer(ctx, in.ID, why, func(ctx context.Context, id order.ID, c *httpkit.Call) (order.Order, error) {
		return s.Workflows.MarkParcel(ctx, id, in.Number, in.Body.Status, c.Actor(), why, c.Correlation)
	})
	switch {
	case err != nil:
		return nil, detailed(err)
	case late:
		return newOrderOutput(http.StatusAccepted, o), nil
	}
	return newOrderOutput(http.StatusOK, o), nil
}
