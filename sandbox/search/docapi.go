package search

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"

	"purser/sandbox/finder"
)

func (s *Server) documentRoutes(on handle) {
	on("GET /indexes/{uid}/documents", "documents.get", s.whenFilled(s.listDocuments))
	on("POST /indexes/{uid}/documents/fetch", "documents.get", s.whenFilled(s.fetchDocuments))
	on("GET /indexes/{uid}/documents/{id}", "documents.get", s.whenFilled(s.getDocument))
	on("POST /indexes/{uid}/documents", "documents.add", s.postDocuments)
	on("PUT /indexes/{uid}/documents", "documents.add", s.postDocuments)
	on("DELETE /indexes/{uid}/documents", "documents.delete", s.deleteAll)
	on("DELETE /indexes/{uid}/documents/{id}", "documents.delete", s.deleteDocument)
	on("POST /indexes/{uid}/documents/delete-batch", "documents.delete", s.deleteBatch)
	on("POST /indexes/{uid}/documents/delete", "documents.delete", s.deleteFiltered)
}

// postDocuments accepts documents; PUT changes attributes of those that are
// there. They are looked into when their turn comes, as in Meilisearch.
func (s *Server) postDocuments(w http.ResponseWriter, r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	lines := kind == "application/x-ndjson"
	if err != nil || !lines && kind != "application/json" {
		return newError(http.StatusUnsupportedMediaType, "invalid_request", "invalid_content_type", "The Content-Type `%.60s` is invalid: want application/json or application/x-ndjson.", kind)
	}
	body, err := readBody(w, r, maxBody)
	if err != nil {
		return err
	}
	raws, err := parseDocuments(body, lines)
	if err != nil {
		return invalid("malformed_payload", "The documents are malformed.")
	}
	key := r.URL.Query().Get("primaryKey")
	return s.accept(w, &task{
		Type: typeAdd, IndexUID: r.PathValue("uid"), Details: map[string]any{"receivedDocuments": len(raws), "indexedDocuments": nil},
		Input: &input{Lines: lines, Partial: r.Method == http.MethodPut, PrimaryKey: key},
	}, body)
}

// fetch says which documents to list.
type fetch struct {
	Offset          int      `json:"offset"`
	Limit           *int     `json:"limit"`
	Fields          []string `json:"fields"`
	Filter          any      `json:"filter"`
	IDs             []any    `json:"ids"`
	Sort            []string `json:"sort"`
	RetrieveVectors bool     `json:"retrieveVectors"`
}

func (s *Server) listDocuments(w http.ResponseWriter, r *http.Request) error {
	limit, offset, err := page(r)
	if err != nil {
		return err
	}
	in := fetch{Offset: offset, Limit: &limit, Fields: fieldsOf(r)}
	if ids := r.URL.Query().Get("ids"); ids != "" {
		for _, id := range strings.Split(ids, ",") {
			in.IDs = append(in.IDs, id)
		}
	}
	return s.list(w, r, in)
}

func fieldsOf(r *http.Request) []string {
	if f := r.URL.Query().Get("fields"); f != "" && f != "*" {
		return strings.Split(f, ",")
	}
	return nil
}

func (s *Server) fetchDocuments(w http.ResponseWriter, r *http.Request) error {
	var in fetch
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if in.Offset < 0 || in.Limit != nil && *in.Limit < 0 {
		return invalid("invalid_document_limit", "Invalid value at `.limit` or `.offset`: want 0 or more.")
	}
	if len(in.Sort) > 0 {
		return invalid("invalid_document_sort", "The stand-in does not sort documents outside of a search.")
	}
	return s.list(w, r, in)
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, in fetch) error {
	err := errDropped
	for errors.Is(err, errDropped) { // it was swapped away meanwhile
		err = s.listOnce(w, r, in)
	}
	return err
}

func (s *Server) listOnce(w http.ResponseWriter, r *http.Request, in fetch) error {
	h, err := s.index(r.PathValue("uid"))
	if err != nil {
		return err
	}
	limit := 20
	if in.Limit != nil {
		limit = *in.Limit
	}
	ids, total, err := chosen(h, in, limit)
	if err != nil {
		return err
	}
	found, err := h.store.read(ids)
	if err != nil {
		return err
	}
	results := []json.RawMessage{}
	for _, id := range ids {
		if source, ok := found[id]; ok {
			results = append(results, pick(source, in.Fields))
		} else if len(in.IDs) > 0 {
			total--
		}
	}
	updateResult(w, http.StatusOK, map[string]any{"results": results, "offset": in.Offset, "limit": limit, "total": total})
	return nil
}

