package check

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
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"purser/engine"
)

const newKey = "make one with 'openssl rand -hex 32', the same for all roles"

// vault checks the key for secrets at rest.
func (c *checker) vault() Line {
	const name = "vault key"
	found, err := c.with.OpenVault()
	switch {
	case err != nil:
		return problem(name, err.Error(), newKey)
	case c.cfg.VaultKey == "" && !c.Role.ownsData(), c.cfg.VaultKey == "" && c.Role == Sandbox:
		return problem(name, "PURSER_VAULT_KEY is not set", newKey)
	case !found:
		return ok(name, "the first start makes one in "+c.cfg.Data)
	case c.cfg.VaultKey == "":
		return ok(name, "in "+c.cfg.Data)
	case c.Live && madeUp(c.cfg.VaultKey):
		return problem(name, "PURSER_VAULT_KEY is not random", newKey)
	}
	return ok(name, "PURSER_VAULT_KEY is set")
}

// madeUp reports whether a person has typed a secret, or copied it from a document,
// instead of having a machine choose it.
func madeUp(secret string) bool {
	lower := strings.ToLower(secret)
	for _, typed := range []string{"0123456789", "abcdefgh", "changeme", "example", "password", "secret"} {
		if strings.Contains(lower, typed) {
			return true
		}
	}
	different := map[rune]bool{}
	for _, r := range lower {
		different[r] = true
	}
	return len(different) < 8
}

// data checks the data directory of a role that has one.
func (c *checker) data(context.Context) []Line {
	const name = "data"
	if !c.Role.ownsData() {
		return nil
	}
	dir, err := existing(c.cfg.Data)
	if err == nil {
		err = unix.Access(dir, unix.W_OK|unix.X_OK)
	}
	switch {
	case err != nil:
		return []Line{problem(name, fmt.Sprintf("%s cannot be written: %v", c.cfg.Data, err), "set PURSER_DATA to a directory of this user")}
	case c.holder() != 0:
		return []Line{ok(name, fmt.Sprintf("%s, which process %d uses: no second one can start on it", c.cfg.Data, c.holder()))}
	}
	return []Line{ok(name, c.cfg.Data)}
}

// existing returns the directory or, if it is yet to be made, the closest one above it.
func existing(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return "", fmt.Errorf("%s is no directory", dir)
		case err == nil:
			return dir, nil
		case !errors.Is(err, os.ErrNotExist):
			return "", err
		}
		dir = filepath.Dir(dir) // the root exists
	}
}

// holder returns the process that runs on the data directory, or 0.
func (c *checker) holder() int {
	pid, err := engine.Holder(c.cfg.Data)
	if err != nil || unix.Kill(pid, 0) != nil {
		return 0
	}
	return pid
}

// ports checks that the ports of the role are free, or that the role has them.
func (c *checker) ports(ctx context.Context) (lines []Line) {
	lines = append(lines, c.port(ctx, "port", "--listen", c.cfg.Listen))
	if c.Role != Up || c.holder() != 0 {
		return lines
	}
	for _, p := range []struct {
		name, flag string
		port       int
	}{
		{"Temporal port", "--temporal-port", c.cfg.TemporalPort}, {"UI port", "--ui-port", c.cfg.EmbeddedUIPort()}, {"sandbox port", "--sandbox-port", c.cfg.SandboxPort},
	} {
		if p.port > 0 && (p.name != "sandbox port" || c.cfg.Played()) {
			lines = append(lines, c.port(ctx, p.name, p.flag, net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port))))
		}
	}
	return lines
}

func (c *checker) port(ctx context.Context, name, flag, address string) Line {
	l, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		_ = l.Close()
		return ok(name, address+" is free")
	case errors.Is(err, syscall.EADDRINUSE) && alive(ctx, address):
		return ok(name, "a role of Purser listens on "+address)
	case errors.Is(err, syscall.EADDRINUSE):
		return problem(name, "another program listens on "+address, "stop it, or choose another with "+flag)
	}
	return problem(name, fmt.Sprintf("%s cannot be opened: %v", address, err), "choose another with "+flag)
}

// alive reports whether a role of Purser serves its health checks at an address.
func alive(ctx context.Context, address string) bool {
	host, port, _ := net.SplitHostPort(address) // net.Listen has taken it
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/livez", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var says struct {
		Status string `json:"status"`
	}
	return json.NewDecoder(io.LimitReader(resp.Body, 4096)).Decode(&says) == nil && says.Status == "ok"
}

// apiKeys checks that callers have keys, and that nobody can guess them.
func (c *checker) apiKeys(context.Context) []Line {
	const name, form = "API keys", "set it to name:role:secret,… with one of role shop for the shop's backend"
	switch {
	case !c.Role.serves():
		return nil
	case c.cfg.APIKeys == "" && c.Role == Up && !c.Live:
		return []Line{ok(name, "the key of the operator in "+c.cfg.Data)}
	case c.cfg.APIKeys == "":
		return []Line{problem(name, "PURSER_API_KEYS is not set", form)}
	}
	var names []string
	for key := range strings.SplitSeq(c.cfg.APIKeys, ",") {
		parts := strings.SplitN(strings.TrimSpace(key), ":", 3)
		if len(parts) < 3 {
			continue // an empty one; config has parsed them
		}
		names = append(names, parts[0]+" ("+parts[1]+")")
		if c.Live && madeUp(parts[2]) {
			return []Line{problem(name, "the secret of "+parts[0]+" in PURSER_API_KEYS is not random", "make one with 'openssl rand -hex 32'")}
		}
	}
	return []Line{ok(name, strings.Join(names, ", "))}
}

// sandboxAlone checks that the stand-ins do not get a real provider's settings.
func (c *checker) sandboxAlone(context.Context) []Line {
	if err := c.cfg.CheckSandboxAlone(); err != nil {
		return []Line{problem("sandbox", err.Error(), "")}
	}
	return []Line{ok("sandbox", "no real provider is set")}
}
