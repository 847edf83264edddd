package orders

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/mail"
	"purser/order"
)

// TestViewShowsAll: the view has a member for each of the stored order, except for
// what only the workflow needs of a refund and of a parcel, and the mapping fills each of them.
func TestViewShowsAll(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := order.Order{}
	fill(reflect.ValueOf(&o).Elem(), now)
	var stored, shown any
	for _, d := range []struct {
		from any
		into *any
	}{{from: o, into: &stored}, {from: viewOf(o), into: &shown}} {
		b, err := json.Marshal(d.from)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, d.into); err != nil {
			t.Fatal(err)
		}
	}
	refund := stored.(map[string]any)["refunds"].([]any)[0].(map[string]any)
	for _, inner := range []string{"notified", "key", "asked"} {
		delete(refund, inner)
	}
	back := stored.(map[string]any)["returns"].([]any)[0].(map[string]any)
	delete(back, "asked")
	delete(back, "got")
	delete(back["label"].(map[string]any), "labelId")
	delete(back["label"].(map[string]any), "reference")
	delete(stored.(map[string]any)["shipments"].([]any)[0].(map[string]any), "asked")
	delete(stored.(map[string]any)["shipments"].([]any)[0].(map[string]any), "to") // of a parcel that is not sent
	delete(stored.(map[string]any), "opened")
	change := stored.(map[string]any)["changes"].([]any)[0].(map[string]any)
	delete(change, "asked")
	change["added"] = change["removed"] // of a line that is added, its pieces
	derived := shown.(map[string]any)
	line, fee := derived["lines"].([]any)[0].(map[string]any), derived["shipping"].(map[string]any)
	for _, d := range []struct {
		from map[string]any
		name string
	}{{from: derived, name: "refundable"}, {from: line, name: "total"}, {from: line, name: "refunded"}, {from: line, name: "refundedQuantity"}, {from: line, name: "leftOut"}, {from: line, name: "leftOutQuantity"}, {from: fee, name: "leftOut"}, {from: fee, name: "total"}, {from: fee, name: "refunded"}, {from: derived["shipments"].([]any)[0].(map[string]any), name: "weight"}} {
		if _, there := d.from[d.name]; !there {
			t.Errorf("%s is missing", d.name)
		}
		delete(d.from, d.name)
	}
	trouble := stored.(map[string]any)["mailTrouble"].([]any)[0].(map[string]any)
	trouble["template"] = trouble["milestone"]
	delete(trouble, "milestone")
	if !reflect.DeepEqual(stored, shown) {
		was, _ := json.MarshalIndent(stored, "", " ")
		is, _ := json.MarshalIndent(shown, "", " ")
		t.Errorf("stored:\n%s\nshown:\n%s", was, is)
	}
	e := order.Event{}
	fill(reflect.ValueOf(&e).Elem(), now)
	was, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	is, err := json.Marshal(eventView(e))
	if err != nil || string(was) != string(is) {
		t.Errorf("event: stored %s, shown %s, %v", was, is, err)
	}
}

// fill sets everything in a value to something that is not zero.
func fill(v reflect.Value, now time.Time) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), now)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), now)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(now))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), now)
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	default:
		v.SetInt(7)
	}
}

// Nothing of the record's own reaches the API, and every list is a list.
func TestView(t *testing.T) {
	b, err := json.Marshal(viewOf(order.Order{ID: "ord_1", Payments: []order.Payment{{}}, Shipments: []order.Shipment{{}}, Hold: &order.Hold{}}))
	if err != nil {
		t.Fatal(err)
	}
	for _, not := range []string{"fence", "null", "notified", "snapshot"} {
		if strings.Contains(string(b), not) {
			t.Errorf("the view holds %q: %s", not, b)
		}
	}
	for _, list := range []string{"lines", "payments", "shipments", "refunds", "disputes", "returns", "mailTrouble", "attention", "choices"} {
		if !strings.Contains(string(b), `"`+list+`":[`) {
			t.Errorf("%s is missing from %s", list, b)
		}
	}
}

// TestETag (IDEM-6): the tag changes with everything that the view shows, and with
// nothing else.
func TestETag(t *testing.T) {
	o := order.Order{
		ID: "ord_1", Status: order.OnHold, Version: 7, Reason: "the label is void",
		Hold:      &order.Hold{Kind: order.HoldLabel, Choices: order.HoldLabel.Choices()},
		Waiting:   &order.Waiting{On: "operator"},
		Payments:  []order.Payment{{Number: 1, Captured: 2900}},
		Shipments: []order.Shipment{{Number: 1, Tracking: "PX 1"}},
		Refunds:   []order.Refund{{ID: "re_1", Status: order.RefundPending}},
	}
	tag := etag(viewOf(o))
	tags := []string{tag}
	for name, change := range map[string]func(*order.Order){
		"version":  func(o *order.Order) { o.Version++ },
		"status":   func(o *order.Order) { o.Status = order.Paid },
		"wait":     func(o *order.Order) { o.Waiting = &order.Waiting{On: "operator", Until: time.Unix(1, 0)} },
		"hold":     func(o *order.Order) { o.Hold = nil },
		"captured": func(o *order.Order) { o.Payments = []order.Payment{{Number: 1, Captured: 2901}} },
		"tracking": func(o *order.Order) { o.Shipments = []order.Shipment{{Number: 1, Tracking: "PX 2"}} },
		"trouble":  func(o *order.Order) { o.MailTrouble = []order.MailTrouble{{Kind: mail.Bounced}} },
	} {
		changed := o
		change(&changed)
		got := etag(viewOf(changed))
		if slices.Contains(tags, got) {
			t.Errorf("%s: the tag stays, or is another's", name)
		}
		tags = append(tags, got)
	}
	o.Refunds = []order.Refund{{ID: "re_1", Status: order.RefundPending, Notified: order.RefundPending}}
	if got := etag(viewOf(o)); got != tag {
		t.Error("the tag changes with something that the view does not show")
	}
}
