package orders_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"purser/activities/fake"
	labels "purser/activities/orders"
	"purser/api"
	"purser/api/apitest"
	"purser/api/orders"
	"purser/order"
	"purser/records"
)

// carrierOf is a carrier that responds to everything with one file or one error.
type carrierOf struct {
	file []byte
	err  error
}

func (c *carrierOf) LabelFile(context.Context, string, order.LabelFormat) ([]byte, error) {
	return c.file, c.err
}

// TestLabel (SHP-5) downloads labels, and checks the problem of each one that cannot be
// downloaded.
func TestLabel(t *testing.T) {
	t.Parallel()
	carrier := &carrierOf{}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Orders.Labels = &labels.Labels{Carrier: carrier, Store: &fake.Objects{}}
	})
	id := s.Place(t, "cus_1").ID
	o := s.Recorded(t, id)
	o.Shipments = []order.Shipment{
		{Number: 1, Reference: string(id) + "-1", LabelID: "lbl_" + string(id), Status: order.ParcelBooked},
		{Number: 2, Reference: string(id) + "-2", Status: order.ParcelUnknown},
		{Number: 3, Reference: string(id) + "-3", LabelID: "lbl_v" + string(id), Status: order.ParcelVoided},
		{Number: 4, Reference: string(id) + "-4", LabelID: "lbl_w" + string(id), Status: order.ParcelBooked, VoidBy: "key:ops"},
	}
	o.Version++
	if err := s.Store.SaveOrder(t.Context(), order.Change{Order: o, Fence: 1, Events: []order.Event{{OrderID: id, Seq: o.Version, Kind: order.ParcelWasBooked, From: o.Status, To: o.Status, Actor: "carrier", At: o.UpdatedAt}}}); err != nil {
		t.Fatal(err)
	}
	fails := func(kind, cause error) error {
		return &order.ProviderError{Provider: "carrier", Op: "get label", Kind: kind, Err: cause}
	}
	for _, tt := range []struct {
		name, parcel, key string
		carrier           carrierOf
		status            int
		code              string
		headers           []string
	}{
		{name: "a shop", parcel: "1/label", key: apitest.ShopKey, status: 403, code: "forbidden"},
		{name: "of another customer", parcel: "1/label", headers: []string{"Purser-Customer", "cus_2"}, status: 404, code: "not_found"},
		{name: "not booked", parcel: "2/label", status: 409, code: "no_label"},
		{name: "void", parcel: "3/label", status: 409, code: "no_label"},
		{name: "being voided", parcel: "4/label", status: 409, code: "no_label"},
		{name: "unknown parcel", parcel: "5/label", status: 404, code: "no_parcel"},
		{name: "no number", parcel: "x/label", status: 422, code: "invalid"},
		{name: "unknown format", parcel: "1/label?format=png", status: 422, code: "invalid"},
		{name: "the carrier is down", parcel: "1/label", carrier: carrierOf{err: fails(order.ErrUnavailable, nil)}, status: 503, code: "carrier_unavailable"},
		{name: "our key is wrong", parcel: "1/label", carrier: carrierOf{err: fails(order.ErrDenied, nil)}, status: 503, code: "carrier_unavailable"},
		{name: "not a label", parcel: "1/label", carrier: carrierOf{err: fails(order.ErrUnavailable, fmt.Errorf("%w: x", order.ErrLabelFile))}, status: 502, code: "carrier_invalid"},
		{name: "not in this format", parcel: "1/label?format=zpl", carrier: carrierOf{err: fails(order.ErrRejected, nil)}, status: 409, code: "no_label"},
		{name: "deleted", parcel: "1/label", carrier: carrierOf{err: fails(order.ErrNoSuch, nil)}, status: 409, code: "no_label"},
	} {
		*carrier = tt.carrier
		key := tt.key
		if key == "" {
			key = apitest.OperatorKey
		}
		a := s.Ask("GET", "/v1/orders/"+string(id)+"/shipments/"+tt.parcel, key, "", tt.headers...)
		if p := a.Problem(t); a.Status != tt.status || p.Code != tt.code {
			t.Errorf("%s: %d %s, want %d %s", tt.name, a.Status, a.Body, tt.status, tt.code)
		}
	}
	const file = "%PDF-1.4\n%%EOF\n"
	*carrier = carrierOf{file: []byte(file)}
	for range 2 {
		a := s.Ask("GET", "/v1/orders/"+string(id)+"/shipments/1/label", apitest.OperatorKey, "")
		if a.Status != http.StatusOK || string(a.Body) != file || a.Header.Get("Content-Type") != "application/pdf" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %s %v", a.Status, a.Body, a.Header)
		}
		*carrier = carrierOf{err: fails(order.ErrUnavailable, nil)} // it is kept
	}
}

