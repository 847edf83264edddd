//go:build !lean

package engine

import "go.temporal.io/server/common/dynamicconfig"

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

		// One partition makes a queue's priorities strict; fairness shares it
		// between the keys of one priority.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
		dynamicconfig.MatchingEnableFairness.Key():              true,

		dynamicconfig.ShardIOConcurrency.Key(): writesAtOnce,

		// A list or a count is not worth queueing for on one machine.
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 100,
	}
}
