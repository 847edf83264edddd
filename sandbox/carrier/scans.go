package carrier

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// The errors of Advance.
var (
	ErrNoLabel = errors.New("no such label")
	ErrStatus  = errors.New("the parcel cannot be given this status")
)

// statuses lists the statuses that a scan can set.
var statuses = []string{"in_transit", "out_for_delivery", "delivered", "exception", "returned"}

// event is a webhook's body.
type event struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Created time.Time `json:"created"`
	Data    eventData `json:"data"`
}

type eventData struct {
	LabelID   string `json:"label_id"`
	Reference string `json:"reference"`
	Tracking  string `json:"tracking"`
	Status    string `json:"status"`
	Note      string `json:"note,omitempty"`
}

// Advance adds a scan with a status to a parcel, which is named by its label's
// id or its reference. Scans may come in any order, as with a real carrier; only
// a voided parcel cannot be scanned. It fails with ErrNoLabel or ErrStatus.
func (s *Server) Advance(idOrReference, status, note string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.movable(idOrReference, status)
	if err != nil {
		return err
	}
	return s.move(l, status, note)
}

func (s *Server) movable(idOrReference, status string) (*label, error) {
	l := s.labels[idOrReference]
	for _, found := range s.references[idOrReference] {
		if l == nil || l.Status == "voided" {
			l = found
		}
	}
	switch {
	case l == nil:
		return nil, fmt.Errorf("%w: %.80q", ErrNoLabel, idOrReference)
	case !slices.Contains(statuses, status):
		return nil, fmt.Errorf("%w: want one of %v", ErrStatus, statuses)
	case l.Status == "voided":
		return nil, fmt.Errorf("%w: it is voided", ErrStatus)
	}
	return l, nil
}

func (s *Server) advance(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Status string `json:"status"`
		Note   string `json:"note"`
	}
	if !read(w, r, &in) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.movable(r.PathValue("id"), in.Status)
	switch {
	case errors.Is(err, ErrNoLabel):
		refuse(w, http.StatusNotFound, "not_found", "", err.Error())
		return
	case err != nil:
		refuse(w, http.StatusConflict, "not_movable", "status", err.Error())
		return
	}
	if err := s.move(l, in.Status, in.Note); err != nil {
		s.unavailable(w, err)
		return
	}
	show(w, l)
}

// move sets a label's status and sends the event. The event is written first:
// its id consists of the label's id and the scan's number, so a crash between
// the two writes repeats the event and never loses it.
func (s *Server) move(l *label, status, note string) error {
	now := s.cfg.Now().UTC()
	e := event{
		ID: fmt.Sprintf("evt_%s_%d", l.ID[len("lbl_"):], len(l.Scans)), Type: "parcel." + status, Created: now,
		Data: eventData{l.ID, l.Reference, l.Tracking, status, note},
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := s.webhooks.Send(e.ID, e.Type, body); err != nil {
		return err
	}
	moved := *l
	moved.Status, moved.Updated = status, now
	moved.Scans = append(slices.Clone(l.Scans), scan{Status: status, At: now, Note: note})
	if err := s.journal.Put(labelKind, l.ID, &moved); err != nil {
		return err
	}
	l.Status, l.Updated, l.Scans = moved.Status, moved.Updated, moved.Scans
	s.plan(l)
	return nil
}

// nextStatus returns the status that a parcel reaches next by itself.
func (s *Server) nextStatus(status string) (string, bool) {
	switch status {
	case "booked", "exception":
		return "in_transit", true
	case "in_transit":
		if s.cfg.OutForDelivery {
			return "out_for_delivery", true
		}
		return "delivered", true
	case "out_for_delivery":
		return "delivered", true
	}
	return "", false
}

// plan schedules the label's next scan, one Pace after its last.
func (s *Server) plan(l *label) {
	unseen := l.Booking.Return && len(l.Scans) == 1 // nobody knows when it is handed in
	if _, more := s.nextStatus(l.Status); !more || unseen || s.cfg.Pace <= 0 {
		return
	}
	heap.Push(&s.planned, plannedScan{l, l.Updated.Add(s.cfg.Pace), len(l.Scans)})
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// scan does the scheduled scans until the context ends.
func (s *Server) scan(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(s.scanDue())
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-timer.C:
		}
	}
}

// scanDue does every scan that is due and returns the time until the next one.
func (s *Server) scanDue() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.planned) > 0 {
		a := s.planned[0]
		if wait := a.at.Sub(s.cfg.Now()); wait > 0 {
			return wait
		}
		heap.Pop(&s.planned)
		status, more := s.nextStatus(a.label.Status)
		if !more || len(a.label.Scans) != a.scans {
			continue // the parcel has been scanned since
		}
		if err := s.move(a.label, status, ""); err != nil {
			if s.cfg.Log != nil {
				s.cfg.Log.Error("sandbox carrier cannot write its journal", "error", err)
			}
			heap.Push(&s.planned, plannedScan{a.label, s.cfg.Now().Add(time.Second), a.scans})
		}
	}
	return time.Hour
}

// plannedScan is a scheduled scan. It is skipped if the label has been scanned
// in the meantime.
type plannedScan struct {
	label *label
	at    time.Time
	scans int
}

// agenda is a heap of appointments by time.
type scanQueue []plannedScan

func (a scanQueue) Len() int           { return len(a) }
func (a scanQueue) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a scanQueue) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *scanQueue) Push(x any)        { *a = append(*a, x.(plannedScan)) }
func (a *scanQueue) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
