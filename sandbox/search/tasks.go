package search

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/meilisearch/meilisearch-go"

	"purser/sandbox/faults"
)

// task is one change and its outcome.
type task struct {
	UID        int64                `json:"uid"`
	IndexUID   string               `json:"indexUid"`
	Status     string               `json:"status"`
	Type       string               `json:"type"`
	Details    *meilisearch.Details `json:"details,omitempty"` // of a swap
	Error      *apiError            `json:"error,omitempty"`
	Duration   string               `json:"duration,omitempty"`
	EnqueuedAt time.Time            `json:"enqueuedAt"`
	StartedAt  time.Time            `json:"startedAt,omitzero"`
	FinishedAt time.Time            `json:"finishedAt,omitzero"`
}

// state is what the store knows besides the documents. Both change at once, so
// that a crash leaves nothing half done, and no task is performed twice.
type state struct {
	Next    int64             `json:"next"` // uid of a task
	Indexes map[string]*index `json:"indexes"`
	Swaps   []*task           `json:"swaps"` // the latest: callers count them after a restart
	// Lost is true from the quarantine of a store until an index is swapped in. Until
	// then a search would miss products that the shop has.
	Lost bool `json:"lost,omitempty"`
}

const stateKey, maxSwaps = "state", 100

// change is what a task does to the store.
type change struct {
	*task
	state
	batch *bleve.Batch
}

// accepted is the response to the sender of a task.
type accepted map[string]any

// maxWait is how long a sender waits for a task that faults delay.
const maxWait = 100 * time.Millisecond

// accept queues a task. Unless faults delay the task, it has ended, and its change
// is on disk, before its sender gets the response.
func (s *Server) accept(t *task, do func(c *change) error) (any, error) {
	if t.Type != "indexSwap" && !isID.MatchString(t.IndexUID) {
		return nil, invalid("invalid_index_uid", "`%.60s` is not a valid index uid.", t.IndexUID)
	}
	s.mu.Lock()
	t.UID, t.Status, t.EnqueuedAt = s.state.Next, "enqueued", time.Now().UTC()
	response := accepted{"taskUid": t.UID, "indexUid": t.IndexUID, "status": t.Status, "type": t.Type, "enqueuedAt": t.EnqueuedAt}
	s.state.Next++
	s.tasks = append(s.tasks, t)
	before, begun, done, performed := s.last, make(chan struct{}), make(chan struct{}), false
	s.last = done
	s.mu.Unlock()
	go func() {
		defer close(done)
		<-before
		fault := s.cfg.Faults.Task(s.closing, "search", t.Type)
		close(begun)
		if performed = s.closing.Err() == nil; performed {
			s.perform(t, fault, do)
		}
	}()
	select {
	case <-begun:
		if <-done; !performed {
			return nil, newError(http.StatusServiceUnavailable, "internal", "The server is stopping.")
		}
	case <-time.After(maxWait):
		return response, s.commit(t, func(*change) error { return nil }) // its uid is never used again
	}
	return response, nil
}

// perform does what a task does, unless a fault makes it fail.
func (s *Server) perform(t *task, fault error, do func(c *change) error) {
	started, err := time.Now().UTC(), fault
	var injected *faults.TaskFault
	if fault == nil {
		err = s.commit(t, do)
	} else if errors.As(fault, &injected) && injected.Status >= 400 && injected.Status < 500 {
		err = invalid("injected_fault", "injected fault")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Status, t.StartedAt, t.FinishedAt = "succeeded", started, time.Now().UTC()
	t.Duration = fmt.Sprintf("PT%.6fS", t.FinishedAt.Sub(started).Seconds())
	if err != nil {
		t.Status, t.Error = "failed", s.shown(err, t.Type)
	}
	s.tasks = slices.Delete(s.tasks, 0, max(0, len(s.tasks)-s.cfg.Keep))
}

// commit writes a change to the store as a whole, and then shows it. Of a change
// that fails it writes only the number of the next task.
func (s *Server) commit(t *task, do func(c *change) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.RLock()
	before := s.state
	s.mu.RUnlock()
	c := &change{task: t, state: before, batch: s.store.NewBatch()}
	c.Indexes = maps.Clone(c.Indexes)
	failed := do(c)
	if failed != nil {
		c.state, c.batch = before, s.store.NewBatch()
	}
	b, err := json.Marshal(c.state)
	if err == nil {
		c.batch.SetInternal([]byte(stateKey), b)
		err = s.store.Batch(c.batch)
	}
	if err != nil {
		return errors.Join(failed, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Indexes, s.state.Swaps, s.state.Lost = c.Indexes, c.Swaps, c.Lost
	return failed
}

func (s *Server) getTask(r *http.Request) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, t := range s.tasks {
		if strconv.FormatInt(t.UID, 10) == r.PathValue("task") {
			return *t, nil
		}
	}
	return nil, newError(http.StatusNotFound, "task_not_found", "Task `%.20s` not found.", r.PathValue("task"))
}

// listTasks returns the tasks of some types and indexes, the newest first.
func (s *Server) listTasks(r *http.Request) (any, error) {
	q := r.URL.Query()
	limit, lerr := number(q, "limit", 20)
	from, ferr := number(q, "from", math.MaxInt)
	if err := errors.Join(lerr, ferr); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := []task{}
	for _, t := range slices.Backward(s.tasks) {
		indexes := []string{t.IndexUID}
		if t.Details != nil {
			indexes = t.Details.Swaps[0].Indexes
		}
		if t.UID <= int64(from) && oneOf(q.Get("types"), t.Type) && oneOf(q.Get("indexUids"), indexes...) {
			found = append(found, *t)
		}
	}
	page := map[string]any{"results": found[:min(limit, len(found))], "total": len(found), "limit": limit}
	if limit < len(found) {
		page["next"] = found[limit].UID
	}
	return page, nil
}

// oneOf reports whether a list, separated by commas, has one of the values. An
// empty list has all.
func oneOf(list string, values ...string) bool {
	wanted := strings.Split(list, ",")
	return list == "" || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(wanted, v) })
}
