package meilisearch

// Index returns the live index, for tests that examine it.
func (c *Client) Index() string { return c.live }

// Literal quotes a value, for tests.
func Literal(v string) (string, bool) { return literal(v) }
