//go:build !lean

package engine

import (
	"fmt"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

// clusterName is part of the persisted state: never change it.
const clusterName = "active"

// startWithin is how long the server may take to start.
const startWithin = 2 * time.Minute

// newServer builds a server that runs all four services in this process. The
// services find each other by fixed addresses, without gossip or discovery.
func newServer(c Config, p ports, persistence config.Persistence, log serverLog) (temporal.Server, error) {
	hosts := map[primitives.ServiceName]static.Hosts{}
	services := map[string]config.Service{}
	for name, port := range map[primitives.ServiceName]int{
		primitives.FrontendService: p.frontend,
		primitives.HistoryService:  p.history,
		primitives.MatchingService: p.matching,
		primitives.WorkerService:   p.worker,
	} {
		hosts[name] = static.SingleLocalHost(hostPort(c.Host, port))
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: c.Host}}
	}
	conf := &config.Config{
		Persistence:         persistence,
		ClusterMetadata:     clusterMetadata(hostPort(c.Host, p.frontend)),
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		Archival: config.Archival{
			History:    config.HistoryArchival{State: config.ArchivalDisabled},
			Visibility: config.VisibilityArchival{State: config.ArchivalDisabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: config.ArchivalDisabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: config.ArchivalDisabled},
		}},
		PublicClient: config.PublicClient{HostPort: hostPort(c.Host, p.frontend)},
	}
	conf.Global.Membership.BroadcastAddress = c.Host
	// With fixed hosts no service joins a ring. But the services must have started
	// within twice this time, or within 15 s, which a busy machine may exceed.
	conf.Global.Membership.MaxJoinDuration = startWithin / 2

	// There is no authentication: access is limited by who can reach the address.
	claims, err := authorization.GetClaimMapperFromConfig(&conf.Global.Authorization, log)
	if err != nil {
		return nil, fmt.Errorf("claim mapper: %w", err)
	}
	authorizer, err := authorization.GetAuthorizerFromConfig(&conf.Global.Authorization)
	if err != nil {
		return nil, fmt.Errorf("authorizer: %w", err)
	}
	return temporal.NewServer(
		temporal.WithConfig(conf),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(log),
		temporal.WithAuthorizer(authorizer),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return claims }),
		temporal.WithDynamicConfigClient(tuning()),
		temporal.WithCustomMetricsHandler(metrics.NoopMetricsHandler),
	)
}

func clusterMetadata(frontend string) *cluster.Config {
	return &cluster.Config{
		FailoverVersionIncrement: 10,
		MasterClusterName:        clusterName,
		CurrentClusterName:       clusterName,
		ClusterInformation: map[string]cluster.ClusterInformation{
			clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
		},
	}
}
