//go:build !lean

package engine

import (
	"context"
	"fmt"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/temporal"
)

func prepare(ctx context.Context, c Config) error {
	st, err := openPostgres(c)
	if err != nil {
		return err
	}
	if err := st.prepare(ctx); err != nil {
		return err
	}
	if err := createNamespace(st.persistence(), c); err != nil {
		return fmt.Errorf("create namespace %s: %w", c.Namespace, err)
	}
	return nil
}

func startService(c Config, service string, ports map[string]ServicePorts) (stop func() error, err error) {
	st, err := openPostgres(c)
	if err != nil {
		return nil, err
	}
	services := map[string]config.Service{}
	for name, p := range ports {
		services[name] = config.Service{RPC: config.RPC{GRPCPort: p.RPC, MembershipPort: p.Gossip, BindOnIP: c.Host}}
	}
	options, err := serverOptions(c, services, st.persistence(), log.NewZapLogger(log.BuildZapLogger(log.Config{Level: "error"})))
	if err != nil {
		return nil, err
	}
	server, err := temporal.NewServer(append(options, temporal.ForServices([]string{service}), temporal.WithDynamicConfigClient(clusterTuning()))...)
	if err != nil {
		return nil, fmt.Errorf("build Temporal's service %s: %w", service, err)
	}
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start Temporal's service %s: %w", service, err)
	}
	return server.Stop, nil
}

// clusterTuning returns the settings that deploy/temporal-settings.yaml gives to a
// cluster, which has the server's defaults for the others.
func clusterTuning() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		dynamicconfig.EnableServerVersionCheck.Key(): false,
		dynamicconfig.MatchingEnableFairness.Key():   false,
	}
}
