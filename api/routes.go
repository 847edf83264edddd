package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"purser/catalog"
	"purser/order"
)

const title = "Purser"

// routes declares every operation: its address, who may use it and what it
// answers. The OpenAPI document is made from this and nothing else (API-1).
func (s *server) routes(mux *http.ServeMux) {
	a := s.openAPI(mux)
	read := []Role{Shop, Viewer, Operator}
	write := []Role{Shop, Operator}
	operate := []Role{Operator}

	register(s, a, huma.Operation{
		OperationID: "place-order", Method: http.MethodPost, Path: "/v1/orders", DefaultStatus: http.StatusCreated, Tags: []string{"orders"},
		Summary:     "Place an order",
		Description: "Prices the order from the catalogue, sets its stock aside and makes it payable. One that costs less than can be charged in its currency is refused with the minimum (422 amount_too_small). Sending it again with the same Idempotency-Key answers the same order, with 201 as the first time; with another body it is refused (422 idempotency_key_reused), and while the first is still being opened it may be asked to wait (409 in_flight). An order that is accepted but cannot be paid yet is answered with 202 and no clientSecret: send the same request again, or read the order.",
	}, write, s.place, http.StatusAccepted)
	register(s, a, huma.Operation{
		OperationID: "list-orders", Method: http.MethodGet, Path: "/v1/orders", Tags: []string{"orders"},
		Summary:     "List orders, newest first",
		Description: "With the header Purser-Customer only that customer's orders are there. Follow nextCursor until it is missing.",
	}, read, s.list)
	register(s, a, huma.Operation{
		OperationID: "get-order", Method: http.MethodGet, Path: "/v1/orders/{id}", Tags: []string{"orders"},
		Summary:     "Read an order",
		Description: "With If-None-Match and the ETag of the last answer, 304 says that nothing has changed. For news as it comes, follow the order's events.",
	}, read, s.get, http.StatusNotModified)
	register(s, a, s.eventsOperation(a), read, s.events)
	register(s, a, huma.Operation{
		OperationID: "cancel-order", Method: http.MethodPost, Path: "/v1/orders/{id}/cancel", Tags: []string{"orders"},
		Summary:     "Cancel an order",
		Description: "Undoes the order if its parcel is not booked yet and answers it as undone; 202 while that is still going on; 409 too_late after. 503 busy says that nobody has taken the request yet: send it again.",
	}, write, s.cancel, http.StatusAccepted)
	register(s, a, huma.Operation{
		OperationID: "release-order", Method: http.MethodPost, Path: "/v1/orders/{id}/release", Tags: []string{"operators"},
		Summary:     "Let an order on hold go on",
		Description: "Only for an order that is on_hold: the provider is asked anew, and what it says then counts. 409 wrong_state otherwise; 202 while the order is still moving. The reason stands in the order's story with the name of the key.",
	}, operate, s.release, http.StatusAccepted)
	register(s, a, huma.Operation{
		OperationID: "list-products", Method: http.MethodGet, Path: "/v1/products", Tags: []string{"catalogue"},
		Summary:     "List products",
		Description: "By SKU, also what is not for sale now. onHand is what there is, whether or not it is set aside for orders. Follow nextAfter until it is missing.",
	}, read, s.products)
	register(s, a, huma.Operation{
		OperationID: "put-products", Method: http.MethodPut, Path: "/v1/products", Tags: []string{"operators"},
		Summary:     "Add or change products",
		Description: "Adds those that are new and describes the others anew, all at once or, if one of them is wrong, none. For many products, or with an answer for each, use an import.",
	}, operate, s.putProducts)
	s.inboxRoutes(a, operate)
	s.healthRoutes(a)
	s.catalogueRoutes(a)
	s.pictureRoutes(mux, a)
	s.searchRoutes(a)
	s.outboxRoutes(a, operate)
	s.returnRoutes(a, write)
	s.mailRoutes(a, mux)
	s.campaignRoutes(a)
	s.previews(mux)
	s.sampleShop(mux)
	docs(mux)
}

// openAPI sets huma up: strict JSON, our problems instead of its own, and a
// document without anything fetched from elsewhere.
func (s *server) openAPI(mux *http.ServeMux) huma.API {
	c := huma.DefaultConfig(title, s.Version)
	c.Info.Description = "Runs a shop's orders, from click to doorstep. Errors are problem documents (RFC 9457) with a stable code."
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
	for _, t := range []huma.Tag{
		{Name: "orders", Description: "From the click to the doorstep"},
		{Name: "catalogue", Description: "Products as shops and shoppers read and search them"},
		{Name: "pictures", Description: "Products' pictures: sent straight to the store, shown in several sizes"},
		{Name: "mail", Description: "What became of mails, and whom they go to"},
		{Name: "campaigns", Description: "One mail to many people, each once"},
		{Name: "operators", Description: "What takes an operator's key: changing the catalogue, and what needs a person"},
		{Name: "health", Description: "Whether the process and what it stands on answer"},
	} {
		c.Tags = append(c.Tags, &t)
	}
	describe(c.Components.Schemas)
	a := humago.New(mux, c)
	a.UseMiddleware(s.authorize, checkHeaders, s.limit, checkBody)
	return a
}

