package orders

import (
	"encoding/json"
	"fmt"

	"purser/order"
)

// SnapshotVersion is the form in which this build writes snapshots.
const SnapshotVersion = 1

// upgrades turn a snapshot of each older version into one of the next. A change of
// State that encoding/json does not bridge by itself gets a version and a function
// here, and a saved snapshot in testdata/snapshots.
var upgrades = map[int]func(json.RawMessage) (json.RawMessage, error){}

// Snapshot returns the state as the record keeps it. encoding/json sorts the keys of
// maps, so a replay gets the same.
//
//workflowcheck:ignore
func (s *State) Snapshot() (order.Snapshot, error) {
	data, err := json.Marshal(s)
	return order.Snapshot{Version: SnapshotVersion, Data: data}, err
}

// Restore returns the state of a snapshot of this or an older version.
//
//workflowcheck:ignore
func Restore(snapshot order.Snapshot) (State, error) {
	data := snapshot.Data
	for v := snapshot.Version; v != SnapshotVersion; v++ {
		upgrade := upgrades[v]
		if upgrade == nil {
			return State{}, fmt.Errorf("a snapshot of version %d cannot be read: this build reads up to version %d", snapshot.Version, SnapshotVersion)
		}
		var err error
		if data, err = upgrade(data); err != nil {
			return State{}, fmt.Errorf("upgrade a snapshot of version %d: %w", v, err)
		}
	}
	s := newState(Placement{})
	if err := json.Unmarshal(data, &s); err != nil {
		return State{}, fmt.Errorf("read a snapshot: %w", err)
	}
	return s, nil
}
