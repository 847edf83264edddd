// Package stack starts the parts of a role and connects them to each other:
// engine, record, vault, providers or their stand-ins, workers, API.
package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"purser/api/httpkit"
	"purser/config"
	"purser/engine"
	"purser/records"
	"purser/sandbox"
	"purser/sandbox/objects"
	"purser/starter"
	"purser/vault"
	"purser/workers"
)

// Stack holds the parts that run in this process. Stop ends them in the reverse
// order of their start.
type Stack struct {
	Temporal client.Client
	Records  *records.Store
	Sandbox  *sandbox.Sandbox // nil: every provider is real, or another process plays them

	cfg        *config.Config
	log        *slog.Logger
	engine     string // its address, if it runs here
	uiURL      string
	vault      *vault.Vault
	sandboxURL string // the address of the stand-ins
	webhooksTo string // the API to which the stand-ins here send their webhooks
	starter    *starter.Client
	workers    workers.Set
	apiURL     string
	key        string // an API key for the commands
	failed     chan error

	apiListener, sandboxListener, healthListener net.Listener

	checks   atomic.Pointer[[]httpkit.Check] // of /readyz; nil: this process is starting
	draining atomic.Bool                     // this process is stopping

	stops []func()
	once  sync.Once
}

// Role is the set of parts that a process runs.
type Role struct{ engine, sandbox, worker, api bool }

// The roles of a process.
var (
	Everything = Role{engine: true, sandbox: true, worker: true, api: true}
	APIOnly    = Role{api: true}
	WorkerOnly = Role{worker: true}
	// EngineElsewhere runs everything but the engine, which runs at
	// TEMPORAL_ADDRESS.
	EngineElsewhere = Role{sandbox: true, worker: true, api: true}
)

// owns reports whether the process keeps a data directory of its own.
func (r Role) owns() bool { return r.engine || r.sandbox }

func newStack(cfg *config.Config) *Stack {
	CollectLess()
	unix.Umask(0o077) // other users of the machine must not read our files
	return &Stack{cfg: cfg, log: cfg.Logger(), failed: make(chan error, 4)}
}

// Start starts the parts of a role. If it fails, nothing is left running.
func Start(ctx context.Context, cfg *config.Config, r Role) (_ *Stack, err error) {
	s := newStack(cfg)
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	if r.sandbox && cfg.S3Bucket == "" { // the embedded store changes the working directory
		if err := objects.KeepPaths(&cfg.DatabaseURL); err != nil {
			return nil, err
		}
	}
	if r.owns() {
		if err := s.lock(ctx); err != nil {
			return nil, err
		}
	}
	if err := s.listen(r); err != nil {
		return nil, err
	}
	s.serveHealth()
	switch { // roles share what the embedded stack keeps in its data directory
	case r.owns():
	case cfg.VaultKey == "":
		return nil, errNoVaultKey
	case cfg.DatabaseURL == "":
		return nil, errors.New("this role shares the record with others: set DATABASE_URL to their Postgres")
	}
	if err := s.openVault(); err != nil {
		return nil, err
	}
	if err := s.openStores(ctx, r); err != nil {
		return nil, err
	}
	s.starter = &starter.Client{
		Temporal: s.Temporal, Record: s.Records, Vault: s.vault, Terms: cfg.Terms(), Cases: s.Records, Extensions: workers.CourseOf(s.ownSteps()).IDs(),
	}
	p, err := s.providers(r)
	if err != nil {
		return nil, err
	}
	if err := s.checkSandbox(ctx); err != nil {
		return nil, err
	}
	if err := s.checkBucket(ctx, p.images); err != nil {
		return nil, err
	}
	s.startMail(ctx, p.mail)
	if r.worker {
		if err := s.startWorkers(p); err != nil {
			return nil, err
		}
	}
	if r.api {
		s.warnOfAddress()
		if !r.owns() { // a stack of its own loads them when it has started
			if err := s.LoadSample(ctx); err != nil {
				return nil, err
			}
		}
		if err := s.startAPI(r, p); err != nil {
			return nil, err
		}
	}
	if s.Sandbox != nil {
		s.startSandbox(s.publicURL())
	}
	s.workerReady()
	if r.owns() {
		return s, s.announce()
	}
	return s, nil
}

// errNoVaultKey is the error of a role that cannot have a key of its own.
var errNoVaultKey = errors.New("this role shares its secrets with others: set PURSER_VAULT_KEY, the same for all (openssl rand -hex 32)")

// onStop registers a function that Stop calls.
func (s *Stack) onStop(f func()) { s.stops = append(s.stops, f) }

// Stop ends all parts, the last one started first.
func (s *Stack) Stop() {
	s.once.Do(func() {
		for i := len(s.stops) - 1; i >= 0; i-- {
			s.stops[i]()
		}
	})
}

