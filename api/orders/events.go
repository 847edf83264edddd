package orders

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/order"
)

type eventsInput struct {
	ID          string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	After       int64  `query:"after" minimum:"0" doc:"Only events with a higher seq"`
	Limit       int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The maximum number of events"`
	Accept      string `header:"Accept" maxLength:"256" doc:"text/event-stream for a live stream that ends shortly after the order has ended"`
	LastEventID string `header:"Last-Event-ID" maxLength:"40" doc:"The id of the event after which a stream resumes; browsers send it on their own"`
}

type eventPage struct {
	Events []Event `json:"events" nullable:"false"`
	// NextAfter is set if there may be more events.
	NextAfter int64 `json:"nextAfter,omitempty" doc:"The value of after for the next page; missing on the last page"`
}

// events returns an order's events: as a page, or as a live stream.
func (s *Service) events(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	o, err := httpkit.VisibleOrder(ctx, s.Records, in.ID)
	if err != nil {
		return nil, err
	}
	if httpkit.WantsStream(in.Accept) {
		return s.stream(ctx, o, in)
	}
	events, err := s.Records.Events(ctx, o.ID, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	page := eventPage{Events: each(events, eventView)}
	if len(events) == in.Limit {
		page.NextAfter = events[len(events)-1].Seq
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(ctx.BodyWriter()).Encode(page) // the caller may be gone
	}}, nil
}

// stream begins a live stream, unless too many are open.
func (s *Service) stream(ctx context.Context, o order.Order, in *eventsInput) (*huma.StreamResponse, error) {
	seen, fenced := order.Position{Seq: in.After}, false
	if in.LastEventID != "" {
		var ok bool
		if seen, fenced, ok = parseMark(in.LastEventID); !ok {
			return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "Last-Event-ID: want the id of an event of this stream")
		}
	}
	if !fenced {
		var err error
		if seen, err = s.positionAt(ctx, o, seen.Seq); err != nil {
			return nil, err
		}
	}
	release, ok := s.server.AcquireStream(ctx)
	if !ok {
		return nil, httpkit.NewProblem(http.StatusServiceUnavailable, "too_many_streams", "too many live streams are open").RetryAfter(5 * time.Second)
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer release()
		ctx.SetHeader("Content-Type", httpkit.ContentStream)
		ctx.SetHeader("Cache-Control", "no-store")
		ctx.SetHeader("X-Accel-Buffering", "no")
		ctx.SetStatus(http.StatusOK)
		w := ctx.BodyWriter().(http.ResponseWriter)
		l := &live{Service: s, w: w, control: http.NewResponseController(w), id: o.ID, seen: seen}
		l.run(ctx.Context())
	}}, nil
}

// live is one open stream of an order's events.
type live struct {
	*Service
	w       http.ResponseWriter
	control *http.ResponseController
	id      order.ID
	seen    order.Position // the last event sent
	ended   time.Time
}

// run sends events as they are recorded until the order has ended, the caller
// goes away or the server stops. A caller that was cut off resumes with
// Last-Event-ID.
func (l *live) run(ctx context.Context) {
	if l.send(": events of %s\nretry: 1000\n\n", l.id) != nil {
		return
	}
	changed, unwatch := l.Records.Watch(l.id)
	defer unwatch()
	poll := time.NewTicker(l.PollEvery)
	defer poll.Stop()
	beat := time.NewTicker(l.BeatEvery)
	defer beat.Stop()
	for {
		over, err := l.catchUp(ctx)
		if over {
			_ = l.send("event: end\ndata: {}\n\n") // the stream ends even if this fails
		}
		if over || err != nil {
			return
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-beat.C:
			if l.send(": still here\n\n") != nil {
				return
			}
		case <-ctx.Done():
			return
		case <-l.Stopping:
			return
		}
	}
}

