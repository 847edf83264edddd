package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	sdk "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/form"

	"purser/order"
)

// KeepsEvents is how long Stripe lists an event
// (https://docs.stripe.com/api/events/list).
const KeepsEvents = 30 * 24 * time.Hour

// rawPage is a page of a list whose objects are not read by the SDK.
type rawPage struct {
	sdk.APIResource
	Data    []json.RawMessage `json:"data"`
	HasMore bool              `json:"has_more"`
}

// rawObject is an object that is not read by the SDK; its bytes are in LastResponse.
type rawObject struct {
	sdk.APIResource
	ID string `json:"id"`
}

// ListEvents returns a page of the events, of the types that an order needs, that were
// created from a time until another, the latest first. after is the last event of the
// page before, "" for the first page. It fails with order.ErrNoSuch if that event is
// not listed any more.
func (c *Client) ListEvents(ctx context.Context, since, until time.Time, after string) (order.EventPage, error) {
	const op = "list events"
	p := &sdk.EventListParams{
		ListParams:   c.listParams(ctx),
		CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: since.Unix(), LesserThanOrEqual: until.Unix()},
		Types:        sdk.StringSlice(slices.Sorted(maps.Keys(wanted))),
	}
	if after != "" {
		p.StartingAfter = sdk.String(after)
	}
	page := order.EventPage{Account: c.conf.Account}
	query := &form.Values{}
	form.AppendTo(query, p)
	var found rawPage
	if err := c.backend.CallRaw(http.MethodGet, "/v1/events", c.conf.Key, query, p.GetParams(), &found); err != nil {
		return page, classify(op, read, err).err()
	}
	for _, body := range found.Data {
		var e envelope
		if err := json.Unmarshal(body, &e); err != nil || e.Object != "event" || e.ID == "" {
			return page, classify(op, read, errNoAnswer).err() // without its id the list cannot be continued
		}
		page.Events = append(page.Events, order.ListedEvent{ID: e.ID, Body: body})
	}
	page.More = found.HasMore && len(page.Events) > 0
	return page, nil
}

// EventBody returns a listed event as a webhook would bring it. Stripe lists an event
// with its object in the version that was the account's default at the time, whichever
// version the endpoint of the webhooks has: if that is another version than this
// adapter's, the object is fetched, as it is now. An object that Stripe does not have
// any more stays as it is listed.
func (c *Client) EventBody(ctx context.Context, listed order.ListedEvent) ([]byte, error) {
	var e envelope
	var fields map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(listed.Body, &e), json.Unmarshal(listed.Body, &fields)); err != nil {
		return listed.Body, nil // Parse says what is wrong with it
	}
	if e.Account == "" && c.conf.Account != "" { // only webhooks name the account
		fields["account"] = quoted(c.conf.Account)
	} else if e.APIVersion == APIVersion {
		return listed.Body, nil
	}
	if e.APIVersion != APIVersion {
		object, err := c.fetchObject(ctx, e.Data.Object)
		switch {
		case errors.Is(err, order.ErrNoSuch):
		case err != nil:
			return nil, err
		default:
			fields["data"], fields["api_version"] = json.RawMessage(`{"object":`+string(object)+`}`), quoted(APIVersion)
		}
	}
	return json.Marshal(fields)
}

func quoted(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string can always be encoded
	return b
}

// collections are the paths of the objects in the events that an order needs.
var collections = map[string]string{"payment_intent": "payment_intents", "charge": "charges", "refund": "refunds", "dispute": "disputes"}

// fetchObject returns an object as Stripe has it now, in the version of this adapter.
// It fails with order.ErrNoSuch if there is no such object.
func (c *Client) fetchObject(ctx context.Context, listed json.RawMessage) ([]byte, error) {
	const op = "get object of event"
	var s subject
	if err := json.Unmarshal(listed, &s); err != nil {
		return nil, noSuch(op, err).err()
	}
	path := collections[s.Object]
	if path == "" {
		return nil, noSuch(op, fmt.Errorf("a %.40q is no object of a payment", s.Object)).err()
	}
	if err := checkID(s.ID); err != nil {
		return nil, noSuch(op, err).err()
	}
	p := c.params(ctx, "")
	var found rawObject
	if err := c.backend.Call(http.MethodGet, "/v1/"+path+"/"+s.ID, c.conf.Key, &p, &found); err != nil {
		return nil, classify(op, read, err).err()
	}
	if found.ID != s.ID || found.LastResponse == nil {
		return nil, classify(op, read, errNoAnswer).err()
	}
	return found.LastResponse.RawJSON, nil
}