// chosen are the ids of a page.
func chosen(h held, in fetch, limit int) (ids []string, total int, err error) {
	if len(in.IDs) > 0 {
		for _, v := range in.IDs {
			id, ok := v.(string)
			if !ok || !isDocumentID(id) {
				return nil, 0, invalid("invalid_document_id", "Document identifier `%.60v` is invalid.", v)
			}
			ids = append(ids, id)
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
		return ids[min(in.Offset, len(ids)):min(in.Offset+limit, len(ids))], len(ids), nil
	}
	if in.Filter == nil {
		return h.finder.IDs(in.Offset, limit), h.finder.Len(), nil
	}
	f, err := finder.ParseFilter(in.Filter)
	if err == nil {
		ids, total, err = h.finder.Filtered(f, in.Offset, limit)
	}
	return ids, total, filterProblem(err)
}

// filtered are the ids of all documents that pass a filter.
func filtered(h held, filter any) ([]string, error) {
	f, err := finder.ParseFilter(filter)
	if err != nil {
		return nil, filterProblem(err)
	}
	ids, _, err := h.finder.Filtered(f, 0, h.finder.Len())
	return ids, filterProblem(err)
}

func filterProblem(err error) error {
	if errors.Is(err, finder.ErrFilter) {
		return invalid("invalid_document_filter", "%.300s", err)
	}
	return err
}

func (s *Server) getDocument(w http.ResponseWriter, r *http.Request) error {
	h, err := s.index(r.PathValue("uid"))
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	found, err := h.store.read([]string{id})
	if errors.Is(err, errDropped) { // it was swapped away meanwhile
		return s.getDocument(w, r)
	}
	if err != nil {
		return err
	}
	if found[id] == nil {
		return newError(http.StatusNotFound, "invalid_request", "document_not_found", "Document `%.60s` not found.", id)
	}
	updateResult(w, http.StatusOK, pick(found[id], fieldsOf(r)))
	return nil
}

// pick leaves some attributes of a document.
func pick(source []byte, fields []string) json.RawMessage {
	if len(fields) == 0 || slices.Contains(fields, "*") {
		return source
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(source, &all) != nil {
		return source // it was parsed when it came in
	}
	some := make(map[string]json.RawMessage, len(fields))
	for _, f := range fields {
		if v, ok := all[f]; ok {
			some[f] = v
		}
	}
	b, err := json.Marshal(some)
	if err != nil {
		return source
	}
	return b
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request, in *input, details map[string]any) error {
	details["deletedDocuments"] = nil
	return s.accept(w, &task{Type: typeRemove, IndexUID: r.PathValue("uid"), Input: in, Details: details}, nil)
}

func (s *Server) deleteAll(w http.ResponseWriter, r *http.Request) error {
	return s.remove(w, r, &input{All: true}, map[string]any{})
}

func (s *Server) deleteDocument(w http.ResponseWriter, r *http.Request) error {
	return s.remove(w, r, &input{IDs: []string{r.PathValue("id")}}, map[string]any{"providedIds": 1})
}

func (s *Server) deleteBatch(w http.ResponseWriter, r *http.Request) error {
	var in []any
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	ids := make([]string, 0, len(in))
	for _, v := range in {
		if f, ok := v.(float64); ok {
			v = json.Number(jsonNumber(f))
		}
		id, ok := documentID(v)
		if !ok {
			return invalid("invalid_document_id", "Document identifier `%.60v` is invalid.", v)
		}
		ids = append(ids, id)
	}
	return s.remove(w, r, &input{IDs: ids}, map[string]any{"providedIds": len(ids)})
}

func jsonNumber(f float64) string {
	b, err := json.Marshal(f)
	if err != nil {
		return ""
	}
	return string(b)
}

func (s *Server) deleteFiltered(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Filter any `json:"filter"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	f, err := finder.ParseFilter(in.Filter)
	if err != nil || f == nil {
		return invalid("invalid_document_filter", "The filter is missing or invalid.")
	}
	return s.remove(w, r, &input{Filter: in.Filter}, map[string]any{"originalFilter": in.Filter})
}
