package main

import (
	"strings"
	"testing"
)

// TestCheck: a document that breaks the specification does not pass.
func TestCheck(t *testing.T) {
	const info = `{"openapi":"3.1.0","info":{"title":"T","version":"1"},`
	for _, tt := range []struct {
		name, text string
		good       bool
	}{
		{"good", info + `"paths":{"/a":{"get":{"responses":{"200":{"description":"ok"}}}}}}`, true},
		{"not JSON", `{`, false},
		{"no title", `{"openapi":"3.1.0","info":{"version":"1"},"paths":{}}`, false},
		{"a response without description", info + `"paths":{"/a":{"get":{"responses":{"200":{}}}}}}`, false},
		{"a reference to nothing", info + `"paths":{"/a":{"get":{"responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"$ref":"#/components/schemas/None"}}}}}}}}}`, false},
		{"a parameter nowhere", info + `"paths":{"/a":{"get":{"parameters":[{"name":"x","schema":{"type":"string"}}],"responses":{"200":{"description":"ok"}}}}}}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			problems, err := check(strings.NewReader(tt.text))
			if good := err == nil && len(problems) == 0; good != tt.good {
				t.Errorf("got %q, %v", problems, err)
			}
		})
	}
}
