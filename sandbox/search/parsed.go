package search

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"purser/sandbox/finder"
)

// parsed is a document taken apart.
type parsed struct {
	id     string
	source []byte
	fields map[string]any
}

func (p parsed) document() finder.Document { return finder.Document{ID: p.id, Fields: p.fields} }

// parseFields reads a document, numbers as they stand.
func parseFields(source []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(source))
	dec.UseNumber()
	var fields map[string]any
	if err := dec.Decode(&fields); err != nil {
		return nil, err
	}
	if fields == nil {
		return nil, fmt.Errorf("null is no document")
	}
	return fields, nil
}

// parseDocuments reads the body of an addition: an array, one object, or one
// object per line.
func parseDocuments(body []byte, lines bool) ([]json.RawMessage, error) {
	body = bytes.TrimSpace(body)
	if lines {
		var docs []json.RawMessage
		for dec := json.NewDecoder(bytes.NewReader(body)); dec.More(); {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return nil, err
			}
			docs = append(docs, raw)
		}
		return docs, nil
	}
	if len(body) > 0 && body[0] == '{' {
		var raw json.RawMessage
		err := json.Unmarshal(body, &raw)
		return []json.RawMessage{raw}, err
	}
	var docs []json.RawMessage
	err := json.Unmarshal(body, &docs)
	return docs, err
}

// take finds out the id of each document and takes it apart.
func take(raws []json.RawMessage, key string) ([]parsed, *apiError) {
	docs := make([]parsed, 0, len(raws))
	for _, raw := range raws {
		fields, err := parseFields(raw)
		if err != nil {
			return nil, invalid("invalid_document_fields", "A document is not a JSON object.")
		}
		v, ok := fields[key]
		if !ok {
			return nil, invalid("missing_document_id", "Document doesn't have a `%s` attribute.", key)
		}
		id, ok := documentID(v)
		if !ok {
			return nil, invalid("invalid_document_id", "Document identifier `%.60v` is invalid. A document identifier can be of type integer or string, only composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), and can not be more than 511 bytes.", v)
		}
		docs = append(docs, parsed{id: id, source: raw, fields: fields})
	}
	return docs, nil
}

// documentID is a value as the id of a document, if it can be one.
func documentID(v any) (string, bool) {
	var id string
	switch v := v.(type) {
	case string:
		id = v
	case json.Number:
		id = v.String()
		if strings.ContainsAny(id, ".eE") {
			return "", false
		}
	}
	return id, isDocumentID(id)
}

func isDocumentID(id string) bool {
	return id != "" && len(id) <= 511 && !strings.ContainsFunc(id, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
	})
}

// guessKey finds the attribute that is the id: the one whose name ends with
// "id".
func guessKey(raws []json.RawMessage) (string, *apiError) {
	if len(raws) == 0 {
		return "", nil
	}
	fields, err := parseFields(raws[0])
	if err != nil {
		return "", invalid("invalid_document_fields", "A document is not a JSON object.")
	}
	var found []string
	for name := range fields {
		if strings.HasSuffix(strings.ToLower(name), "id") {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return "", invalid("index_primary_key_no_candidate_found", "The primary key inference failed as the engine did not find any field ending with `id` in its name. Please specify the primary key manually using the `primaryKey` query parameter.")
	case 1:
		return found[0], nil
	}
	return "", invalid("index_primary_key_multiple_candidates_found", "The primary key inference failed as the engine found %d fields ending with `id` in their names. Please specify the primary key manually using the `primaryKey` query parameter.", len(found))
}
