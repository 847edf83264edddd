package search

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// taskView is a task as it is shown.
type taskView struct {
	UID        int64          `json:"uid"`
	IndexUID   *string        `json:"indexUid"`
	Status     string         `json:"status"`
	Type       string         `json:"type"`
	CanceledBy *int64         `json:"canceledBy"`
	Details    map[string]any `json:"details"`
	Error      *apiError      `json:"error"`
	Duration   *string        `json:"duration"`
	EnqueuedAt time.Time      `json:"enqueuedAt"`
	StartedAt  *time.Time     `json:"startedAt"`
	FinishedAt *time.Time     `json:"finishedAt"`
}

func (t *task) view() taskView {
	v := taskView{UID: t.UID, Status: t.Status, Type: t.Type, Details: t.Details, Error: t.Error, EnqueuedAt: t.Enqueued}
	if t.IndexUID != "" {
		uid := t.IndexUID
		v.IndexUID = &uid
	}
	if !t.Started.IsZero() {
		at := t.Started
		v.StartedAt = &at
	}
	if !t.Finished.IsZero() {
		at, took := t.Finished, fmt.Sprintf("PT%.6fS", t.Finished.Sub(t.Started).Seconds())
		v.FinishedAt, v.Duration = &at, &took
	}
	return v
}

// accept returns that a task will be done.
func (s *Server) accept(w http.ResponseWriter, t *task, payload []byte) error {
	if t.IndexUID != "" && !isUID(t.IndexUID) {
		return badUID(t.IndexUID)
	}
	t.Enqueued = s.cfg.Now().UTC()
	if err := s.queue.add(t, payload); err != nil {
		return err
	}
	var uid *string
	if t.IndexUID != "" {
		uid = &t.IndexUID
	}
	updateResult(w, http.StatusAccepted, map[string]any{
		"taskUid": t.UID, "indexUid": uid, "status": enqueued, "type": t.Type, "enqueuedAt": t.Enqueued,
	})
	return nil
}

func (s *Server) getTask(w http.ResponseWriter, r *http.Request) error {
	uid, err := strconv.ParseInt(r.PathValue("task"), 10, 64)
	if err != nil {
		return invalid("invalid_task_uids", "Invalid value in parameter `uids`.")
	}
	v, ok := s.queue.look(uid)
	if !ok {
		return newError(http.StatusNotFound, "invalid_request", "task_not_found", "Task `%d` not found.", uid)
	}
	updateResult(w, http.StatusOK, v)
	return nil
}

// look shows one task.
func (q *queue) look(uid int64) (taskView, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t := q.find(uid); t != nil {
		return t.view(), true
	}
	return taskView{}, false
}

// busy reports whether something is due for an index.
func (q *queue) busy(uid string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.ContainsFunc(q.all, func(t *task) bool { return t.Input != nil && t.IndexUID == uid })
}

func (s *Server) listTasks(w http.ResponseWriter, r *http.Request) error {
	limit, err := number(r, "limit", 20, 10_000)
	if err != nil {
		return err
	}
	from, err := number(r, "from", 1<<31-1, 1<<31-1)
	if err != nil {
		return err
	}
	fits := map[string]func(t *task) []string{
		"uids":      func(t *task) []string { return []string{strconv.FormatInt(t.UID, 10)} },
		"statuses":  func(t *task) []string { return []string{t.Status} },
		"types":     func(t *task) []string { return []string{t.Type} },
		"indexUids": (*task).touches,
	}
	q := r.URL.Query()
	found := []taskView{}
	total := 0
	var next *int64
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	for _, t := range slices.Backward(s.queue.all) {
		if t.UID > int64(from) || !t.asked(q.Get, fits) {
			continue
		}
		if total++; len(found) < limit {
			found = append(found, t.view())
		} else if next == nil {
			uid := t.UID
			next = &uid
		}
	}
	var first *int64
	if len(found) > 0 {
		first = &found[0].UID
	}
	updateResult(w, http.StatusOK, map[string]any{"results": found, "total": total, "limit": limit, "from": first, "next": next})
	return nil
}

// touches names the indexes a task is about.
func (t *task) touches() []string {
	names := []string{t.IndexUID}
	swaps, _ := t.Details["swaps"].([]any)
	for _, swap := range swaps {
		pair, _ := swap.(map[string]any)
		uids, _ := pair["indexes"].([]any)
		for _, uid := range uids {
			if name, ok := uid.(string); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// asked reports whether a task is among those a query names.
func (t *task) asked(param func(string) string, fits map[string]func(*task) []string) bool {
	for name, of := range fits {
		wanted := param(name)
		if wanted == "" || wanted == "*" {
			continue
		}
		list := strings.Split(wanted, ",")
		if !slices.ContainsFunc(of(t), func(v string) bool { return slices.Contains(list, v) }) {
			return false
		}
	}
	return true
}
