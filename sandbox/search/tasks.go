package search

import (
	"cmp"
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

	bleveindex "github.com/blevesearch/bleve_index_api"

	"purser/sandbox/faults"
)

// task is one change, and what became of it.
type task struct {
	UID        int64          `json:"uid"`
	IndexUID   string         `json:"indexUid"`
	Status     string         `json:"status"`
	Type       string         `json:"type"`
	Details    map[string]any `json:"details,omitempty"`
	Error      *apiError      `json:"error,omitempty"`
	Duration   string         `json:"duration,omitempty"`
	EnqueuedAt time.Time      `json:"enqueuedAt"`
	StartedAt  time.Time      `json:"startedAt,omitzero"`
	FinishedAt time.Time      `json:"finishedAt,omitzero"`
}

// state is what the store knows beside the documents. It changes together with
// them, at once, so that nothing is half done after a crash, or done twice.
type state struct {
	Next    int64             `json:"next"` // uid of a task
	Indexes map[string]*index `json:"indexes"`
	Swaps   []*task           `json:"swaps"` // the latest: callers count them after a restart
	// Lost: the store was put aside, and no index has been swapped in since.
	// Until then a search would show what is missing as what the shop lacks.
	Lost bool `json:"lost,omitempty"`
}

const stateKey, maxSwaps = "state", 100

// change is what a task does to the store.
type change struct {
	*task
	state
	batch *bleveindex.Batch
}

// accepted is what the sender of a task is told.
type accepted map[string]any

// maxWait is how long a sender waits for a task that faults hold up.
const maxWait = 100 * time.Millisecond

// accept has a task done after those before it. As a rule it is done, and on
// disk, when its sender is told that it was accepted.
func (s *Server) accept(typ, uid string, details map[string]any, do func(c *change) error) (any, error) {
	if typ != "indexSwap" && !isID.MatchString(uid) {
		return nil, invalid("invalid_index_uid", "`%.60s` is not a valid index uid.", uid)
	}
	s.mu.Lock()
	t := &task{UID: s.state.Next, IndexUID: uid, Type: typ, Status: "enqueued", Details: details, EnqueuedAt: time.Now().UTC()}
	reported := accepted{"taskUid": t.UID, "indexUid": uid, "status": t.Status, "type": typ, "enqueuedAt": t.EnqueuedAt}
	s.state.Next++
	s.tasks = append(s.tasks, t)
	before, begun, done, performed := s.last, make(chan struct{}), make(chan struct{}), false
	s.last = done
	s.mu.Unlock()
	go func() {
		defer close(done)
		<-before
		fault := s.cfg.Faults.Task(s.closing, "search", typ)
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
		return reported, s.commit(t, func(*change) error { return nil }) // its uid is never given again
	}
	return reported, nil
}

// perform does a task, or lets it fail as a fault wants.
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

// commit writes a change to the store, as a whole, and then shows it. Of one
// that fails only the number of the next task is written.
func (s *Server) commit(t *task, do func(c *change) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.RLock()
	before, copied := s.state, *t
	s.mu.RUnlock()
	c := &change{task: &copied, state: before, batch: bleveindex.NewBatch()}
	c.Indexes = maps.Clone(c.Indexes)
	failed := do(c)
	if failed != nil {
		c.state, c.batch = before, bleveindex.NewBatch()
	}
	s.mu.RLock()
	c.Next = s.state.Next
	s.mu.RUnlock()
	b, err := json.Marshal(c.state)
	c.batch.SetInternal([]byte(stateKey), b)
	advanced, aerr := s.store.Advanced()
	if err = errors.Join(err, aerr); err == nil {
		err = advanced.Batch(c.batch)
	}
	if err != nil {
		return errors.Join(failed, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Details, s.state.Indexes, s.state.Swaps, s.state.Lost = copied.Details, c.Indexes, c.Swaps, c.Lost
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

// listTasks returns those tasks that a request names, the newest first.
func (s *Server) listTasks(r *http.Request) (any, error) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(cmp.Or(q.Get("limit"), "20"))
	from, ferr := strconv.ParseInt(cmp.Or(q.Get("from"), fmt.Sprint(math.MaxInt64)), 10, 64)
	if err != nil || ferr != nil || limit < 0 {
		return nil, invalid("invalid_task_limit", "Invalid value in parameter `limit` or `from`.")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	results, total := []task{}, 0
	var first, next *int64
	for _, t := range slices.Backward(s.tasks) {
		if t.UID > from || !t.among(q.Get) {
			continue
		}
		if total++; len(results) < limit {
			results = append(results, *t)
			first = &results[0].UID
		} else if next == nil {
			next = &t.UID
		}
	}
	return map[string]any{"results": results, "total": total, "limit": limit, "from": first, "next": next}, nil
}

// among reports whether a task is among those that a request names.
func (t *task) among(asked func(param string) string) bool {
	indexes := []string{t.IndexUID}
	leaves(t.Details["swaps"], func(v any) { indexes = append(indexes, fmt.Sprint(v)) })
	for param, values := range map[string][]string{"uids": {fmt.Sprint(t.UID)}, "statuses": {t.Status}, "types": {t.Type}, "indexUids": indexes} {
		wanted := strings.Split(asked(param), ",")
		if asked(param) != "" && !slices.ContainsFunc(values, func(v string) bool { return slices.Contains(wanted, v) }) {
			return false
		}
	}
	return true
}
