package meilisearch

// Index returns the live index, for tests that examine it.
func (c *Client) Index() string { return c.live }
