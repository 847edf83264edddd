package meilisearch

import (
	"context"
	"regexp"

	"github.com/meilisearch/meilisearch-go"

	"purser/catalog"
	"purser/order"
)

var rebuildName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// shadow returns the name of a rebuild's second index.
func (c *Client) shadow(op, name string) (string, error) {
	if !rebuildName.MatchString(name) {
		return "", failure(op, order.ErrRejected, "rebuild_name", nil)
	}
	return c.live + "_" + name, nil
}

// PutShadow puts documents into the shadow index, and creates the index with
// all settings if it does not exist.
func (c *Client) PutShadow(ctx context.Context, name string, docs []catalog.Document) error {
	const op = "put shadow"
	shadow, err := c.shadow(op, name)
	if err != nil {
		return err
	}
	if _, err := c.applySettings(ctx, shadow); err != nil {
		return err
	}
	return c.put(ctx, op, shadow, docs)
}

// SwapShadow puts the shadow in the place of the live index and deletes the
// former live index. Swapping twice would restore the former one, so SwapShadow
// counts the swaps under this name before and after: the number must be odd.
func (c *Client) SwapShadow(ctx context.Context, name string) error {
	const op = "swap shadow"
	shadow, err := c.shadow(op, name)
	if err != nil {
		return err
	}
	for {
		swaps, err := c.swaps(ctx, op, shadow)
		if err != nil {
			return err
		}
		if swaps%2 == 1 {
			if err := c.drop(ctx, op, shadow); err != nil {
				return err
			}
			_, err := c.applySettings(ctx, c.live) // they may have changed since the shadow got them
			return err
		}
		if err := c.swap(ctx, op, shadow); err != nil {
			return err
		}
	}
}

func (c *Client) swap(ctx context.Context, op, shadow string) error {
	asked, n := asking(ctx)
	if _, err := c.admin.GetIndexWithContext(asked, shadow); err != nil {
		return refused(op, false, err, n)
	}
	if _, err := c.applySettings(ctx, c.live); err != nil { // the live index must exist to be swapped
		return err
	}
	return c.awaitTask(ctx, op, func(ctx context.Context) (*meilisearch.TaskInfo, error) {
		return c.admin.SwapIndexesWithContext(ctx, []*meilisearch.SwapIndexesParams{{Indexes: []string{c.live, shadow}}})
	})
}

// swaps counts the swaps with this shadow that succeeded, after waiting for
// those that are running. They name the shadow second, because a later swap may
// change the first name in the history.
func (c *Client) swaps(ctx context.Context, op, shadow string) (int, error) {
	count := 0
	for from := int64(0); ; {
		asked, n := asking(ctx)
		page, err := c.admin.GetTasksWithContext(asked, &meilisearch.TasksQuery{
			Types: []meilisearch.TaskType{meilisearch.TaskTypeIndexSwap}, IndexUIDS: []string{shadow}, Limit: 100, From: from,
		})
		if err != nil {
			return 0, refused(op, false, err, n)
		}
		for _, t := range page.Results {
			if !swapsIn(t, shadow) {
				continue
			}
			switch t.Status {
			case meilisearch.TaskStatusEnqueued, meilisearch.TaskStatusProcessing:
				if err := c.done(ctx, op, t.UID); err == nil {
					count++
				} else if isKind(err, order.ErrUnknownOutcome) || isKind(err, order.ErrDenied) {
					return 0, err
				}
			case meilisearch.TaskStatusSucceeded:
				count++
			}
		}
		if page.Next == 0 {
			return count, nil
		}
		from = page.Next
	}
}

func swapsIn(t meilisearch.Task, shadow string) bool {
	for _, s := range t.Details.Swaps {
		if len(s.Indexes) == 2 && s.Indexes[1] == shadow {
			return true
		}
	}
	return false
}

// DropShadow discards a rebuild. It does nothing if the rebuild was swapped or
// never begun.
func (c *Client) DropShadow(ctx context.Context, name string) error {
	const op = "drop shadow"
	shadow, err := c.shadow(op, name)
	if err != nil {
		return err
	}
	return c.drop(ctx, op, shadow)
}

func (c *Client) drop(ctx context.Context, op, index string) error {
	err := c.awaitTask(ctx, op, func(ctx context.Context) (*meilisearch.TaskInfo, error) {
		return c.admin.DeleteIndexWithContext(ctx, index)
	})
	if isKind(err, order.ErrNoSuch) {
		return nil
	}
	return err
}
