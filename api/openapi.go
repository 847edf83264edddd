package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/catalog"
	"purser/order"
)

// document returns the OpenAPI document without operations. The subjects add
// theirs when they register.
func document(version string) huma.Config {
	c := huma.DefaultConfig(httpkit.Title, version)
	c.Info.Description = "Runs a shop's orders from checkout to delivery. Errors are problem documents (RFC 9457) with a stable code."
	for _, t := range []huma.Tag{
		{Name: "orders", Description: "Orders, from checkout to delivery"},
		{Name: "returns", Description: "Goods that are sent back: asked for, approved, received and refunded"},
		{Name: "catalogue", Description: "Products as shops and shoppers read and search them"},
		{Name: "images", Description: "Product images: uploaded directly to the object store, served in several sizes"},
		{Name: "mail", Description: "The status of sent mails, and the recipients' preferences"},
		{Name: "campaigns", Description: "One mail to many recipients, once to each"},
		{Name: "operators", Description: "Operations that need an operator's key: changing the catalogue, and resolving what needs a person's decision"},
		{Name: "health", Description: "Whether the process and its dependencies respond"},
	} {
		c.Tags = append(c.Tags, &t)
	}
	describe(c.Components.Schemas)
	return c
}

// describe puts the domain's limits into its schemas, so that clients can read
// them there and the schema check refuses most bad input.
func describe(schemas huma.Registry) {
	of := func(t reflect.Type) map[string]*huma.Schema {
		schemas.Schema(t, true, "")
		return schemas.SchemaFromRef("#/components/schemas/" + t.Name()).Properties
	}
	number := func(n float64) *float64 { return &n }
	length := func(n int) *int { return &n }
	for t, limits := range map[reflect.Type]map[string]int{
		reflect.TypeFor[order.Request]():   {"customerId": 64, "email": 254, "currency": 3},
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

// precompute prepares a schema's error messages, which huma does only once, before
// the limits are set.
func precompute(sc *huma.Schema) {
	sc.PrecomputeMessages()
	for _, p := range sc.Properties {
		p.PrecomputeMessages()
	}
}
