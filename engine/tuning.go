//go:build !lean

package engine

import "go.temporal.io/server/common/dynamicconfig"

// writesAtOnce is how many transactions a shard may have on their way to disk.
// They share a sync (see connector), so the more the better; the server's
// default of one is for Cassandra.
const writesAtOnce = 32

// tuning is the server's dynamic configuration: what differs from its
// defaults, which are made for a cluster. What each setting gained is in
// docs/decisions/001-engine-settings.md.
func tuning() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		// Nothing leaves this machine uninvited.
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
