package check

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"purser/engine"
	"purser/order"
)

// database checks that the record can be reached, and its schema.
func (c *checker) database(ctx context.Context) []Line {
	const name = "database"
	if c.cfg.DatabaseURL == "" && !c.Role.ownsData() {
		return []Line{problem(name, "DATABASE_URL is not set", "set it to the Postgres that all roles share: a SQLite file serves one process alone")}
	}
	at, schema, err := c.with.Record(ctx)
	kind := "Postgres at " + at
	if c.cfg.DatabaseURL == "" {
		kind = "SQLite file " + at
	}
	if err == nil {
		err = schema.Newer()
	}
	switch {
	case err != nil:
		return []Line{problem(name, err.Error(), "")}
	case schema.Has < schema.Wants && !schema.MayCreate:
		return []Line{problem(name, fmt.Sprintf("%s: its user may not create tables, and the schema needs version %d", kind, schema.Wants), "grant it CREATE on the schema")}
	case schema.Has == 0:
		return []Line{ok(name, fmt.Sprintf("%s, empty: the first start creates the schema, version %d", kind, schema.Wants))}
	case schema.Has < schema.Wants:
		return []Line{warning(name, fmt.Sprintf("%s has schema version %d: the next start upgrades it to %d, and older builds refuse it then", kind, schema.Has, schema.Wants), "back it up first")}
	}
	return []Line{ok(name, fmt.Sprintf("%s, schema version %d", kind, schema.Has))}
}

// temporal checks the cluster and its namespace.
func (c *checker) temporal(ctx context.Context) []Line {
	const name = "Temporal"
	if c.Role == Up {
		return []Line{ok(name, "runs in this process")}
	}
	n, err := c.with.Namespace(ctx)
	if err != nil {
		return []Line{problem(name, err.Error(), "")}
	}
	lines := []Line{ok(name, fmt.Sprintf("Temporal at %s, namespace %s, %s", c.cfg.TemporalAddress, c.cfg.TemporalNamespace, c.cfg.TemporalCredentials()))}
	if n.Lacks == nil {
		lines = append(lines, ok("search attributes", "the namespace has all of them"))
	} else {
		lines = append(lines, warning("search attributes", "the namespace lacks "+strings.Join(slices.Sorted(maps.Keys(n.Lacks.Missing)), ", ")+", which the first start adds if it may", n.Lacks.Command()))
	}
	if c.Live {
		lines = append(lines, c.retention(n.Retention))
	}
	return lines
}

// retention compares how long histories are kept with how long an order may wait.
// While its history is there, a request that is repeated, or an operator who resets the
// workflow, finds what an order has done.
func (c *checker) retention(kept time.Duration) Line {
	const name = "retention"
	longest := max(c.cfg.PayWithin, c.cfg.PrepayWithin, c.cfg.OverdueAfter, c.cfg.TrackAfter, c.cfg.FindParcelsWithin)
	do := fmt.Sprintf("temporal operator namespace update --namespace %s --retention %.0fh", c.cfg.TemporalNamespace, max(longest, engine.DefaultRetention).Hours())
	switch {
	case kept == 0:
		return notChecked(name, false, "this process may not describe the namespace")
	case kept < longest:
		return problem(name, fmt.Sprintf("histories are kept for %s, and an order may wait for %s", hours(kept), hours(longest)), do)
	case kept < engine.DefaultRetention:
		return warning(name, fmt.Sprintf("histories are kept for %s: refunds and disputes come later", hours(kept)), do)
	}
	return ok(name, fmt.Sprintf("histories are kept for %s, and an order may wait for %s", hours(kept), hours(longest)))
}

func hours(d time.Duration) string { return fmt.Sprintf("%.0f h", d.Hours()) }

// rights are the permissions of S3 that the operations of its adapter need.
var rights = map[string]string{"put": "s3:PutObject", "copy": "s3:PutObject and s3:GetObject", "get": "s3:GetObject", "head": "s3:GetObject", "delete": "s3:DeleteObject"}

// bucket checks the bucket and the rights to it.
func (c *checker) bucket(ctx context.Context) []Line {
	const name = "bucket"
	if c.cfg.S3Bucket == "" {
		return c.played(name, "S3", "set S3_BUCKET and S3_REGION")
	}
	err := c.with.Bucket(ctx)
	if err == nil {
		return []Line{ok(name, fmt.Sprintf("%q takes, moves and deletes files", c.cfg.S3Bucket))}
	}
	var p *order.ProviderError
	switch {
	case noCredentials(err):
		return []Line{problem(name, "no AWS credentials were found", awsKeys)}
	case errors.As(err, &p) && p.Status == 0 && c.cfg.S3Endpoint == "":
		return []Line{notChecked(name, false, "no response from S3: "+cause(err))}
	case errors.As(err, &p) && p.Status == 0:
		return []Line{problem(name, fmt.Sprintf("the store at %s cannot be reached: %s", c.cfg.S3Endpoint, cause(err)), "start it, or set S3_ENDPOINT")}
	case errors.Is(err, order.ErrDenied) && rights[p.Op] != "":
		return []Line{problem(name, fmt.Sprintf("the bucket %q refuses to %s a file: %v", c.cfg.S3Bucket, p.Op, err), "give its keys the right to "+rights[p.Op])}
	}
	return []Line{problem(name, err.Error(), "")}
}

// search checks Meilisearch and both keys.
func (c *checker) search(ctx context.Context) []Line {
	const name = "search"
	if c.cfg.SearchPlayed() {
		return c.played(name, "Meilisearch", "set MEILISEARCH_URL, MEILISEARCH_ADMIN_KEY and MEILISEARCH_SEARCH_KEY")
	}
	at := "Meilisearch at " + hostOf(c.cfg.MeilisearchURL)
	only, admin, search := c.with.Search(ctx)
	for _, key := range []struct {
		err    error
		name   string
		rights string
	}{{admin, "MEILISEARCH_ADMIN_KEY", "documents, settings, indexes, tasks and stats"}, {search, "MEILISEARCH_SEARCH_KEY", "searches"}} {
		switch {
		case errors.Is(key.err, order.ErrDenied):
			return []Line{problem(name, fmt.Sprintf("%s refuses %s: %v", at, key.name, key.err), "set a key for "+key.rights)}
		case key.err != nil:
			return []Line{problem(name, fmt.Sprintf("%s cannot be used: %s", at, cause(key.err)), "start it, or set MEILISEARCH_URL")}
		}
	}
	if !only {
		return []Line{warning(name, at+": MEILISEARCH_SEARCH_KEY may do more than search", "set a key for searches alone")}
	}
	return []Line{ok(name, at+", both keys work")}
}
