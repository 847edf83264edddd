package search

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"
)

// isID matches what can be the id of a document or an index.
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

// put adds documents, over those with the same ids.
func (c *change) put(x *index, docs []map[string]any) error {
	for _, fields := range docs {
		id, err := x.id(fields)
		if err != nil {
			return err
		}
		doc, err := x.document(id, fields)
		if err != nil {
			return err
		}
		c.batch.Update(doc)
	}
	return nil
}

// putDocuments takes documents: an array, an object, or an object per line.
// PUT changes attributes of those that are there.
func (s *Server) putDocuments(r *http.Request) (any, error) {
	docs, err := readDocuments(r.Body)
	if err != nil {
		return nil, err
	}
	details := map[string]any{"receivedDocuments": len(docs), "indexedDocuments": 0}
	return s.accept("documentAdditionOrUpdate", r.PathValue("uid"), details, func(c *change) error {
		x := c.ensure(cmp.Or(r.URL.Query().Get("primaryKey"), "id"))
		if r.Method == http.MethodPut {
			if err := s.merge(x, docs); err != nil {
				return err
			}
		}
		c.Details = map[string]any{"receivedDocuments": len(docs), "indexedDocuments": len(docs)}
		return c.put(x, docs)
	})
}

func readDocuments(body io.Reader) (docs []map[string]any, err error) {
	dec := json.NewDecoder(body)
	dec.UseNumber()
	for {
		var v any
		if err := dec.Decode(&v); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, invalid("malformed_payload", "The documents are malformed.")
		}
		for _, e := range listed(v) {
			fields, isObject := e.(map[string]any)
			if !isObject {
				return nil, invalid("malformed_payload", "The documents are malformed.")
			}
			docs = append(docs, fields)
		}
	}
}

// merge lays documents over those that are there.
func (s *Server) merge(x *index, docs []map[string]any) error {
	for i, fields := range docs {
		id, err := x.id(fields)
		if err != nil {
			return err
		}
		there, err := sources(s.list(x, x.named(id), 0, 1))
		if err != nil {
			return err
		}
		for _, whole := range there {
			maps.Copy(whole, fields)
			docs[i] = whole
		}
	}
	return nil
}

func (s *Server) fetchDocuments(r *http.Request) (any, error) {
	var in struct {
		Offset int      `json:"offset"`
		Limit  *int     `json:"limit"`
		Fields []string `json:"fields"`
		Filter any      `json:"filter"`
		IDs    []string `json:"ids"`
	}
	if err := readJSON(r.Body, &in); err != nil {
		return nil, err
	}
	limit, results := or(in.Limit, 20), []any{}
	if in.Offset < 0 || limit < 0 {
		return nil, invalid("invalid_document_limit", "Invalid value at `.limit` or `.offset`.")
	}
	var found *bleve.SearchResult
	err := s.using(r.PathValue("uid"), func(x *index) error {
		q, err := parseFilter(in.Filter, x.rules.FilterableAttributes)
		if err != nil {
			return invalid("invalid_document_filter", "%.300s", err)
		}
		if len(in.IDs) > 0 {
			q = x.named(in.IDs...)
		}
		found, err = s.list(x, q, in.Offset, limit)
		return err
	})
	docs, err := sources(found, err)
	if err != nil {
		return nil, err
	}
	for _, fields := range docs {
		results = append(results, pick(fields, in.Fields))
	}
	return map[string]any{"results": results, "offset": in.Offset, "limit": limit, "total": found.Total}, nil
}

func (s *Server) getDocument(r *http.Request) (any, error) {
	var docs []map[string]any
	err := s.using(r.PathValue("uid"), func(x *index) (err error) {
		docs, err = sources(s.list(x, x.named(r.PathValue("id")), 0, 1))
		return err
	})
	if err == nil && len(docs) == 0 {
		err = newError(http.StatusNotFound, "document_not_found", "Document `%.60s` not found.", r.PathValue("id"))
	}
	if err != nil {
		return nil, err
	}
	return pick(docs[0], strings.FieldsFunc(r.URL.Query().Get("fields"), func(r rune) bool { return r == ',' })), nil
}

// pick returns some attributes of a document, all if none is named.
func pick(fields map[string]any, names []string) map[string]any {
	if len(names) > 0 && !slices.Contains(names, "*") {
		maps.DeleteFunc(fields, func(name string, _ any) bool { return !slices.Contains(names, name) })
	}
	return fields
}

// deleteDocuments deletes all documents, the one in the address, those that
// are listed, or those that pass a filter.
func (s *Server) deleteDocuments(r *http.Request) (any, error) {
	var body any
	if r.Method == http.MethodPost {
		err := readJSON(r.Body, &body)
		if object, isObject := body.(map[string]any); err == nil && (body == nil || isObject && object["filter"] == nil) {
			err = invalid("missing_document_filter", "Neither ids nor a filter are given.")
		}
		if err != nil {
			return nil, err
		}
	} else if id := r.PathValue("id"); id != "" {
		body = []any{id}
	}
	details := map[string]any{"providedIds": len(listed(body)), "deletedDocuments": nil}
	return s.accept("documentDeletion", r.PathValue("uid"), details, func(c *change) (err error) {
		x := c.Indexes[c.IndexUID]
		if x == nil {
			return noIndex(c.IndexUID)
		}
		var q query.Query
		switch v := body.(type) {
		case []any:
			var ids []string
			for _, id := range v {
				ids = append(ids, fmt.Sprint(id))
			}
			q = x.named(ids...)
		case map[string]any:
			if q, err = parseFilter(v["filter"], x.rules.FilterableAttributes); err != nil || q == nil {
				return invalid("invalid_document_filter", "The filter is missing or invalid: %.300v.", err)
			}
		}
		return s.remove(c, x, q)
	})
}

// remove deletes the documents of an index that a query finds.
func (s *Server) remove(c *change, x *index, q query.Query) error {
	found, err := s.list(x, q, 0, maxDocuments)
	if err != nil {
		return err
	}
	for _, hit := range found.Hits {
		c.batch.Delete(hit.ID)
	}
	c.Details = map[string]any{"providedIds": c.Details["providedIds"], "deletedDocuments": found.Total}
	return nil
}
