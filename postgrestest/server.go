package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNotInstalled means that Postgres is missing; its text says how to get it.
var ErrNotInstalled = errors.New("postgres is not installed: apt-get install -y postgresql")

// Server is a running Postgres. It stops when it becomes unreachable, because
// the pipe it watches is then closed.
type Server struct {
	// URL reaches the database "postgres" as a superuser.
	URL string

	watchdog *exec.Cmd
	leash    io.Closer // closing it (or dying) stops the server
	dir      string
	set      settings // with the port
}

// Option changes how a server is run.
type Option func(*settings)

type settings struct {
	fsync bool
	port  int // 0: a free one
}

// WithoutFsync trades durability for speed, for tests that neither measure nor
// simulate a power failure.
func WithoutFsync() Option { return func(s *settings) { s.fsync = false } }

// Start runs a server on a free port of 127.0.0.1 with its data in dir and
// keeps the data that is there already. An empty dir means a new temporary
// one, which is removed when the server stops. Everyone on this machine may
// connect. Root runs the server as the user "postgres", who must be able to
// reach dir.
func Start(ctx context.Context, dir string, opts ...Option) (*Server, error) {
	set := settings{fsync: true}
	for _, o := range opts {
		o(&set)
	}
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	throwAway := dir == ""
	if throwAway {
		if dir, err = os.MkdirTemp("", "purser-postgres-"); err != nil {
			return nil, fmt.Errorf("postgres: %w", err)
		}
	}
	for attempt := 0; ; attempt++ { // another process may take the port after we found it free
		if dir, err = prepare(ctx, bin, dir); err != nil {
			return nil, err
		}
		s, err := run(ctx, bin, dir, set, throwAway)
		if err == nil || attempt == 4 || ctx.Err() != nil {
			return s, err
		}
	}
}

// Stop ends the server and disconnects its clients.
func (s *Server) Stop() error {
	if err := s.leash.Close(); err != nil {
		return fmt.Errorf("postgres: stop: %w", err)
	}
	if err := s.watchdog.Wait(); err != nil {
		return fmt.Errorf("postgres: stop: %w", err)
	}
	return nil
}

// Database makes an empty database and returns its URL. An existing database
// of that name is dropped first.
func (s *Server) Database(name string) (string, error) {
	return createDatabase(context.Background(), s.URL, name)
}

// binaries finds the newest installed Postgres.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		if path, err := exec.LookPath("initdb"); err == nil {
			return filepath.Dir(path), nil
		}
		return "", ErrNotInstalled
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// prepare makes the data directory if it does not exist.
func prepare(ctx context.Context, bin, dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	if err := own(dir); err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "PG_VERSION")); err == nil {
		return dir, nil
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"),
		"-D", dir, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions")
	cmd.Dir = "/"
	if err := asPostgres(cmd); err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("postgres: initdb: %w: %s", err, out)
	}
	return dir, nil
}

// leashed waits for its standard input to end, which happens when the program
// that started it closes it or dies in whatever way, and then stops the
// server. $1 is a directory to remove afterwards, or empty.
const leashed = `gone=$1; shift
exec 3<&0
"$@" 3<&- & server=$!
(cat <&3 >/dev/null; kill -INT $server) & leash=$!
wait $server
kill $leash 2>/dev/null
[ -z "$gone" ] || rm -rf "$gone"`

// run starts the server on a port that is free at this moment and waits until
// it accepts a connection.
func run(ctx context.Context, bin, dir string, set settings, throwAway bool) (*Server, error) {
	var err error
	if set.port == 0 {
		if set.port, err = freePort(ctx); err != nil {
			return nil, err
		}
	}
	gone := ""
	if throwAway {
		gone = dir
	}
	logFile, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	defer logFile.Close()
	args := append([]string{"-c", leashed, "postgres-leash", gone, filepath.Join(bin, "postgres"), "-D", dir}, flags(set)...)
	cmd := exec.Command("/bin/sh", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", logFile, logFile
	if err := asPostgres(cmd); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	leash, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s := &Server{
		URL:      fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", set.port),
		watchdog: cmd, leash: leash, dir: dir, set: set,
	}
	if err := s.awaitReady(ctx); err != nil {
		text, _ := os.ReadFile(logFile.Name())
		_ = s.Stop()
		return nil, fmt.Errorf("postgres: not ready: %w: %s", err, text)
	}
	return s, nil
}

// flags sets the server up for a small machine with many short transactions.
func flags(set settings) []string {
	onOff := map[bool]string{true: "on", false: "off"}
	var args []string
	for _, kv := range []string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(set.port),
		"unix_socket_directories=",
		"max_connections=300",
		"shared_buffers=128MB",
		"wal_level=minimal",
		"max_wal_senders=0",
		"max_wal_size=1GB",
		"jit=off",
		"fsync=" + onOff[set.fsync],
		"full_page_writes=" + onOff[set.fsync],
		"synchronous_commit=" + onOff[set.fsync],
	} {
		args = append(args, "-c", kv)
	}
	return args
}

// freePort picks a free port below the range the system hands out to clients.
func freePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	for range 100 {
		port := 20000 + rand.IntN(12000)
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("postgres: no free port between 20000 and 32000")
}

// awaitReady tries to connect until it succeeds or a minute has passed.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// createDatabase makes an empty database on the server at admin.
func createDatabase(ctx context.Context, admin, name string) (string, error) {
	if err := administer(ctx, admin,
		"DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)",
		"CREATE DATABASE "+quote(name)+" TEMPLATE template0",
	); err != nil {
		return "", err
	}
	return inDatabase(admin, name)
}

func administer(ctx context.Context, admin string, statements ...string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	defer conn.Close(ctx)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("postgres: %s: %w", s, err)
		}
	}
	return nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
