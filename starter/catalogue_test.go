package starter_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"purser/starter"
	"purser/workflows"
	"purser/workflows/inbox"
	"purser/workflows/unattended"
)

// scheduler is an engine that keeps schedules.
type scheduler struct {
	client.Client
	*schedules
}

func (s scheduler) ScheduleClient() client.ScheduleClient { return s.schedules }

// schedules holds the schedules by their ids, and is the handle of one of them.
type schedules struct {
	client.ScheduleClient
	client.ScheduleHandle
	kept    map[string]client.Schedule
	updated string // the id of the handle in use
}

func (s *schedules) Create(_ context.Context, o client.ScheduleOptions) (client.ScheduleHandle, error) {
	if _, exists := s.kept[o.ID]; exists {
		return nil, temporal.ErrScheduleAlreadyRunning
	}
	s.kept[o.ID] = client.Schedule{
		Spec: &o.Spec, Action: o.Action, State: &client.ScheduleState{Paused: o.Paused}, Policy: &client.SchedulePolicies{Overlap: o.Overlap},
	}
	return s, nil
}

func (s *schedules) GetHandle(_ context.Context, id string) client.ScheduleHandle {
	s.updated = id
	return s
}

func (s *schedules) Update(_ context.Context, o client.ScheduleUpdateOptions) error {
	u, err := o.DoUpdate(client.ScheduleUpdateInput{})
	if err == nil {
		s.kept[s.updated] = *u.Schedule
	}
	return err
}

// paused returns whether each schedule is paused.
func (s *schedules) paused() map[string]bool {
	paused := map[string]bool{}
	for id, kept := range s.kept {
		paused[id] = kept.State.Paused
	}
	return paused
}

// TestKeepCatalogue: old data is deleted each night, whether the index is compared or
// not, and each start brings the schedules up to date.
func TestKeepCatalogue(t *testing.T) {
	const hourly, nightly, cleanUp = "catalogue/reconcile", "catalogue/reconcile/nightly", "catalogue/clean-up"
	s := &schedules{kept: map[string]client.Schedule{}}
	for _, start := range []struct {
		every time.Duration
		want  map[string]bool
	}{
		{every: 0, want: map[string]bool{hourly: true, nightly: true, cleanUp: false}},
		{every: time.Hour, want: map[string]bool{hourly: false, nightly: false, cleanUp: false}},
		{every: 0, want: map[string]bool{hourly: true, nightly: true, cleanUp: false}},
	} {
		if err := (&starter.Client{Temporal: scheduler{schedules: s}}).KeepCatalogue(t.Context(), start.every); err != nil {
			t.Fatal(err)
		}
		if got := s.paused(); !maps.Equal(got, start.want) {
			t.Errorf("every %s: paused %v, want %v", start.every, got, start.want)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.kept)) {
		kept := s.kept[id]
		action := kept.Action.(*client.ScheduleWorkflowAction)
		if kept.Policy.Overlap != enums.SCHEDULE_OVERLAP_POLICY_SKIP || action.ID != id || action.TaskQueue != workflows.CatalogueQueue {
			t.Errorf("%s: %+v, %+v", id, kept.Policy, action)
		}
	}
	if calendar := s.kept[cleanUp].Spec.Calendars; len(calendar) != 1 || calendar[0].Hour[0].Start != 3 {
		t.Errorf("the deletion of old data is not scheduled nightly: %+v", calendar)
	}
}

// TestKeepFindingMissedEvents (REC-2): missed events are searched for in intervals, and
// further back each night, or only on request.
func TestKeepFindingMissedEvents(t *testing.T) {
	s := &schedules{kept: map[string]client.Schedule{}}
	for every, off := range map[time.Duration]bool{0: true, time.Hour: false, 5 * time.Second: false} {
		if err := (&starter.Client{Temporal: scheduler{schedules: s}}).KeepFindingMissedEvents(t.Context(), every); err != nil {
			t.Fatal(err)
		}
		if got, want := s.paused(), map[string]bool{"inbox/missed": off, "inbox/missed/nightly": off}; !maps.Equal(got, want) {
			t.Errorf("every %s: paused %v, want %v", every, got, want)
		}
		spec := s.kept["inbox/missed"].Spec
		search := s.kept["inbox/missed"].Action.(*client.ScheduleWorkflowAction).Args[0].(inbox.Search)
		if every > 0 && (spec.Intervals[0].Every != every || search.Overlap < every || search.Overlap > inbox.Overlap) {
			t.Errorf("every %s: %+v, %+v", every, spec, search)
		}
	}
	nightly := s.kept["inbox/missed/nightly"].Action.(*client.ScheduleWorkflowAction).Args[0].(inbox.Search)
	if nightly.Overlap <= inbox.Overlap {
		t.Errorf("%+v", nightly)
	}
}

// TestKeepAttendingOrders (REC-10): open orders that no workflow attends are searched for
// each night.
func TestKeepAttendingOrders(t *testing.T) {
	s := &schedules{kept: map[string]client.Schedule{}}
	if err := (&starter.Client{Temporal: scheduler{schedules: s}}).KeepAttendingOrders(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept := s.kept[unattended.WorkflowID]
	if len(s.kept) != 1 || kept.State.Paused || kept.Spec.Calendars[0].Hour[0].Start != 3 || kept.Action.(*client.ScheduleWorkflowAction).TaskQueue != workflows.OrdersQueue {
		t.Errorf("%+v", s.kept)
	}
}
