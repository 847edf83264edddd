package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"purser/sandbox/journal"
)

// The types of tasks.
const (
	typeAdd         = "documentAdditionOrUpdate"
	typeRemove      = "documentDeletion"
	typeSettings    = "settingsUpdate"
	typeCreateIndex = "indexCreation"
	typeUpdateIndex = "indexUpdate"
	typeDeleteIndex = "indexDeletion"
	typeSwapIndexes = "indexSwap"
)

// The states of a task.
const (
	enqueued   = "enqueued"
	processing = "processing"
	succeeded  = "succeeded"
	failed     = "failed"
)

// task is one thing to be done, and what became of it.
type task struct {
	UID      int64          `json:"uid"`
	IndexUID string         `json:"indexUid,omitempty"`
	Status   string         `json:"status"`
	Type     string         `json:"type"`
	Details  map[string]any `json:"details,omitempty"`
	Error    *apiError      `json:"error,omitempty"`
	Enqueued time.Time      `json:"enqueuedAt"`
	Started  time.Time      `json:"startedAt,omitzero"`
	Finished time.Time      `json:"finishedAt,omitzero"`

	Input *input `json:"input,omitempty"` // while it is due
}

// input is what a task needs to be done.
type input struct {
	Payload    bool            `json:"payload,omitempty"` // there are documents
	Lines      bool            `json:"lines,omitempty"`   // one per line
	Partial    bool            `json:"partial,omitempty"` // they change others rather than replace them
	PrimaryKey string          `json:"primaryKey,omitempty"`
	IDs        []string        `json:"ids,omitempty"`
	Filter     any             `json:"filter,omitempty"`
	All        bool            `json:"all,omitempty"`
	Settings   json.RawMessage `json:"settings,omitempty"`
	Swaps      [][2]string     `json:"swaps,omitempty"`
}

// queue keeps tasks: those due in their order, and the latest of those done.
type queue struct {
	journal *journal.Journal
	dir     string // of payloads; "": in memory
	keep    int

	mu       sync.Mutex
	all      []*task // by uid
	next     int64
	payloads map[int64][]byte // if dir is ""
	wake     chan struct{}
}

const taskKind = "task"

// openQueue finds the tasks of the journal, and throws away payloads of none.
func openQueue(j *journal.Journal, kept func(kind string, f func(json.RawMessage) error) error, dir string, keep int) (*queue, error) {
	q := &queue{journal: j, dir: dir, keep: keep, payloads: make(map[int64][]byte), wake: make(chan struct{}, 1)}
	err := kept(taskKind, func(raw json.RawMessage) error {
		t := new(task)
		err := json.Unmarshal(raw, t)
		if err != nil {
			return err
		}
		q.all = append(q.all, t)
		q.next = max(q.next, t.UID+1)
		return nil
	})
	if err != nil || dir == "" {
		return q, err
	}
	slices.SortFunc(q.all, func(a, b *task) int { return int(a.UID - b.UID) })
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		uid, perr := strconv.ParseInt(e.Name(), 10, 64)
		if t := q.find(uid); perr != nil || t == nil || t.Input == nil {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return q, err
}

// above keeps the numbers of tasks from beginning below one again, if a journal
// that lost documents forgot them.
func (q *queue) above(uid int64) { q.next = max(q.next, uid) }

// add accepts a task. When it returns, a crash no longer loses it.
func (q *queue) add(t *task, payload []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	t.UID, t.Status = q.next, enqueued
	if t.Input == nil {
		t.Input = &input{}
	}
	if payload != nil {
		t.Input.Payload = true
		if q.dir == "" {
			q.payloads[t.UID] = payload
		} else if err := os.WriteFile(q.path(t.UID), payload, 0o600); err != nil {
			return err
		}
	}
	if err := q.journal.Put(taskKind, strconv.FormatInt(t.UID, 10), t); err != nil {
		return err
	}
	q.next++
	kept := *t // the caller goes on reading its own
	q.all = append(q.all, &kept)
	select {
	case q.wake <- struct{}{}:
	default: // it is awake
	}
	return nil
}

func (q *queue) path(uid int64) string { return filepath.Join(q.dir, strconv.FormatInt(uid, 10)) }

func (q *queue) payload(t *task) ([]byte, error) {
	if !t.Input.Payload {
		return nil, nil
	}
	if q.dir != "" {
		return os.ReadFile(q.path(t.UID))
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.payloads[t.UID], nil
}

// take waits for the next task that is due.
func (q *queue) take(ctx context.Context, now func() time.Time) (*task, bool) {
	for {
		if t := q.start(now().UTC()); t != nil {
			return t, true
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// start marks the oldest task that is due. The mark is not kept: after a
// crash it is due again.
func (q *queue) start(now time.Time) *task {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range q.all {
		if t.Status == enqueued {
			t.Status, t.Started = processing, now
			started := *t
			started.Details = maps.Clone(t.Details) // to be changed while t is shown
			return &started
		}
	}
	return nil
}

// finish notes what became of a task.
func (q *queue) finish(t *task) error {
	hadPayload := t.Input.Payload
	t.Input = nil
	if err := q.journal.Put(taskKind, strconv.FormatInt(t.UID, 10), t); err != nil {
		return fmt.Errorf("task %d: %w", t.UID, err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if old := q.find(t.UID); old != nil {
		*old = *t
	}
	delete(q.payloads, t.UID)
	var err error
	if hadPayload && q.dir != "" {
		if err = os.Remove(q.path(t.UID)); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	return errors.Join(err, q.forget())
}

// forget lets go of the oldest tasks that are done.
func (q *queue) forget() error {
	for len(q.all) > q.keep && q.all[0].Input == nil {
		if err := q.journal.Delete(taskKind, strconv.FormatInt(q.all[0].UID, 10)); err != nil {
			return err
		}
		q.all = slices.Delete(q.all, 0, 1)
	}
	return nil
}

// find looks a task up; uids follow each other.
func (q *queue) find(uid int64) *task {
	if i, ok := slices.BinarySearchFunc(q.all, uid, func(t *task, uid int64) int { return int(t.UID - uid) }); ok {
		return q.all[i]
	}
	return nil
}
