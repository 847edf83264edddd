package stack

import (
	"path/filepath"
	"testing"

	"purser/catalog"
	"purser/config"
	"purser/records"
)

// TestLoadSample: the sample products are loaded only where the sandbox takes the
// payments or where the operator asks for them, and only into an empty catalogue.
func TestLoadSample(t *testing.T) {
	t.Parallel()
	own := catalog.Product{SKU: "own", Name: "A shop's own product", Price: 100, Currency: "EUR"}
	for _, tt := range []struct {
		name string
		cfg  config.Config
		has  []catalog.Product
		want int
	}{
		{name: "sandbox", want: len(catalog.Sample())},
		{name: "real Stripe", cfg: config.Config{StripeKey: "sk_live_1"}, want: 0},
		{
			name: "real Stripe, asked for",
			cfg:  config.Config{StripeKey: "sk_live_1", Catalogue: config.Catalogue{SampleCatalogue: true}},
			want: len(catalog.Sample()),
		},
		{name: "sandbox, products of its own", has: []catalog.Product{own}, want: 1},
		{
			name: "asked for, products of its own",
			cfg:  config.Config{Catalogue: config.Catalogue{SampleCatalogue: true}},
			has:  []catalog.Product{own}, want: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store, err := records.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "record.db"), records.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			if err := store.PutProducts(t.Context(), tt.has); err != nil {
				t.Fatal(err)
			}
			s := &Stack{cfg: &tt.cfg, Records: store}
			for range 2 { // every start asks for it
				if err := s.LoadSample(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			found, err := store.Products(t.Context(), 100, "")
			if err != nil || len(found) != tt.want {
				t.Errorf("%d products, %v; want %d", len(found), err, tt.want)
			}
			sampled := len(tt.has) == 0 && tt.want > 0
			if now, err := store.SearchSettings(t.Context()); err != nil || (len(now.Synonyms) > 0) != sampled || now.Version > 1 {
				t.Errorf("settings of the search: %+v, %v", now, err)
			}
		})
	}
}
