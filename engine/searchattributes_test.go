package engine_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"purser/engine"
)

type kinds = map[string]enums.IndexedValueType

const (
	keyword  = enums.INDEXED_VALUE_TYPE_KEYWORD
	datetime = enums.INDEXED_VALUE_TYPE_DATETIME
)

// cluster is a fake of an external Temporal server.
type cluster struct {
	workflowservice.WorkflowServiceClient
	operatorservice.OperatorServiceClient

	has       kinds   // the registered search attributes
	unusable  int     // number of queries that fail after the attributes were added
	list, add []error // the errors of the next calls; after the last, calls succeed
	describe  error

	added []kinds // the attributes that each call added
}

func (c *cluster) DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest, ...grpc.CallOption) (*workflowservice.DescribeNamespaceResponse, error) {
	return &workflowservice.DescribeNamespaceResponse{}, c.describe
}

func (c *cluster) ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest, ...grpc.CallOption) (*operatorservice.ListSearchAttributesResponse, error) {
	if err := next(&c.list); err != nil {
		return nil, err
	}
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: maps.Clone(c.has)}, nil
}

func (c *cluster) AddSearchAttributes(_ context.Context, r *operatorservice.AddSearchAttributesRequest, _ ...grpc.CallOption) (*operatorservice.AddSearchAttributesResponse, error) {
	c.added = append(c.added, r.GetSearchAttributes())
	if err := next(&c.add); err != nil {
		return nil, err
	}
	if c.has == nil {
		c.has = kinds{}
	}
	maps.Copy(c.has, r.GetSearchAttributes())
	return &operatorservice.AddSearchAttributesResponse{}, nil
}

func (c *cluster) ListWorkflowExecutions(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest, _ ...grpc.CallOption) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	for _, part := range strings.Split(r.GetQuery(), " AND ") {
		if name := strings.TrimSuffix(part, " IS NOT NULL"); c.has[name] == 0 {
			return nil, serviceerror.NewInvalidArgumentf("invalid query: %s is not defined", name)
		}
	}
	if c.unusable > 0 {
		c.unusable--
		return nil, serviceerror.NewInvalidArgument("invalid query: not defined yet")
	}
	return &workflowservice.ListWorkflowExecutionsResponse{}, nil
}

func next(errs *[]error) (err error) {
	if len(*errs) > 0 {
		err, *errs = (*errs)[0], (*errs)[1:]
	}
	return err
}

// TestEnsureSearchAttributes checks that missing search attributes are registered
// and awaited, and that the error lists them if the server refuses.
func TestEnsureSearchAttributes(t *testing.T) {
	wanted := kinds{"Status": keyword, "Due": datetime}
	denied := serviceerror.NewPermissionDenied("Request unauthorized.", "")
	always := func(err error) (errs []error) {
		for range 10_000 {
			errs = append(errs, err)
		}
		return errs
	}
	for _, tt := range []struct {
		name    string
		cluster cluster
		added   []kinds
		missing kinds    // of a *SearchAttributesError
		says    []string // texts in the error
	}{
		{name: "fresh", cluster: cluster{unusable: 3}, added: []kinds{wanted}},
		{name: "one is missing", cluster: cluster{has: kinds{"Status": keyword}}, added: []kinds{{"Due": datetime}}},
		{name: "all there, just added by another process", cluster: cluster{has: wanted, unusable: 3}},
		{
			name:    "another process adds one at the same moment",
			cluster: cluster{add: []error{serviceerror.NewUnavailable("race condition")}},
			added:   []kinds{wanted, wanted},
		},
		{
			name:    "adding is refused",
			cluster: cluster{has: kinds{"Status": keyword}, add: []error{denied}},
			added:   []kinds{{"Due": datetime}}, missing: kinds{"Due": datetime},
			says: []string{"namespace shop", "Due (Datetime)", "--name Due --type Datetime", "Request unauthorized."},
		},
		{
			name:    "adding is refused, as a gRPC status",
			cluster: cluster{add: []error{status.Error(codes.PermissionDenied, "no")}},
			added:   []kinds{wanted}, missing: wanted,
			says: []string{"Due (Datetime), Status (Keyword)", "--name Due --type Datetime --name Status --type Keyword"},
		},
		{
			name:    "the service has no such call",
			cluster: cluster{add: []error{serviceerror.NewUnimplemented("unknown method")}},
			added:   []kinds{wanted}, missing: wanted,
		},
		{name: "listing is refused, but all can be used", cluster: cluster{has: wanted, list: []error{denied}}},
		{name: "listing is refused, but one is missing", cluster: cluster{has: kinds{"Due": datetime}, list: []error{denied}}, missing: wanted},
		{
			name:    "another type",
			cluster: cluster{has: kinds{"Status": datetime}},
			says:    []string{"namespace shop", "Status is registered as Datetime, not Keyword"},
		},
		{
			name:    "too many",
			cluster: cluster{add: []error{serviceerror.NewInvalidArgument("cannot have more than 10 search attributes of type Keyword")}},
			added:   []kinds{wanted}, says: []string{"cannot have more than 10"},
		},
		{
			name:    "no such namespace",
			cluster: cluster{describe: serviceerror.NewNamespaceNotFound("shop")},
			says:    []string{"namespace shop", "not found"},
		},
		{
			name:    "the server does not come up",
			cluster: cluster{list: always(serviceerror.NewUnavailable("no hosts"))},
			says:    []string{"namespace shop", "deadline exceeded", "no hosts"},
		},
		{
			name:    "never usable",
			cluster: cluster{unusable: 10_000},
			added:   []kinds{wanted}, says: []string{"namespace shop", "deadline exceeded", "not defined yet"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &tt.cluster
				err := engine.EnsureSearchAttributes(t.Context(), c, c, "shop", wanted)
				if (err != nil) != (tt.says != nil || tt.missing != nil) {
					t.Fatalf("got %v", err)
				}
				for _, words := range tt.says {
					if !strings.Contains(err.Error(), words) {
						t.Errorf("%q does not say %q", err, words)
					}
				}
				var lacks *engine.SearchAttributesError
				if errors.As(err, &lacks) != (tt.missing != nil) {
					t.Fatalf("got %v", err)
				}
				if lacks != nil && !maps.Equal(lacks.Missing, tt.missing) {
					t.Errorf("missing: %s", cmp.Diff(tt.missing, lacks.Missing))
				}
				if diff := cmp.Diff(tt.added, c.added); diff != "" {
					t.Errorf("added: %s", diff)
				}
				if err == nil && c.unusable > 0 {
					t.Errorf("it returned before they could be used")
				}
			})
		})
	}
}
