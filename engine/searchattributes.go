package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/codes"
)

// namespaceTimeout is how long a server may take until its namespace can be
// used. It needs a moment, or two seconds with new search attributes; a cluster's
// other nodes cache the search attributes for a minute.
const namespaceTimeout = 90 * time.Second

// SearchAttributesError reports that a namespace lacks search attributes and
// that this process may not add them.
type SearchAttributesError struct {
	Namespace string
	Missing   map[string]enums.IndexedValueType
	Err       error // the server's refusal
}

func (e *SearchAttributesError) Error() string {
	var lacks []string
	for _, name := range slices.Sorted(maps.Keys(e.Missing)) {
		lacks = append(lacks, fmt.Sprintf("%s (%s)", name, e.Missing[name]))
	}
	return fmt.Sprintf("namespace %s lacks search attributes, and this process may not add them: %s; an operator of the cluster can: %s: %v",
		e.Namespace, strings.Join(lacks, ", "), e.Command(), e.Err)
}

// Command returns the command by which an operator of the cluster adds them.
func (e *SearchAttributesError) Command() string {
	command := "temporal operator search-attribute create --namespace " + e.Namespace
	for _, name := range slices.Sorted(maps.Keys(e.Missing)) {
		command += fmt.Sprintf(" --name %s --type %s", name, e.Missing[name])
	}
	return command
}

func (e *SearchAttributesError) Unwrap() error { return e.Err }

// EnsureSearchAttributes registers the search attributes that a namespace of
// any Temporal server lacks, and returns when all of them can be used. Several
// processes may call it at the same time. If the server refuses to add them,
// the error is a *SearchAttributesError.
func EnsureSearchAttributes(ctx context.Context, w workflowservice.WorkflowServiceClient, o operatorservice.OperatorServiceClient, name string, wanted map[string]enums.IndexedValueType) error {
	ctx, cancel := context.WithTimeout(ctx, namespaceTimeout)
	defer cancel()
	n := namespace{name: name, workflows: w, operator: o}
	// Listing the search attributes of a namespace that does not exist fails
	// with Unavailable, which would be retried until the deadline.
	if _, err := w.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name}); codeOf(err) == codes.NotFound {
		return fmt.Errorf("namespace %s: %w", name, err)
	}
	return n.ensureSearchAttributes(ctx, wanted)
}

// namespace is a namespace of a running server.
type namespace struct {
	name      string
	workflows workflowservice.WorkflowServiceClient
	operator  operatorservice.OperatorServiceClient
}

// ensureSearchAttributes adds the missing search attributes and waits until all
// of them can be queried, also if another process has just added them.
func (n namespace) ensureSearchAttributes(ctx context.Context, wanted map[string]enums.IndexedValueType) error {
	err := until(ctx, func() error { return n.addMissing(ctx, wanted) })
	if err == nil {
		err = until(ctx, func() error { return n.query(ctx, wanted) })
	}
	var lacks *SearchAttributesError
	if err == nil || errors.As(err, &lacks) {
		return err
	}
	return fmt.Errorf("search attributes of namespace %s: %w", n.name, err)
}

// MissingSearchAttributes returns the search attributes that a namespace of any
// Temporal server lacks, and adds none. If the server refuses to list them and they
// cannot be used, the error is a *SearchAttributesError.
func MissingSearchAttributes(ctx context.Context, w workflowservice.WorkflowServiceClient, o operatorservice.OperatorServiceClient, name string, wanted map[string]enums.IndexedValueType) (map[string]enums.IndexedValueType, error) {
	lacks, err := namespace{name: name, workflows: w, operator: o}.missing(ctx, wanted)
	var p permanent
	if errors.As(err, &p) {
		err = p.error
	}
	return lacks, err
}

// missing returns the search attributes that the namespace lacks.
func (n namespace) missing(ctx context.Context, wanted map[string]enums.IndexedValueType) (map[string]enums.IndexedValueType, error) {
	have, err := n.operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: n.name})
	switch {
	case refused(err): // listing is denied, but perhaps all of them can be used
		if err := n.query(ctx, wanted); err == nil || codeOf(err) != codes.InvalidArgument && !refused(err) {
			return nil, err
		}
		return nil, permanent{&SearchAttributesError{Namespace: n.name, Missing: wanted, Err: err}}
	case err != nil:
		return nil, err
	}
	lacks := map[string]enums.IndexedValueType{}
	for name, kind := range wanted {
		got, ok := have.GetCustomAttributes()[name]
		if !ok {
			lacks[name] = kind
		} else if got != kind {
			return nil, permanent{fmt.Errorf("%s is registered as %s, not %s: choose another name", name, got, kind)}
		}
	}
	return lacks, nil
}

// addMissing adds the search attributes that the namespace lacks.
func (n namespace) addMissing(ctx context.Context, wanted map[string]enums.IndexedValueType) error {
	missing, err := n.missing(ctx, wanted)
	if err != nil || len(missing) == 0 {
		return err
	}
	_, err = n.operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: n.name, SearchAttributes: missing})
	switch {
	case refused(err):
		return permanent{&SearchAttributesError{Namespace: n.name, Missing: missing, Err: err}}
	case codeOf(err) == codes.InvalidArgument: // for example more than the namespace may have
		return permanent{err}
	}
	return err // another process adds them at this moment, or the server is starting: retry
}

// query lists workflows by all search attributes at once, which fails until
// the server knows each of them.
func (n namespace) query(ctx context.Context, wanted map[string]enums.IndexedValueType) error {
	var known []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		known = append(known, name+" IS NOT NULL")
	}
	_, err := n.workflows.ListWorkflowExecutions(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: n.name, PageSize: 1, Query: strings.Join(known, " AND "),
	})
	return err
}

// codeOf returns the gRPC code of a call's error.
func codeOf(err error) codes.Code { return serviceerror.ToStatus(err).Code() }

// refused reports whether the server denied the call to this process, or does
// not implement it.
func refused(err error) bool {
	return slices.Contains([]codes.Code{codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented}, codeOf(err))
}

// permanent is an error that a retry does not fix.
type permanent struct{ error }

// The pause between two attempts of until grows from the first to the last.
const (
	firstPause = 20 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// until calls try until it succeeds, fails with a permanent error, or the
// context ends.
func until(ctx context.Context, try func() error) error {
	for pause := firstPause; ; pause = min(pause+pause/4, lastPause) {
		err := try()
		var p permanent
		switch {
		case err == nil:
			return nil
		case errors.As(err, &p):
			return p.error
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}