// TestAddParcel (SHP-6) makes a parcel, and checks the problem of each one that cannot be
// made.
func TestAddParcel(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	id := s.Place(t, "cus_1").ID
	path := "/v1/orders/" + string(id) + "/shipments"
	a := s.Ask("POST", path, apitest.OperatorKey, `{"id":"pk-1","lines":[{"sku":" mug-blue ","quantity":1}]}`)
	var o orders.Order
	a.Into(t, &o)
	if a.Status != http.StatusCreated || len(o.Shipments) != 1 || o.Shipments[0].Key != "pk-1" || o.Shipments[0].Lines[0].SKU != "mug-blue" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	refusal := func(kind error, text string) error { return &order.Refusal{Kind: kind, Text: text} }
	for _, tt := range []struct {
		name, path, body, key string
		fails                 error
		status                int
		code                  string
	}{
		{name: "a shop", body: `{"id":"pk-2"}`, key: apitest.ShopKey, status: 403, code: "forbidden"},
		{name: "no id", body: `{}`, status: 422, code: "invalid"},
		{name: "a quantity below one", body: `{"id":"p","lines":[{"sku":"mug-blue","quantity":0}]}`, status: 422, code: "invalid"},
		{name: "twice the same product", body: `{"id":"p","lines":[{"sku":"m","quantity":1},{"sku":"m","quantity":1}]}`, status: 422, code: "invalid"},
		{name: "an unknown method", body: `{"id":"p","method":"drone"}`, status: 422, code: "invalid"},
		{name: "own without a tracking number", body: `{"id":"p","method":"own","carrier":"Post"}`, status: 422, code: "invalid"},
		{name: "a link that leads nowhere", body: `{"id":"p","method":"own","carrier":"Post","tracking":"1","link":"javascript:alert(1)"}`, status: 422, code: "invalid"},
		{name: "a tracking number without a method", body: `{"id":"p","tracking":"1"}`, status: 422, code: "invalid"},
		{name: "more than is left", body: `{"id":"p"}`, fails: refusal(order.ErrNotSendable, "1 of \"mug\" are left"), status: 409, code: "not_sendable"},
		{name: "under the same id", body: `{"id":"p"}`, fails: refusal(order.ErrOtherRequest, "p"), status: 422, code: "idempotency_key_reused"},
		{name: "on hold", body: `{"id":"p"}`, fails: refusal(order.ErrIllegalMove, "the order is on hold"), status: 409, code: "wrong_state"},
		{name: "void: no reason", path: "/1/void", body: `{}`, status: 422, code: "invalid"},
		{name: "void: no parcel", path: "/7/void", body: `{"reason":"x"}`, status: 404, code: "no_parcel"},
		{name: "void: picked up", path: "/1/void", body: `{"reason":"x"}`, fails: refusal(order.ErrIllegalMove, "the carrier has it"), status: 409, code: "wrong_state"},
		{name: "mark: an unknown status", path: "/1/mark", body: `{"status":"lost"}`, status: 422, code: "invalid"},
		{name: "mark: no parcel", path: "/7/mark", body: `{"status":"delivered"}`, status: 404, code: "no_parcel"},
	} {
		s.Orders.FailWith(tt.fails)
		key := tt.key
		if key == "" {
			key = apitest.OperatorKey
		}
		a := s.Ask("POST", path+tt.path, key, tt.body)
		if p := a.Problem(t); a.Status != tt.status || p.Code != tt.code {
			t.Errorf("%s: %d %s, want %d %s", tt.name, a.Status, a.Body, tt.status, tt.code)
		}
	}
	s.Orders.FailWith(nil)
	if a := s.Ask("POST", path+"/1/void", apitest.OperatorKey, `{"reason":"too heavy"}`); a.Status != http.StatusOK {
		t.Errorf("void: %d %s", a.Status, a.Body)
	}
}
