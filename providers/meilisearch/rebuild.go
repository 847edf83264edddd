package meilisearch

import (
	"context"
	"regexp"

	"github.com/meilisearch/meilisearch-go"

	"purser/catalog"
	"purser/order"
)

var rebuildName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// shadow names the second index of a rebuild.
func (c *Client) shadow(op, name string) (string, error) {
	if !rebuildName.MatchString(name) {
		return "", failure(op, order.ErrRejected, "rebuild_name", nil)
	}
	return c.live + "_" + name, nil
}

// PutShadow puts documents into the shadow, which it makes with all settings
// if there is none.
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

// SwapShadow puts the shadow in the place of the live index and drops what
// was there before. Swapping twice would bring the old one back, so the swaps
// that were made under this name are counted first, and again after: there
// must be an odd number of them.
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
			return c.drop(ctx, op, shadow)
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
	if _, err := c.applySettings(ctx, c.live); err != nil { // there must be something to swap with
		return err
	}
	return c.awaitTask(ctx, op, func(ctx context.Context) (*meilisearch.TaskInfo, error) {
		return c.admin.SwapIndexesWithContext(ctx, []*meilisearch.SwapIndexesParams{{Indexes: []string{c.live, shadow}}})
	})
}

// swaps counts the swaps with this shadow that succeeded, after waiting for
// those under way. They name the shadow second; a later swap may change the
// name of the first in the history.
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

// DropShadow gives a rebuild up. One that was swapped, or never begun, is
// left as it is.
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
