package meilisearch

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/meilisearch/meilisearch-go"

	"purser/catalog"
	"purser/order"
)

// primaryKey is the attribute that holds a document's id.
const primaryKey = "id"

// PutDocuments adds documents or replaces those with the same id as a whole. It
// skips a document whose version is lower than the one in the index.
func (c *Client) PutDocuments(ctx context.Context, docs []catalog.Document) error {
	return c.put(ctx, "put documents", c.live, docs)
}

func (c *Client) put(ctx context.Context, op, index string, docs []catalog.Document) error {
	for rest := newestOf(docs); len(rest) > 0; {
		n := c.fitting(rest)
		if err := c.putBatch(ctx, op, index, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// mostBytes limits the descriptions of a batch. Escaped, they may have six times as
// many bytes, and Meilisearch takes 100 MB at once.
const mostBytes = 12 << 20

// fitting returns how many of the first documents fit into a batch.
func (c *Client) fitting(docs []catalog.Document) int {
	bytes := 0
	for n, d := range docs {
		if bytes += len(d.Description); n == c.conf.Batch || bytes > mostBytes {
			return max(n, 1)
		}
	}
	return len(docs)
}

// putBatch compares the versions with those in the index and sends the
// documents that are not older, while no other goroutine of this process writes
// the same documents.
func (c *Client) putBatch(ctx context.Context, op, index string, docs []catalog.Document) error {
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = index + "/" + d.ID
	}
	unlock, err := c.locks.take(ctx, ids)
	if err != nil {
		return err
	}
	defer unlock()
	there, err := c.versions(ctx, op, index, docs)
	if isKind(err, order.ErrNoSuch) { // there is no index yet: create it with its settings
		_, err = c.applySettings(ctx, index)
	}
	if err != nil {
		return err
	}
	docs = slices.DeleteFunc(slices.Clone(docs), func(d catalog.Document) bool { return there[d.SKU] > d.Version })
	if len(docs) == 0 {
		return nil
	}
	held := make([]document, len(docs))
	for i, d := range docs {
		held[i] = documentOf(d)
	}
	return c.awaitTask(ctx, op, func(ctx context.Context) (*meilisearch.TaskInfo, error) {
		key := primaryKey
		return c.admin.Index(index).AddDocumentsWithContext(ctx, held, &meilisearch.DocumentOptions{PrimaryKey: &key})
	})
}

// newestOf completes the documents and keeps only the newest one of each
// product.
func newestOf(docs []catalog.Document) []catalog.Document {
	at := make(map[string]int, len(docs))
	newest := make([]catalog.Document, 0, len(docs))
	for _, d := range docs {
		d = d.Complete()
		i, twice := at[d.SKU]
		switch {
		case !twice:
			at[d.SKU] = len(newest)
			newest = append(newest, d)
		case d.Version >= newest[i].Version:
			newest[i] = d
		}
	}
	return newest
}

// DeleteDocuments removes products; a missing product is not an error.
func (c *Client) DeleteDocuments(ctx context.Context, skus []string) error {
	const op = "delete documents"
	for batch := range slices.Chunk(skus, c.conf.Batch) {
		ids, locks := make([]string, len(batch)), make([]string, len(batch))
		for i, sku := range batch {
			ids[i] = catalog.DocumentID(sku)
			locks[i] = c.live + "/" + ids[i]
		}
		unlock, err := c.locks.take(ctx, locks)
		if err != nil {
			return err
		}
		err = c.awaitTask(ctx, op, func(ctx context.Context) (*meilisearch.TaskInfo, error) {
			return c.admin.Index(c.live).DeleteDocumentsWithContext(ctx, ids, nil)
		})
		unlock()
		if err != nil && !isKind(err, order.ErrNoSuch) { // without an index there are no products
			return err
		}
	}
	return nil
}

// Versions returns the versions of these products in the index, by SKU.
func (c *Client) Versions(ctx context.Context, skus []string) (map[string]int64, error) {
	const op = "read versions"
	found := make(map[string]int64, len(skus))
	for batch := range slices.Chunk(skus, c.conf.Batch) {
		docs := make([]catalog.Document, len(batch))
		for i, sku := range batch {
			docs[i] = catalog.Document{SKU: sku}.Complete()
		}
		there, err := c.versions(ctx, op, c.live, docs)
		if err != nil && !isKind(err, order.ErrNoSuch) {
			return nil, err
		}
		for sku, v := range there {
			found[sku] = v
		}
	}
	return found, nil
}

func (c *Client) versions(ctx context.Context, op, index string, docs []catalog.Document) (map[string]int64, error) {
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = d.ID
	}
	keys, _, err := c.keys(ctx, op, index, meilisearch.DocumentsQuery{Ids: ids, Limit: int64(len(ids))})
	if err != nil {
		return nil, err
	}
	found := make(map[string]int64, len(keys))
	for _, k := range keys {
		found[k.SKU] = k.Version
	}
	return found, nil
}

// Keys returns a page of the keys in the index, and how many there are.
func (c *Client) Keys(ctx context.Context, offset, limit int) ([]catalog.Key, int, error) {
	keys, total, err := c.keys(ctx, "list keys", c.live, meilisearch.DocumentsQuery{Offset: int64(offset), Limit: int64(limit)})
	if isKind(err, order.ErrNoSuch) {
		return nil, 0, nil
	}
	return keys, total, err
}

func (c *Client) keys(ctx context.Context, op, index string, q meilisearch.DocumentsQuery) ([]catalog.Key, int, error) {
	q.Fields = []string{"sku", "version"}
	asked, n := asking(ctx)
	var page meilisearch.DocumentsResult
	if err := c.admin.Index(index).GetDocumentsWithContext(asked, &q, &page); err != nil {
		return nil, 0, refused(op, false, err, n)
	}
	keys := make([]catalog.Key, len(page.Results))
	for i, hit := range page.Results {
		if err := errors.Join(json.Unmarshal(hit["sku"], &keys[i].SKU), json.Unmarshal(hit["version"], &keys[i].Version)); err != nil {
			return nil, 0, failure(op, order.ErrRejected, "foreign_document", err)
		}
	}
	return keys, int(page.Total), nil
}
