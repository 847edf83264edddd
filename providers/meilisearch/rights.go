package meilisearch

import (
	"context"

	"github.com/meilisearch/meilisearch-go"

	"purser/catalog"
	"purser/order"
)

// CheckAdminKey uses the rights of the admin key that can be used without changing
// anything: to read the index's statistics and settings, and tasks.
func (c *Client) CheckAdminKey(ctx context.Context) error {
	if _, err := c.Held(ctx); err != nil {
		return err
	}
	if err := c.readSettings(ctx, c.admin); err != nil && !isKind(err, order.ErrNoSuch) {
		return err
	}
	asked, n := asking(ctx)
	if _, err := c.admin.GetTasksWithContext(asked, &meilisearch.TasksQuery{Limit: 1}); err != nil {
		return refused("read tasks", false, err, n)
	}
	return nil
}

// CheckSearchKey searches with the search key, which an index that does not exist yet
// allows, too. only reports whether the key may do nothing else: it must not read
// the index's settings.
func (c *Client) CheckSearchKey(ctx context.Context) (only bool, err error) {
	if _, err := c.Search(ctx, catalog.Query{PerPage: 1}); err != nil && !isKind(err, order.ErrNoSuch) {
		return false, err
	}
	return isKind(c.readSettings(ctx, c.reader), order.ErrDenied), nil
}

func (c *Client) readSettings(ctx context.Context, by meilisearch.ServiceManager) error {
	asked, n := asking(ctx)
	if _, err := by.Index(c.live).GetSettingsWithContext(asked); err != nil {
		return refused("read settings", false, err, n)
	}
	return nil
}
