package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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
	"purser/inbox"
	"purser/records"
	inboxrecords "purser/records/inbox"
)

// operation is an operation in the OpenAPI document.
type operation struct {
	OperationID, Summary, Description string
	Tags                              []string
	Parameters                        []struct{ Name, Description string }
	RequestBody                       struct{ Content map[string]content }
	Responses                         map[string]struct {
		Description string
		Content     map[string]content
	}
}

type content struct {
	Schema struct {
		Ref  string `json:"$ref"`
		Type string
	}
}

// contract returns the OpenAPI document of an API with all its parts.
func contract(t *testing.T) []byte {
	t.Helper()
	s := apitest.New(t, func(c *api.Config, store *records.Store) {
		c.Products.Workflows, c.Imports, c.Images = &apitest.Products{}, &imports.Service{}, &images.Service{}
		c.Cases = &cases.Service{Records: store}
		c.Mails.Records, c.Campaigns, c.Search = store, &campaigns.Service{Workflows: struct{ campaigns.Workflows }{}}, &search.Service{Engine: &fake.Index{}, Settings: store}
		c.Inbox.Redeliver = func(context.Context, int64, string) (inboxrecords.Item, error) {
			return inboxrecords.Item{}, inbox.ErrNotNeeded
		}
		c.Inbox.Dismiss = func(context.Context, int64, string, string) (inboxrecords.Item, error) {
			return inboxrecords.Item{}, inboxrecords.ErrNotDismissible
		}
	})
	return s.Ask("GET", "/openapi.json", "", "").Body
}

// TestOpenAPIValid proves API-1: an independent validator finds the document
// valid by the specification that it names.
func TestOpenAPIValid(t *testing.T) {
	t.Parallel()
	check := exec.Command("go", "run", "-C", filepath.Join("..", "tools"), "./openapi")
	check.Stdin = bytes.NewReader(contract(t))
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestOpenAPIComplete proves API-1: the document is complete. Each operation
// has a summary and a description, and describes its parameters and its
// problems; each body has a schema with a name, so that generated clients have
// types and methods with names.
func TestOpenAPIComplete(t *testing.T) {
	t.Parallel()
	var doc struct {
		Paths map[string]map[string]operation
		Tags  []struct{ Name, Description string }
	}
	if err := json.Unmarshal(contract(t), &doc); err != nil {
		t.Fatal(err)
	}
	tags := map[string]bool{}
	for _, tag := range doc.Tags {
		tags[tag.Name] = tag.Description != ""
	}
	named := func(c map[string]content) bool {
		for mediaType, b := range c {
			file := b.Schema.Type == "string" && mediaType != "application/json"
			stream := mediaType == "text/event-stream"
			if !strings.HasPrefix(b.Schema.Ref, "#/components/schemas/") && !file && !stream {
				return false
			}
		}
		return true
	}
	var found []string
	for path, methods := range doc.Paths {
		for method, op := range methods {
			at := fmt.Sprintf("%s %s %s", op.OperationID, strings.ToUpper(method), path)
			found = append(found, at)
			wrong := func(what string) { t.Errorf("%s: %s", at, what) }
			if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(op.OperationID) {
				wrong("its id is not in lower-case words")
			}
			if op.Summary == "" || op.Description == "" || strings.HasSuffix(op.Summary, ".") {
				wrong("want a summary without a full stop, and a description")
			}
			if len(op.Tags) != 1 || !tags[op.Tags[0]] {
				wrong(fmt.Sprintf("want one tag that is described, got %v", op.Tags))
			}
			for _, p := range op.Parameters {
				if p.Description == "" {
					wrong(p.Name + " is not described")
				}
			}
			if !named(op.RequestBody.Content) {
				wrong("its request has a schema without a name")
			}
			if d := op.Responses["default"]; d.Content["application/problem+json"].Schema.Ref != "#/components/schemas/Problem" {
				wrong("its problems are not described")
			}
			for status, r := range op.Responses {
				if r.Description == "" || !named(r.Content) {
					wrong("its response " + status + " has no description, or a schema without a name")
				}
			}
		}
	}
	// Generated clients call operations by their ids, so no id may change or
	// disappear.
	promised, err := os.ReadFile("testdata/operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(promised)) {
		if line = strings.TrimSpace(line); !slices.Contains(found, line) {
			t.Errorf("%s is missing: clients call it", line)
		}
	}
}
