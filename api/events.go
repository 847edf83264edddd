package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/order"
	"purser/records"
)

type eventsInput struct {
	ID          string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	After       int64  `query:"after" minimum:"0" doc:"Only events with a higher seq, as the story is told now"`
	Limit       int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many at the most"`
	Accept      string `header:"Accept" maxLength:"256" doc:"text/event-stream for a live stream that ends after the order did"`
	LastEventID string `header:"Last-Event-ID" maxLength:"40" doc:"Where a stream goes on; the browser sends it by itself"`
}

type eventPage struct {
	Events []order.Event `json:"events"`
	// NextAfter is there if there may be more.
	NextAfter int64 `json:"nextAfter,omitempty" doc:"after of the next page; missing on the last one"`
}

// events tells an order's story: as a page, or live.
func (s *server) events(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	o, err := s.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if wantsStream(in.Accept) {
		return s.stream(o, in, callOf(ctx).actor())
	}
	events, err := s.Records.Events(ctx, o.ID, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	page := eventPage{Events: append([]order.Event{}, events...)}
	if len(events) == in.Limit {
		page.NextAfter = events[len(events)-1].Seq
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(ctx.BodyWriter()).Encode(page) // the caller may be gone
	}}, nil
}

// stream begins a live stream, if one more may be open.
func (s *server) stream(o order.Order, in *eventsInput, who string) (*huma.StreamResponse, error) {
	// Who names a mere number is taken to know the story as it is told now.
	seen := records.Mark{Seq: in.After, Fence: o.Fence}
	if in.LastEventID != "" {
		var ok bool
		if seen, ok = parseMark(in.LastEventID, o.Fence); !ok {
			return nil, problem(http.StatusUnprocessableEntity, "invalid", "Last-Event-ID: want the id of an event of this stream")
		}
	}
	release, ok := s.streams.TryAcquire(who)
	if !ok {
		return nil, problem(http.StatusServiceUnavailable, "too_many_streams", "too many live streams are open").retry(5 * time.Second)
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer release()
		ctx.SetHeader("Content-Type", contentStream)
		ctx.SetHeader("Cache-Control", "no-store")
		ctx.SetHeader("X-Accel-Buffering", "no")
		ctx.SetStatus(http.StatusOK)
		w := ctx.BodyWriter().(http.ResponseWriter)
		l := &live{server: s, w: w, control: http.NewResponseController(w), id: o.ID, seen: seen}
		l.run(ctx.Context())
	}}, nil
}

// live is one open stream of an order's events.
type live struct {
	*server
	w       http.ResponseWriter
	control *http.ResponseController
	id      order.ID
	seen    records.Mark // the last event sent
	ended   time.Time
}

// run sends events as they are recorded until the order has ended, the
// caller goes away or the server stops. A caller that was cut off resumes
// with Last-Event-ID.
func (l *live) run(ctx context.Context) {
	if l.send(": the story of %s\nretry: 1000\n\n", l.id) != nil {
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
			_ = l.send("event: end\ndata: {}\n\n") // nothing follows either way
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

// catchUp sends what was recorded since. The story is over when the order is
// final and nothing more has come for a while: the last mail is recorded
// after the last status.
func (l *live) catchUp(ctx context.Context) (over bool, err error) {
	for {
		events, err := l.Records.Since(ctx, l.id, l.seen, 500)
		if err != nil {
			l.Log.WarnContext(ctx, "event stream cut", "orderId", l.id, "error", err)
			return false, err
		}
		for _, e := range events {
			data, err := json.Marshal(e.Event)
			if err != nil {
				return false, err
			}
			if err := l.send("id: %s\nevent: %s\ndata: %s\n\n", markText(e.Mark()), e.Kind, data); err != nil {
				return false, err
			}
			l.seen = e.Mark()
		}
		if len(events) > 0 {
			l.ended = time.Time{}
		}
		if len(events) < 500 {
			break
		}
	}
	if !l.ended.IsZero() {
		return l.Now().Sub(l.ended) >= l.Linger, nil
	}
	o, err := l.Records.Order(ctx, l.id)
	if err != nil {
		return false, err
	}
	if o.Status.Final() && o.Version <= l.seen.Seq {
		l.ended = l.Now()
	}
	return false, nil
}

// markText is the id of an event in a stream: its seq and the fence it was
// told under. An event that is told anew has the old seq and another id.
func markText(m records.Mark) string { return fmt.Sprintf("%d-%d", m.Seq, m.Fence) }

// parseMark reads an event's id. One that is only a seq, as all were once,
// stands for the story as told under fence.
func parseMark(s string, fence int64) (records.Mark, bool) {
	seq, told, both := strings.Cut(s, "-")
	m := records.Mark{Fence: fence}
	var err error
	if m.Seq, err = strconv.ParseInt(seq, 10, 64); err != nil || m.Seq < 0 {
		return m, false
	}
	if both {
		m.Fence, err = strconv.ParseInt(told, 10, 64)
	}
	return m, err == nil && m.Fence >= 0
}

// send writes a piece and pushes it out. A caller that does not read is cut
// off rather than waited for.
func (l *live) send(format string, args ...any) error {
	_ = l.control.SetWriteDeadline(time.Now().Add(10 * time.Second)) // not every writer can
	if _, err := fmt.Fprintf(l.w, format, args...); err != nil {
		return err
	}
	return l.control.Flush()
}

// eventsOperation documents both of its answers by hand, because neither
// goes through huma's encoder.
func (s *server) eventsOperation(a huma.API) huma.Operation {
	page := a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[eventPage](), true, "EventPage")
	return huma.Operation{
		OperationID: "list-order-events", Method: http.MethodGet, Path: "/v1/orders/{id}/events", Tags: []string{"orders"},
		Summary:     "Read or follow an order's story",
		Description: "With Accept: text/event-stream the answer is a live stream: each event's id says where the stream stands, its name is the kind and its data the event as JSON. It resumes after Last-Event-ID and ends, with an event named end, shortly after the order has ended. Where a crash lost what was told, the stream tells it anew: an event whose seq came before takes the place of that one and of all behind it.",
		Responses: map[string]*huma.Response{"200": {
			Description: "OK",
			Content:     map[string]*huma.MediaType{"application/json": {Schema: page}, contentStream: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}
}
