package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"purser/activities/fake"
	"purser/api"
	"purser/api/apitest"
	"purser/api/campaigns"
	"purser/api/cases"
	"purser/api/images"
	"purser/api/imports"
	"purser/api/search"
	"purser/records"
)

// TestQuery_twice: on every operation a query parameter that takes one value is refused
// if it is given twice, like one that is not known; one that takes several is not.
func TestQuery_twice(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, store *records.Store) {
		c.Products.Workflows, c.Imports, c.Images = &apitest.Products{}, &imports.Service{}, &images.Service{}
		c.Cases = &cases.Service{Records: store}
		c.Mails.Records, c.Campaigns, c.Search = store, &campaigns.Service{Workflows: struct{ campaigns.Workflows }{}}, &search.Service{Engine: &fake.Index{}}
	})
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Parameters  []struct {
				Name, In string
				Schema   struct{ Type any }
			}
		}
	}
	if err := json.Unmarshal(s.Ask("GET", "/openapi.json", "", "").Body, &doc); err != nil {
		t.Fatal(err)
	}
	placeholder := regexp.MustCompile(`\{[^}]*\}`)
	one, several := 0, 0
	for path, operations := range doc.Paths {
		for method, op := range operations {
			for _, p := range op.Parameters {
				if p.In != "query" {
					continue
				}
				target := placeholder.ReplaceAllString(path, "x") + "?" + p.Name + "=1&" + p.Name + "=1"
				a := s.Ask(strings.ToUpper(method), target, apitest.OperatorKey, "")
				refused := a.Status == http.StatusUnprocessableEntity && strings.Contains(string(a.Body), "is given more than once at query."+p.Name)
				if strings.Contains(fmt.Sprint(p.Schema.Type), "array") {
					several++
					if refused {
						t.Errorf("%s: %s may be repeated: got %d %s", op.OperationID, p.Name, a.Status, a.Body)
					}
				} else if one++; !refused || a.Problem(t).Code != "invalid" {
					t.Errorf("%s: got %d %s", op.OperationID, a.Status, a.Body)
				}
			}
		}
	}
	if one < 40 || several < 5 {
		t.Errorf("%d parameters of one value and %d of several were tried", one, several)
	}
}

// TestQuery: what a query says twice, in part or in another spelling is refused and not
// guessed.
func TestQuery(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	for _, tc := range []struct {
		query  string
		status int
		says   string
	}{
		{query: "limit=1", status: 200},
		{query: "status=placed&status=paid&limit=1", status: 200},
		{query: "limit=1&limit=3", status: 422, says: "given more than once at query.limit"},
		{query: "limit=1&limit=1", status: 422, says: "given more than once at query.limit"},
		{query: "limit=1&limit=", status: 422, says: "given more than once at query.limit"},
		{query: "limit=1&l%69mit=3", status: 422, says: "given more than once at query.limit"},
		{query: "customerId=a&status=paid&customerId=b", status: 422, says: "given more than once at query.customerId"},
		{query: "limit=1&Limit=3", status: 422, says: "unknown query parameter"},
		{query: "limit[]=1&limit[]=3", status: 422, says: "unknown query parameter"},
		{query: "limit=1;limit=3", status: 400, says: "cannot be parsed"},
		{query: "limit=%zz", status: 400, says: "cannot be parsed"},
	} {
		a := s.Ask("GET", "/v1/orders?"+tc.query, apitest.OperatorKey, "")
		if a.Status != tc.status || !strings.Contains(string(a.Body), tc.says) {
			t.Errorf("%s: got %d %s", tc.query, a.Status, a.Body)
		}
	}
}

// FuzzQuery: a list of orders is returned only for a query that says everything once.
func FuzzQuery(f *testing.F) {
	s := apitest.New(f)
	for _, seed := range []string{"limit=1", "limit=1&limit=3", "limit=1;limit=3", "status=paid&status=placed", "cursor=%zz", "limit=1&%6cimit=3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.Parse("/v1/orders?" + raw)
		if err != nil || u.Fragment != "" || u.RawQuery != raw || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return
		}
		a := s.Ask("GET", "/v1/orders?"+raw, apitest.OperatorKey, "")
		query, err := url.ParseQuery(raw)
		for name, values := range query {
			if name != "status" && len(values) > 1 {
				err = http.ErrNotSupported
			}
		}
		if a.Status == http.StatusOK && err != nil || a.Status >= 500 {
			t.Fatalf("%q: got %d %s", raw, a.Status, a.Body)
		}
	})
}
