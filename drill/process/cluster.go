package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"purser/engine"
	"purser/stack"
)

// Cluster is a shop whose parts are processes of their own: Temporal's four services on
// Postgres, APIs behind a balancer, workers, and the sandbox.
type Cluster struct {
	Services []*Process // of Temporal
	Sandbox  *Process
	Roles    []*Process // the APIs and the workers
	At       stack.Running

	postgres string
	balancer *balancer
	reserved []io.Closer // ports
}

const (
	// clusterKey is the operator's key of a cluster, and vaultKey that of its vault.
	clusterKey = "operator-of-the-drill-0123456789"
	// historyShards is the number of shards of the service history.
	historyShards = 16
)

var vaultKey = strings.Repeat("d7", 32)

// NewCluster returns a cluster, not started, with that many of each role. Each process keeps its log, and the
// sandbox its data, in dir; all else is in the database. The program at path must have
// ServiceCommand and PurserCommand.
func NewCluster(path, dir, postgres string, each int, settings ...string) (*Cluster, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	services := []string{engine.Frontend, engine.History, engine.Matching, engine.Worker}
	free, reserved, err := freePorts(2*len(services) + 1 + 2*each)
	if err != nil {
		return nil, err
	}
	next := func() int {
		defer func() { free = free[1:] }()
		return free[0]
	}
	ports := map[string]engine.ServicePorts{}
	for _, s := range services {
		ports[s] = engine.ServicePorts{RPC: next(), Gossip: next()}
	}
	sandbox, apis := local(next()), make([]string, each)
	for i := range apis {
		apis[i] = local(next())
	}
	c := &Cluster{postgres: postgres, reserved: reserved}
	if c.balancer, err = balance(apis); err != nil {
		return nil, err
	}
	c.At = stack.SandboxAt("http://" + sandbox)
	c.At.API, c.At.Key, c.At.Temporal = c.balancer.url, clusterKey, local(ports[engine.Frontend].RPC)
	for _, s := range services {
		if err := c.addService(path, dir, s, ports); err != nil {
			return nil, err
		}
	}
	role := func(name, at, command string) *Process {
		return &Process{
			Name: name, Path: path, Args: append([]string{"purser", command, "--listen=" + at}, settings...), Log: filepath.Join(dir, name+".log"), Ready: readyAt(at),
			Env: []string{
				"PURSER_VAULT_KEY=" + vaultKey, "PURSER_PUBLIC_URL=" + c.At.API, "PURSER_SANDBOX_URL=" + c.At.Sandbox, "PURSER_DATA=" + filepath.Join(dir, name),
			},
		}
	}
	c.Sandbox = role("sandbox", sandbox, "sandbox")
	for i, at := range apis {
		c.Roles = append(c.Roles, role(fmt.Sprint("api-", i+1), at, "api"))
	}
	for i := range each {
		c.Roles = append(c.Roles, role(fmt.Sprint("worker-", i+1), local(next()), "worker"))
	}
	for _, p := range c.Roles {
		p.Env = append(p.Env, "DATABASE_URL="+postgres, "TEMPORAL_ADDRESS="+c.At.Temporal, "PURSER_API_KEYS=drill:operator:"+clusterKey)
	}
	return c, nil
}

// addService adds one of Temporal's services.
func (c *Cluster) addService(path, dir, service string, ports map[string]engine.ServicePorts) error {
	b, err := json.Marshal(ports)
	if err != nil {
		return err
	}
	name := "temporal-" + service
	p := &Process{Name: name, Path: path, Log: filepath.Join(dir, name+".log")}
	ready := filepath.Join(dir, name+".ready")
	p.Args = []string{"service", service, "--postgres=" + c.postgres, "--ports=" + string(b), "--ready=" + ready}
	p.Ready = func(context.Context) bool {
		b, err := os.ReadFile(ready)
		return err == nil && string(b) == strconv.Itoa(p.cmd.Process.Pid) // an earlier process had another
	}
	c.Services = append(c.Services, p)
	return nil
}

// Prepare creates the databases of Temporal, as its schema tool does.
func (c *Cluster) Prepare(ctx context.Context) error {
	return engine.Prepare(ctx, engine.Config{PostgresURL: c.postgres, Shards: historyShards})
}

// Stages returns the processes in the order in which they are started; those of one
// stage are started together.
func (c *Cluster) Stages() [][]*Process {
	return [][]*Process{c.Services, {c.Sandbox}, c.Roles}
}

// Start starts all processes.
func (c *Cluster) Start(ctx context.Context) error {
	return StartStages(c.Stages(), func(p *Process) error { return p.Start(ctx) })
}

// StartStages calls start for all processes, a stage at a time.
func StartStages(stages [][]*Process, start func(*Process) error) error {
	for _, stage := range stages {
		var all errgroup.Group
		for _, p := range stage {
			all.Go(func() error { return start(p) })
		}
		if err := all.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// Close kills the processes, the last ones started first, and stops the balancer.
func (c *Cluster) Close() error {
	var errs []error
	for _, stage := range slices.Backward(c.Stages()) {
		for _, p := range stage {
			errs = append(errs, p.Kill())
		}
	}
	errs = append(errs, c.balancer.close())
	for _, r := range c.reserved {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

// ServiceCommand is one of Temporal's services. A program that starts a cluster has it
// as its hidden command "service".
type ServiceCommand struct {
	Service  string `arg:"" enum:"frontend,history,matching,worker"`
	Postgres string `required:""`
	Ports    string `required:"" help:"The ports of all services, as JSON."`
	Ready    string `required:"" help:"The file that gets the id of this process when the service is ready."`
}

// Run starts the service and waits until it is interrupted.
func (c *ServiceCommand) Run(ctx context.Context) error {
	var ports map[string]engine.ServicePorts
	if err := json.Unmarshal([]byte(c.Ports), &ports); err != nil {
		return fmt.Errorf("--ports: %w", err)
	}
	stop, err := engine.StartService(engine.Config{PostgresURL: c.Postgres, Shards: historyShards}, c.Service, ports)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Ready, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return err
	}
	<-ctx.Done()
	return stop()
}

// readyAt returns a function that asks the role at an address whether it is ready.
func readyAt(address string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
		if err != nil {
			return false
		}
		resp, err := Once.Do(req)
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}
}

// Once makes a new connection for each call: the process behind a kept one may have
// been killed.
var Once = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func local(port int) string { return net.JoinHostPort(engine.DefaultHost, strconv.Itoa(port)) }

// freePorts returns ports that are free, and that stay so until they are closed: a process that
// starts again needs the port that it had.
func freePorts(n int) (free []int, reserved []io.Closer, err error) {
	for range n {
		l, r, err := engine.FreePort(engine.DefaultHost)
		if err != nil {
			return nil, nil, err
		}
		defer l.Close()
		free, reserved = append(free, l.Addr().(*net.TCPAddr).Port), append(reserved, r)
	}
	return free, reserved, nil
}
