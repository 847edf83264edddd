package search

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"
)

// isID matches what can be the id of a document, of an index, or the name of an
// attribute.
var isID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,400}$`)

// id returns the id of a document.
func (x *index) id(fields map[string]any) (string, error) {
	v, ok := fields[x.PrimaryKey]
	if !ok {
		return "", invalid("missing_document_id", "Document doesn't have a `%s` attribute.", x.PrimaryKey)
	}
	if id := fmt.Sprint(v); isID.MatchString(id) {
		return id, nil
	}
	return "", invalid("invalid_document_id", "Document identifier `%.60v` is invalid. A document identifier can be of type integer or string, only composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_).", v)
}

// put adds documents, or replaces those with the same ids.
func (c *change) put(x *index, docs []map[string]any) error {
	for _, fields := range docs {
		id, err := x.id(fields)
		if err != nil {
			return err
		}
		doc, err := x.document(id, fields)
		if err = cmp.Or(err, c.batch.IndexAdvanced(doc)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) putDocuments(r *http.Request, docs []map[string]any) (any, error) {
	t := &task{Type: "documentAdditionOrUpdate", IndexUID: r.PathValue("uid")}
	return s.accept(t, func(c *change) error {
		return c.put(c.ensure(cmp.Or(r.URL.Query().Get("primaryKey"), "id")), docs)
	})
}

// selection is the body of a request for a page of documents.
type selection struct {
	Offset uint32   `json:"offset"`
	Limit  *uint32  `json:"limit"`  // default 20
	Fields []string `json:"fields"` // empty: all
	IDs    []string `json:"ids"`    // nil: of all documents
}

func (s *Server) fetchDocuments(r *http.Request, in selection) (any, error) {
	limit := or(in.Limit, 20)
	found, err := using(s, r.PathValue("uid"), func(x *index) (*bleve.SearchResult, error) {
		var q query.Query
		if in.IDs != nil {
			keys := make([]string, len(in.IDs))
			for i, id := range in.IDs {
				keys[i] = x.key(id)
			}
			q = query.NewDocIDQuery(keys)
		}
		return s.list(x, q, int(in.Offset), int(limit))
	})
	docs, err := sources(found, err)
	if err != nil {
		return nil, err
	}
	for _, fields := range docs {
		maps.DeleteFunc(fields, func(name string, _ any) bool { return len(in.Fields) > 0 && !slices.Contains(in.Fields, name) })
	}
	return map[string]any{"results": docs, "offset": in.Offset, "limit": limit, "total": found.Total}, nil
}

func (s *Server) deleteDocuments(r *http.Request, ids []string) (any, error) {
	return s.accept(&task{Type: "documentDeletion", IndexUID: r.PathValue("uid")}, func(c *change) error {
		x := c.Indexes[c.IndexUID]
		if x == nil {
			return noIndex(c.IndexUID)
		}
		for _, id := range ids {
			c.batch.Delete(x.key(id))
		}
		return nil
	})
}
