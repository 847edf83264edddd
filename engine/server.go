//go:build !lean

package engine

import (
	"fmt"
	"io"
	"net"
	"time"

	"go.temporal.io/server/chasm"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/serialization"
	"go.temporal.io/server/common/pprof"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/common/resource"
	"go.temporal.io/server/service/frontend"
	"go.temporal.io/server/service/history"
	"go.temporal.io/server/service/history/replication"
	"go.temporal.io/server/service/matching"
	"go.temporal.io/server/temporal"
	"go.uber.org/fx"
	"google.golang.org/grpc"
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
	options, err := serverOptions(c, services, persistence, log)
	if err != nil {
		return nil, err
	}
	return temporal.NewServerFx(serverModule, append(options,
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithDynamicConfigClient(tuning()),
	)...)
}

// serverOptions returns what a server has in every shape, with these services.
func serverOptions(c Config, services map[string]config.Service, persistence config.Persistence, log log.Logger) ([]temporal.ServerOption, error) {
	frontend := hostPort(c.Host, services[string(primitives.FrontendService)].RPC.GRPCPort)
	conf := &config.Config{
		Persistence:         persistence,
		ClusterMetadata:     clusterMetadata(frontend),
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
		PublicClient: config.PublicClient{HostPort: frontend},
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
	return []temporal.ServerOption{
		temporal.WithConfig(conf),
		temporal.WithLogger(log),
		temporal.WithAuthorizer(authorizer),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return claims }),
		temporal.WithCustomMetricsHandler(metrics.NoopMetricsHandler),
	}, nil
}

// streamWorkers is how many goroutines each gRPC server keeps for its calls.
// Long polls occupy some; calls beyond it get a goroutine of their own. By
// default each call has a new one, whose stack then grows step by step through
// the server's twenty interceptors, again for each of the hundred calls that an
// order takes: a fifth of all work.
const streamWorkers = 128

// serverModule is temporal.TopLevelModule, except that the gRPC servers keep
// their goroutines. The server has no option for that, but its services can be
// put together here.
var serverModule = fx.Options(
	fx.Provide(
		temporal.NewServerFxImpl,
		temporal.ServerOptionsProvider,
		resource.ArchivalMetadataProvider,
		temporal.TaskCategoryRegistryProvider,
		historyService,
		matchingService,
		frontendService,
		temporal.WorkerServiceProvider,
		temporal.ApplyClusterMetadataConfigProvider,
	),
	dynamicconfig.Module,
	pprof.Module,
	temporal.TraceExportModule,
	chasm.Module,
	serialization.Module,
	temporal.FxLogAdapter,
	fx.Invoke(temporal.ServerLifetimeHooks),
)

func historyService(p temporal.ServiceProviderParamsCommon) (temporal.ServicesGroupOut, error) {
	return service(p, primitives.HistoryService, history.QueueModule, history.Module, replication.Module, fx.Decorate(keepStreamWorkers))
}

func matchingService(p temporal.ServiceProviderParamsCommon) (temporal.ServicesGroupOut, error) {
	return service(p, primitives.MatchingService, matching.Module, fx.Decorate(keepStreamWorkers))
}

func frontendService(p temporal.ServiceProviderParamsCommon) (temporal.ServicesGroupOut, error) {
	return service(p, primitives.FrontendService, fx.Supply(p.CustomFrontendInterceptors), frontend.Module,
		fx.Decorate(func(o frontend.GrpcServerOptions) frontend.GrpcServerOptions {
			o.Options = keepStreamWorkers(o.Options)
			return o
		}))
}

func service(p temporal.ServiceProviderParamsCommon, name primitives.ServiceName, parts ...fx.Option) (temporal.ServicesGroupOut, error) {
	app := fx.New(p.GetCommonServiceOptions(name), fx.Options(parts...))
	return temporal.NewService(app, name, p.Logger), app.Err()
}

func keepStreamWorkers(o []grpc.ServerOption) []grpc.ServerOption {
	return append(o, grpc.NumStreamWorkers(streamWorkers))
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

// ports holds the port on which each part of the server listens.
type ports struct {
	frontend, history, matching, worker int
	ui                                  int // 0: no UI
	// reserved keeps the free ports for the server until it listens: see FreePort.
	reserved []io.Closer
}

// choosePorts probes every port that the server will need, because the server
// itself panics or exits when a port is taken. It holds all ports until the
// last one is found, so no two can be the same.
func choosePorts(c Config) (p ports, err error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
		if err != nil {
			for _, r := range p.reserved {
				r.Close()
			}
		}
	}()
	choose := func(port *int, service string, wanted int) {
		if err != nil {
			return
		}
		var l net.Listener
		var r io.Closer
		if l, r, err = probe(c.Host, service, wanted); err == nil {
			held = append(held, l)
			*port = l.Addr().(*net.TCPAddr).Port
		}
		if r != nil {
			p.reserved = append(p.reserved, r)
		}
	}
	choose(&p.frontend, "Temporal", c.FrontendPort)
	if c.UIPort >= 0 {
		choose(&p.ui, "Temporal UI", c.UIPort)
	}
	choose(&p.history, "Temporal history", 0)
	choose(&p.matching, "Temporal matching", 0)
	choose(&p.worker, "Temporal worker", 0)
	return p, err
}

// probe listens on a port, and reserves it if it is one of the free ones.
func probe(host, service string, wanted int) (net.Listener, io.Closer, error) {
	if wanted == 0 {
		l, reserved, err := FreePort(host)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", service, err)
		}
		return l, reserved, nil
	}
	l, err := net.Listen("tcp", hostPort(host, wanted))
	if err != nil {
		return nil, nil, &PortError{Service: service, Host: host, Port: wanted, Err: err}
	}
	return l, nil, nil
}
