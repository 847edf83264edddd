//go:build !lean

package engine

import (
	"time"

	"go.temporal.io/server/common/dynamicconfig"
)

// writesAtOnce is how many transactions a shard may write at the same time.
// They share a sync (see connector), so more are better; the server's default
// of one is meant for Cassandra.
const writesAtOnce = 32

// tuning returns the server's dynamic configuration: the settings that differ
// from the defaults, which are made for a cluster. What each of them gained is
// in docs/decisions/001-engine-settings.md.
func tuning() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		// The server would send its version to Temporal.
		dynamicconfig.EnableServerVersionCheck.Key(): false,

		// One partition makes a queue's priorities strict. Within a priority the
		// oldest task is first; with fairness between keys, which are not used,
		// those of before a crash would wait behind all later ones.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

		dynamicconfig.ShardIOConcurrency.Key(): writesAtOnce,

		// Timers that are due within the shift are read together, so a short
		// timer is late by up to the shift; the default is a second. With a
		// short one, each timer takes two reads of its queue. The default of
		// 20 reads per second would delay timers again; 50 are enough, and
		// limit what reading costs when many timers fire.
		dynamicconfig.TimerProcessorMaxTimeShift.Key(): 20 * time.Millisecond,
		dynamicconfig.TimerProcessorMaxPollRPS.Key():   50,

		// A list or a count is not worth queueing for on one machine.
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 100,
	}
}
