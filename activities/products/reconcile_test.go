package products_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"purser/activities/fake"
	"purser/activities/porttest"
	"purser/activities/products"
	"purser/catalog"
)

// TestCompareIndexPages (SRCH-11, REC-3): the comparison reads index and record page by
// page and to the last one. What it finds is a warning in the log, and an index without
// differences is not.
func TestCompareIndexPages(t *testing.T) {
	const pages, page = 2, 1_000
	hourAgo := time.Now().Add(-time.Hour) // not due for indexing any more
	record, index := fake.Catalogue{Now: func() time.Time { return hourAgo }}, fake.Index{}
	var skus []string
	for i := range pages*page + 1 {
		sku := fmt.Sprintf("sku_%04d", i)
		skus = append(skus, sku)
		if _, err := record.ChangeProduct(t.Context(), sku, []catalog.Change{porttest.PutOf("1", sku)}); err != nil {
			t.Fatal(err)
		}
	}
	steps := &products.Activities{Products: &record, Listings: &record, Revisions: &record, DueProducts: &record, Index: &index, IndexKeys: &index}
	if _, err := steps.IndexProducts(t.Context(), products.IndexRequest{SKUs: skus}); err != nil {
		t.Fatal(err)
	}
	compare := func() (found catalog.Drift, logged string) {
		var lines bytes.Buffer
		var s testsuite.WorkflowTestSuite
		s.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.NewTextHandler(&lines, nil))))
		env := s.NewTestActivityEnvironment()
		env.RegisterActivity(steps)
		v, err := env.ExecuteActivity(steps.CompareIndex, products.CompareRequest{})
		if err == nil {
			err = v.Get(&found)
		}
		if err != nil {
			t.Fatal(err)
		}
		found.TookMS = 0
		for line := range strings.Lines(lines.String()) {
			if strings.Contains(line, "index compared with the catalogue") {
				logged += line
			}
		}
		return found, logged
	}
	want := catalog.Drift{Products: int64(len(skus)), Documents: int64(len(skus)), Unbalanced: -1}
	if found, logged := compare(); found != want || strings.Count(logged, "level=INFO") != 1 {
		t.Errorf("without a difference: %+v, want %+v; logged %s", found, want, logged)
	}
	// One product is missing on each of the record's pages, and a document that the
	// record does not know is on the index's last page.
	missing := []string{skus[5], skus[page+5], skus[pages*page]}
	if err := index.DeleteDocuments(t.Context(), missing); err != nil {
		t.Fatal(err)
	}
	if err := index.PutDocuments(t.Context(), []catalog.Document{porttest.DocumentOf("zzz", 1), porttest.DocumentOf(skus[0], 0)}); err != nil {
		t.Fatal(err)
	}
	want.Documents, want.Missing, want.Orphans, want.Repaired = int64(len(skus)-2), 3, 1, 4
	if found, logged := compare(); found != want || strings.Count(logged, "level=WARN") != 1 || !strings.Contains(logged, "missing=3") {
		t.Errorf("with differences: %+v, want %+v; logged %s", found, want, logged)
	}
	// The index is lost: every product is put again, also those beyond one message.
	if err := index.DeleteDocuments(t.Context(), skus); err != nil {
		t.Fatal(err)
	}
	want = catalog.Drift{Products: int64(len(skus)), Missing: int64(len(skus)), Repaired: int64(len(skus)), Unbalanced: -1}
	if found, _ := compare(); found != want || len(index.Documents()) != len(skus) {
		t.Errorf("without an index: %+v, want %+v; it has %d documents", found, want, len(index.Documents()))
	}
}
