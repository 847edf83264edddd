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
		{name: "good", text: info + `"paths":{"/a":{"get":{"responses":{"200":{"description":"ok"}}}}}}`, good: true},
		{name: "not JSON", text: `{`},
		{name: "no title", text: `{"openapi":"3.1.0","info":{"version":"1"},"paths":{}}`},
		{name: "a response without description", text: info + `"paths":{"/a":{"get":{"responses":{"200":{}}}}}}`},
		{name: "a reference to nothing", text: info + `"paths":{"/a":{"get":{"responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"$ref":"#/components/schemas/None"}}}}}}}}}`},
		{name: "a parameter nowhere", text: info + `"paths":{"/a":{"get":{"parameters":[{"name":"x","schema":{"type":"string"}}],"responses":{"200":{"description":"ok"}}}}}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			problems, err := check(strings.NewReader(tt.text))
			if good := err == nil && len(problems) == 0; good != tt.good {
				t.Errorf("got %q, %v", problems, err)
			}
		})
	}
}
