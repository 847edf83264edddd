package shop

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"purser/api/orders"
	"purser/order"
)

// TestTypesMatchTheAPI compares the client's types with the API's: every JSON
// member of the one is a member of the other, with the same type.
func TestTypesMatchTheAPI(t *testing.T) {
	for name, pair := range map[string][2]reflect.Type{
		"order": {reflect.TypeFor[orders.Order](), reflect.TypeFor[Order]()},
		"quote": {reflect.TypeFor[orders.Quote](), reflect.TypeFor[Quote]()},
		"event": {reflect.TypeFor[orders.Event](), reflect.TypeFor[Event]()},
	} {
		for _, d := range differences(name, pair[0], pair[1]) {
			t.Error(d)
		}
	}
	type wrong struct {
		ID    int                  `json:"id"`
		Lines []struct{ Name int } `json:"lines"`
	}
	type right struct {
		ID    string               `json:"id"`
		Lines []struct{ Size int } `json:"lines"`
		Total int                  `json:"total"`
	}
	found := differences("x", reflect.TypeFor[wrong](), reflect.TypeFor[right]())
	if want := []string{"x.id: int and string", "x.lines: members [Name] and [Size]", "x: members [id lines] and [id lines total]"}; !slices.Equal(found, want) {
		t.Errorf("of two types that differ: got %q, want %q", found, want)
	}
}

// differences compares two types as JSON.
func differences(at string, a, b reflect.Type) (found []string) {
	if a == b {
		return nil
	}
	if a.Kind() != b.Kind() {
		return []string{at + ": " + a.String() + " and " + b.String()}
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Slice:
		return differences(at, a.Elem(), b.Elem())
	case reflect.Struct:
		ours, theirs := members(a), members(b)
		if len(ours) == 0 || len(theirs) == 0 {
			return []string{at + ": no members"}
		}
		var na, nb []string
		for _, m := range ours {
			na = append(na, m.name)
			if i := slices.IndexFunc(theirs, func(o member) bool { return o.name == m.name }); i >= 0 {
				found = append(found, differences(at+"."+m.name, m.of, theirs[i].of)...)
			}
		}
		for _, m := range theirs {
			nb = append(nb, m.name)
		}
		if !slices.Equal(na, nb) {
			found = append(found, at+": members "+brackets(na)+" and "+brackets(nb))
		}
		return found
	}
	return []string{at + ": " + a.String() + " and " + b.String()}
}

// member is a member of a JSON object.
type member struct {
	name string
	of   reflect.Type
}

func members(t reflect.Type) (all []member) {
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" {
			name = t.Field(i).Name
		}
		all = append(all, member{name, t.Field(i).Type})
	}
	return all
}

func brackets(names []string) string { return "[" + strings.Join(names, " ") + "]" }

func TestCurrentPaymentAndShipment(t *testing.T) {
	o := Order{
		Payments: []Payment{
			{Number: 1, Status: order.PaymentCanceled},
			{Number: 2, Status: order.PaymentCaptured},
			{Number: 3, Status: order.PaymentAuthorized, Surplus: true},
		},
		Shipments: []Shipment{{Number: 1}, {Number: 2, Replaced: true}},
	}
	if p, s := o.Payment(), o.Shipment(); p.Number != 2 || s.Number != 1 {
		t.Errorf("payment %d, shipment %d, want 2 and 1", p.Number, s.Number)
	}
	if p, s := (Order{}).Payment(), (Order{}).Shipment(); p.Number != 0 || s.Number != 0 {
		t.Errorf("of a new order: payment %+v, shipment %+v", p, s)
	}
}