// catchUp sends the events recorded since the last event sent. The stream is over
// when the order's status is final and no event has been recorded for Linger: the
// last mail is recorded after the last status.
func (l *live) catchUp(ctx context.Context) (over bool, err error) {
	for {
		events, err := l.Records.EventsSince(ctx, l.id, l.seen, 500)
		if err != nil {
			l.server.Log.WarnContext(ctx, "event stream cut", "orderId", l.id, "error", err)
			return false, err
		}
		for _, e := range events {
			data, err := json.Marshal(eventView(e.Event))
			if err != nil {
				return false, err
			}
			if err := l.send("id: %s\nevent: %s\ndata: %s\n\n", markText(e.Position()), e.Kind, data); err != nil {
				return false, err
			}
			l.seen = e.Position()
		}
		if len(events) > 0 {
			l.ended = time.Time{}
		}
		if len(events) < 500 {
			break
		}
	}
	if !l.ended.IsZero() {
		return l.server.Now().Sub(l.ended) >= l.Linger, nil
	}
	o, err := l.Records.Order(ctx, l.id)
	if err != nil {
		return false, err
	}
	if o.Status.Final() && o.Version <= l.seen.Seq {
		l.ended = l.server.Now()
	}
	return false, nil
}

// markText returns the id of an event in a stream: its seq and the fence it was
// recorded under. An event that replaces a lost one has the same seq and a
// different id.
func markText(m order.Position) string { return fmt.Sprintf("%d-%d", m.Seq, m.Fence) }

// parseMark parses an event's id. An id may also be only a seq; then it is not
// fenced.
func parseMark(s string) (m order.Position, fenced, ok bool) {
	seq, fence, fenced := strings.Cut(s, "-")
	var err error
	if m.Seq, err = strconv.ParseInt(seq, 10, 64); err != nil || m.Seq < 0 {
		return m, fenced, false
	}
	if fenced {
		m.Fence, err = strconv.ParseInt(fence, 10, 64)
	}
	return m, fenced, err == nil && m.Fence >= 0
}

// positionAt returns the position of a follower that names only the number of the
// last event it has read. It is assumed to have read the events that are valid now.
func (s *Service) positionAt(ctx context.Context, o order.Order, seq int64) (order.Position, error) {
	p := order.Position{Seq: seq}
	last := min(seq, o.Version)
	if last == 0 {
		return p, nil
	}
	// No fence is higher, so the first event returned is the one with this number,
	// or one that follows it.
	read, err := s.Records.EventsSince(ctx, o.ID, order.Position{Seq: last - 1, Fence: math.MaxInt64}, 1)
	if len(read) > 0 {
		p.Fence = read[0].Fence
	}
	return p, err
}

// send writes a part of the stream and flushes it. A caller that does not read it
// within 10 s is cut off.
func (l *live) send(format string, args ...any) error {
	_ = l.control.SetWriteDeadline(time.Now().Add(10 * time.Second)) // not every writer supports it
	if _, err := fmt.Fprintf(l.w, format, args...); err != nil {
		return err
	}
	return l.control.Flush()
}

// eventsOperation documents both kinds of response by hand, because huma encodes
// neither of them.
func eventsOperation(a huma.API) huma.Operation {
	page := a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[eventPage](), true, "EventPage")
	return huma.Operation{
		OperationID: "list-order-events", Method: http.MethodGet, Path: "/v1/orders/{id}/events", Tags: []string{"orders"},
		Summary:     "Read or follow an order's events",
		Description: "With Accept: text/event-stream the response is a live stream of server-sent events. An event's id is its position in the stream, its name is the event's kind and its data is the event as JSON. The stream resumes after Last-Event-ID and ends, with an event named end, shortly after the order has ended. If a crash lost events that were already sent, the stream sends their replacements: an event whose seq was sent before replaces that event and all events after it.",
		Responses: map[string]*huma.Response{"200": {
			Description: "OK",
			Content:     map[string]*huma.MediaType{"application/json": {Schema: page}, httpkit.ContentStream: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}
}
