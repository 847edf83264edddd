//go:build !lean

package engine

import "go.temporal.io/server/common/dynamicconfig"

// tuning is the server's dynamic configuration: what differs from its
// defaults, which are made for a cluster.
func tuning() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		// Nothing leaves this machine uninvited.
		dynamicconfig.EnableServerVersionCheck.Key(): false,

		// Fairness between keys on one queue; one partition makes priority strict.
		dynamicconfig.MatchingEnableFairness.Key():              true,
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
	}
}
