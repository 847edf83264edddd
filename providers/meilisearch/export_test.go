package meilisearch

// Index is the index that is searched, for tests that look at it.
func (c *Client) Index() string { return c.live }

// Literal quotes a value, for tests.
func Literal(v string) (string, bool) { return literal(v) }