// lock takes the locks on the data directory and on the database, which only one
// process may use.
func (s *Stack) lock(ctx context.Context) error {
	release, err := engine.LockDir(s.cfg.Data)
	if err != nil {
		return err
	}
	s.unlockOnStop(release)
	if s.cfg.DatabaseURL == "" {
		return nil
	}
	if release, err = engine.LockDatabase(ctx, s.cfg.DatabaseURL); err == nil {
		s.unlockOnStop(release)
	}
	return err
}

func (s *Stack) unlockOnStop(release func() error) {
	s.onStop(func() {
		if err := release(); err != nil {
			s.log.Error("unlock", "error", err)
		}
	})
}

// listen opens the ports before anything else starts, so that a port in use fails
// the start early. Requests wait until the servers start.
func (s *Stack) listen(r Role) (err error) {
	if r.api {
		if s.apiListener, err = s.open("the API", "--listen", s.cfg.Listen); err != nil {
			return err
		}
		s.apiURL = "http://" + called(s.apiListener.Addr())
	} else if r.worker {
		if s.healthListener, err = s.open("the health checks", "--listen", s.cfg.Listen); err != nil {
			return err
		}
	}
	s.sandboxURL = strings.TrimRight(s.cfg.SandboxURL, "/")
	if r.sandbox && s.cfg.Played() {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(s.cfg.SandboxPort))
		if s.sandboxListener, err = s.open("the sandbox", "--sandbox-port", address); err != nil {
			return err
		}
		s.sandboxURL = "http://" + s.sandboxListener.Addr().String()
	}
	return nil
}

func (s *Stack) open(what, flag, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot open the port of %s, choose another with %s: %w", what, flag, err)
	}
	s.onStop(func() { _ = l.Close() }) // fails if a server has already closed it
	return l, nil
}

// vaultFile is the name of the file with the vault's key in the data directory.
const vaultFile = "vault.key"

func (s *Stack) openVault() (err error) {
	if s.cfg.VaultKey != "" {
		s.vault, err = vault.New(s.cfg.VaultKey)
		return err
	}
	s.vault, err = vault.Open(filepath.Join(s.cfg.Data, vaultFile))
	return err
}

// openStores opens the engine, the record and the sandbox concurrently.
func (s *Stack) openStores(ctx context.Context, r Role) error {
	var all errgroup.Group
	var eng *engine.Engine
	if r.engine {
		all.Go(func() (err error) {
			eng, err = StartEngine(ctx, s.cfg, func(err error) { s.failed <- fmt.Errorf("engine: %w", err) })
			return err
		})
	}
	if r.sandbox {
		all.Go(func() (err error) {
			s.Sandbox, err = s.newSandbox()
			return err
		})
	}
	all.Go(func() (err error) {
		s.Records, err = records.Open(ctx, s.cfg.RecordURL(), records.Options{Mail: s.cfg.MailRules(), Connections: s.connections(r)})
		return err
	})
	err := all.Wait()
	if s.Records != nil {
		s.onStop(func() {
			if err := s.Records.Close(); err != nil {
				s.log.Error("close record", "error", err)
			}
		})
	}
	if s.Sandbox != nil {
		s.onStop(func() {
			if err := s.Sandbox.Close(); err != nil {
				s.log.Error("close sandbox", "error", err)
			}
		})
	}
	if eng != nil {
		s.onStop(eng.Stop)
		s.engine, s.uiURL = eng.Address(), eng.UIURL()
	}
	if err != nil {
		return err
	}
	if r.engine {
		return s.dialEngine(ctx, eng.Address())
	}
	return s.dialCluster(ctx)
}

// startWorkers makes this process run workflows and their steps, and starts the
// upkeep of images and the search index.
func (s *Stack) startWorkers(p *providers) error {
	s.warnOfLinks()
	set := workers.New(s.Temporal, p.activities(s), workers.Limits{MailRate: s.cfg.MailRate, Images: s.cfg.ImagesAtOnce})
	if err := set.Start(); err != nil {
		return err
	}
	s.onStop(set.Stop)
	s.workers = set
	s.sweepImages()
	s.keepIndex(p.search)
	s.startCatalogue(p)
	s.retryInBackground("carry out bulks that were accepted", 0, s.resumeBulks)
	s.retryInBackground("schedule the checks of the ledger", scheduledWithin, func(ctx context.Context) error {
		return s.starter.KeepCheckingLedger(ctx, s.cfg.LedgerEvery)
	})
	s.retryInBackground("schedule the search for orders without a workflow", scheduledWithin, s.starter.KeepAttendingOrders)
	s.retryInBackground("schedule the search for cases", scheduledWithin, func(ctx context.Context) error {
		return s.starter.KeepSweepingCases(ctx, s.cfg.SweepCases)
	})
	s.retryInBackground("schedule the searches for missed events", scheduledWithin, func(ctx context.Context) error {
		return s.starter.KeepFindingMissedEvents(ctx, s.cfg.EventsEvery)
	})
	return nil
}

// serve handles HTTP requests at an address until the stack stops.
func (s *Stack) serve(l net.Listener, h http.Handler, grace time.Duration) {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
	}()
	s.onStop(func() {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			s.log.Warn("connections cut at shutdown", "address", l.Addr().String())
		}
	})
}
