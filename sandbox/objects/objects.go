package objects

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"

	"purser/sandbox/faults"
)

// Config configures the gateway.
type Config struct {
	// Dir holds the files. Required, an absolute path.
	Dir string
	// Bucket is the name of the one bucket. Required.
	Bucket string
	// AccessKey and SecretKey are the key pair that must sign requests. Required.
	AccessKey, SecretKey string
	// Region is the region that clients sign for; default us-east-1.
	Region string
	// Faults makes the gateway misbehave, as provider "s3". Nil means no faults.
	Faults *faults.Control
	// Log receives errors. Nil discards them.
	Log *slog.Logger
}

// The gateway's limits. It refuses to start without them.
const (
	connections = 256
	requests    = 128
	parts       = 10_000
	copyAtOnce  = 5 << 30 // 0 would refuse every copy
	startWithin = 5 * time.Second
)

// Server is the gateway. It can be reached through Handler only.
type Server struct {
	conf   Config
	before string // the working directory to return to
	socket string
	stop   context.CancelFunc
	ended  chan error
	proxy  *httputil.ReverseProxy
}

// Start runs the gateway until Close.
func Start(ctx context.Context, c Config) (*Server, error) {
	c.Region = cmp.Or(c.Region, "us-east-1")
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if !filepath.IsAbs(c.Dir) {
		return nil, fmt.Errorf("objects: %s: want an absolute path", c.Dir)
	}
	s := &Server{conf: c, ended: make(chan error, 1)}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("objects: %w", err), s.Close())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	if err := os.MkdirAll(s.conf.Dir, 0o700); err != nil {
		return err
	}
	// A socket's path may be no longer than about a hundred characters.
	dir, err := os.MkdirTemp("", "purser-s3-")
	if err != nil {
		return err
	}
	s.socket = filepath.Join(dir, "s3.sock")
	if s.before, err = os.Getwd(); err != nil {
		s.before = string(filepath.Separator)
	}
	store, err := s.open(ctx)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() {
		s.ended <- embedgw.RunVersityGW(running, store, &embedgw.Config{
			RootUserAccess: s.conf.AccessKey, RootUserSecret: s.conf.SecretKey, Region: s.conf.Region,
			Ports: []string{s.socket}, MaxConnections: connections, MaxRequests: requests, MultipartMaxParts: parts,
			// Without an IAM service the gateway prints a warning.
			IAMService: auth.NewIAMServiceSingle(auth.Account{Access: s.conf.AccessKey, Secret: s.conf.SecretKey, Role: auth.RoleAdmin}),
			Quiet:      true, KeepAlive: true, DisableACLs: true,
		})
	}()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.socket)
	}
	s.proxy = &httputil.ReverseProxy{
		// Path, query and host pass unchanged, because they are signed.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "s3"})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 16, DisableCompression: true},
		ErrorLog:  slog.NewLogLogger(s.conf.Log.Handler(), slog.LevelWarn),
	}
	return s.awaitReady(ctx, dial)
}

// open opens the files and creates the bucket if it does not exist.
func (s *Server) open(ctx context.Context) (*posix.Posix, error) {
	if err := (meta.XattrMeta{}).Test(s.conf.Dir); err != nil {
		return nil, fmt.Errorf("%s: its file system keeps no extended attributes: %w", s.conf.Dir, err)
	}
	store, err := posix.New(s.conf.Dir, meta.XattrMeta{}, posix.PosixOpts{
		NewDirPerm: 0o700, NewFilePerm: 0o600, CopyObjectThreshold: copyAtOnce, IOBufferSize: 64 << 10, Concurrency: 64,
		ForceNoObjLockFile: true, // no other process writes here
	})
	if err != nil {
		return nil, err
	}
	bucket := aws.String(s.conf.Bucket)
	if _, err := store.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: bucket}); err == nil {
		return store, nil
	}
	acl, err := json.Marshal(auth.ACL{Owner: s.conf.AccessKey})
	if err != nil {
		return nil, err
	}
	if err := store.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{}}, acl); err != nil {
		return nil, fmt.Errorf("create bucket: %w", err)
	}
	return store, store.PutBucketCors(ctx, s.conf.Bucket, []byte(cors))
}

// cors lets pages of any origin send files: the signature decides whether they
// may.
const cors = `<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>POST</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader></CORSRule></CORSConfiguration>`

// awaitReady waits until the gateway accepts connections.
func (s *Server) awaitReady(ctx context.Context, dial func(ctx context.Context, _, _ string) (net.Conn, error)) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := dial(ctx, "", "")
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			return cmp.Or(err, errors.New("the gateway stopped at once"))
		case <-ctx.Done():
			return fmt.Errorf("the gateway does not accept connections: %w", err)
		case <-again.C:
		}
	}
}

// Handler serves the bucket at /<bucket>. It must be mounted at that path,
// because the path is part of the signature.
func (s *Server) Handler() http.Handler { return s.conf.Faults.Wrap("s3", s.strict(s.proxy)) }

// Close stops the gateway and restores the working directory.
func (s *Server) Close() error {
	var errs []error
	if s.stop != nil {
		s.stop()
		errs = append(errs, <-s.ended)
	}
	if s.before != "" {
		errs = append(errs, os.Chdir(s.before))
	}
	if s.socket != "" {
		errs = append(errs, os.RemoveAll(filepath.Dir(s.socket)))
	}
	return errors.Join(errs...)
}
