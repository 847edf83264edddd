package search

import (
	"encoding/json"
	"slices"

	"purser/sandbox/finder"
)

// hits are the documents of a page, as asked for.
func (s *Server) hits(h held, q *query, r finder.Result) ([]json.RawMessage, error) {
	sources, err := h.store.read(r.IDs)
	if err != nil {
		return nil, err
	}
	hits := []json.RawMessage{}
	whole := (q.AttributesToRetrieve == nil || slices.Contains(q.AttributesToRetrieve, "*")) && slices.Contains(h.meta.Settings.DisplayedAttributes, "*")
	formatted := len(q.AttributesToHighlight)+len(q.AttributesToCrop) > 0
	for _, id := range r.IDs {
		source, ok := sources[id]
		switch {
		case !ok: // it was deleted a moment ago
		case whole && !formatted:
			hits = append(hits, source)
		default:
			hit, err := shape(h.meta.Settings, q, r.Marker, source)
			if err != nil {
				return nil, err
			}
			hits = append(hits, hit)
		}
	}
	return hits, nil
}

// shape leaves the attributes that are asked for and may be shown, and adds
// _formatted.
func shape(set settings, q *query, m finder.Marker, source []byte) (json.RawMessage, error) {
	fields, err := parseFields(source)
	if err != nil {
		return nil, err
	}
	wanted := func(list []string, name string) bool {
		return slices.Contains(list, "*") || slices.Contains(list, name)
	}
	hit, formatted := map[string]any{}, map[string]any{}
	for name, v := range fields {
		if !set.displayed(name) {
			continue
		}
		kept := q.AttributesToRetrieve == nil || wanted(q.AttributesToRetrieve, name)
		if kept {
			hit[name] = v
		}
		mark, crop := wanted(q.AttributesToHighlight, name), wanted(q.AttributesToCrop, name)
		if kept || mark || crop {
			formatted[name] = format(v, q, m, mark, crop)
		}
	}
	if len(q.AttributesToHighlight)+len(q.AttributesToCrop) > 0 {
		hit["_formatted"] = formatted
	}
	return json.Marshal(hit)
}

// format marks and crops every text of a value. A number is shown as text.
func format(v any, q *query, m finder.Marker, mark, crop bool) any {
	switch v := v.(type) {
	case string:
		if crop {
			v = m.Crop(v, or(q.CropLength, 10), textOr(q.CropMarker, "…"))
		}
		if mark {
			v, _ = m.Mark(v, textOr(q.HighlightPreTag, "<em>"), textOr(q.HighlightPostTag, "</em>"))
		}
		return v
	case json.Number:
		return format(v.String(), q, m, mark, crop)
	case []any:
		all := make([]any, len(v))
		for i, e := range v {
			all[i] = format(e, q, m, mark, crop)
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(v))
		for k, e := range v {
			all[k] = format(e, q, m, mark, crop)
		}
		return all
	}
	return v
}

func textOr(s *string, def string) string {
	if s == nil {
		return def
	}
	return *s
}