// strictCasing makes the schemas tell "quantity" from "QUANTITY". The switch
// is the process's, and there is no reason to ever turn it back.
var strictCasing = sync.OnceFunc(func() { huma.ValidateStrictCasing = true })

// describe puts the vocabulary's limits into its schemas, so that the
// document tells them and most bad input is refused by it.
func describe(schemas huma.Registry) {
	schemas.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[Problem]())
	of := func(t reflect.Type) map[string]*huma.Schema {
		schemas.Schema(t, true, "")
		return schemas.SchemaFromRef("#/components/schemas/" + t.Name()).Properties
	}
	number := func(n float64) *float64 { return &n }
	length := func(n int) *int { return &n }
	for t, limits := range map[reflect.Type]map[string]int{
		reflect.TypeFor[order.Request]():   {"customerId": 64, "email": 254, "locale": 35, "currency": 3},
		reflect.TypeFor[order.Address]():   {"name": order.MaxText, "line1": order.MaxText, "line2": order.MaxText, "city": order.MaxText, "postalCode": 20, "country": 2},
		reflect.TypeFor[catalog.Product](): {"sku": 64, "name": order.MaxText, "currency": 3},
	} {
		properties := of(t)
		for name, most := range limits {
			properties[name].MaxLength = length(most)
		}
	}
	lines := of(reflect.TypeFor[order.Request]())["lines"]
	lines.MinItems, lines.MaxItems, lines.Nullable = length(1), length(order.MaxLines), false
	schemas.SchemaFromRef("#/components/schemas/Request").Examples = []any{order.Request{
		Customer: "cus_1", Email: "ada@shop.example", Locale: "en", Currency: "EUR",
		ShipTo: order.Address{Name: "Ada Lovelace", Line1: "1 Quay Street", City: "Bristol", PostalCode: "BS1 4QS", Country: "GB"},
		Lines:  []order.RequestLine{{SKU: "mug-blue", Quantity: 2}},
	}}
	line := of(reflect.TypeFor[order.RequestLine]())
	line["sku"].MinLength, line["sku"].MaxLength = length(1), length(64)
	line["quantity"].Minimum, line["quantity"].Maximum = number(1), number(order.MaxQuantity)
	for _, sc := range schemas.Map() {
		precompute(sc)
	}
}

func precompute(sc *huma.Schema) {
	sc.PrecomputeMessages()
	for _, p := range sc.Properties {
		p.PrecomputeMessages()
	}
}

// register adds one operation. also are the statuses it may answer with
// beside its default one and problems.
func register[I, O any](s *server, a huma.API, op huma.Operation, roles []Role, do func(context.Context, *I) (*O, error), also ...int) {
	if roles != nil {
		if op.Metadata == nil {
			op.Metadata = map[string]any{}
		}
		op.Metadata["roles"] = roles
		op.Security = []map[string][]string{{"key": {}}}
	}
	op.MaxBodyBytes = maxBody + 1 // huma refuses a body that has this many
	// The deadline stays on the connection after the body is read, and
	// passing it would cancel the request: it must outlast every wait of
	// ours.
	op.BodyReadTimeout = max(s.PlaceWithin+s.TurnWithin, s.SteerWithin) + 10*time.Second
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "A problem: its code is stable, its detail says what to change. 401 and 403 are about the key, 422 about what was sent; after 429 and 503 try again, when Retry-After says.",
		Content: map[string]*huma.MediaType{"application/problem+json": {
			Schema: a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, ""),
		}},
	}
	huma.Register(a, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err == nil {
			return out, nil
		}
		p := problemOf(err)
		if p.cause != nil {
			s.Log.ErrorContext(ctx, "request failed", "operation", op.OperationID, "error", p.cause,
				"requestId", callOf(ctx).requestID, "orderId", callOf(ctx).orderID)
		}
		return nil, p
	})
	document(a, op, also)
}

// document adds the other answers: the same body and headers with another
// status, or nothing at all.
func document(a huma.API, op huma.Operation, also []int) {
	item := a.OpenAPI().Paths[op.Path]
	for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
		if o == nil || o.OperationID != op.OperationID {
			continue
		}
		for _, status := range also {
			r := &huma.Response{Description: http.StatusText(status)}
			if status != http.StatusNotModified {
				def := max(op.DefaultStatus, http.StatusOK)
				r.Content, r.Headers = o.Responses[strconv.Itoa(def)].Content, o.Responses[strconv.Itoa(def)].Headers
			}
			o.Responses[strconv.Itoa(status)] = r
		}
	}
}
