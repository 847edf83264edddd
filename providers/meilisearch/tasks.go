package meilisearch

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"purser/order"
)

func taskRef(uid int64) string { return "task " + strconv.FormatInt(uid, 10) }

// done waits until a task has been carried out. An accepted task may still
// fail, and a task whose end is not known may have succeeded.
func (c *Client) done(ctx context.Context, op string, uid int64) error {
	ctx, cancel := context.WithTimeout(ctx, c.conf.TaskTimeout)
	defer cancel()
	const often, seldom = 5 * time.Millisecond, 500 * time.Millisecond
	for pause := often; ; pause = min(pause*3/2, seldom) {
		asked, n := asking(ctx)
		t, err := c.admin.GetTaskWithContext(asked, uid)
		switch {
		case err != nil:
			f := refused(op, false, err, n)
			if f.Kind == order.ErrNoSuch { // lost or deleted: its outcome is unknown
				f.Kind = order.ErrUnknownOutcome
			}
			if f.Kind == order.ErrDenied || f.Kind == order.ErrUnknownOutcome && f.Status == http.StatusNotFound {
				f.Ref = taskRef(uid)
				return f
			}
			pause = max(pause, f.RetryAfter) // asked again, because it only reads
		case t.Status == meilisearch.TaskStatusSucceeded:
			return nil
		case t.Status == meilisearch.TaskStatusFailed || t.Status == meilisearch.TaskStatusCanceled:
			return ended(op, t)
		}
		if !wait(ctx, pause) {
			f := failure(op, order.ErrUnknownOutcome, "task_not_finished", ctx.Err())
			f.Ref = taskRef(uid)
			return f
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// awaitTask waits for the task that a write was accepted as.
func (c *Client) awaitTask(ctx context.Context, op string, accepted func(ctx context.Context) (*meilisearch.TaskInfo, error)) error {
	asked, n := asking(ctx)
	info, err := accepted(asked)
	if err != nil {
		return refused(op, true, err, n)
	}
	return c.done(ctx, op, info.TaskUID)
}
