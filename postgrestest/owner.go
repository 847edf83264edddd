package postgrestest

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// Postgres refuses to run as root, so root runs it as the user the package
// made for it.

// account returns that user, and whether we are root and need it.
func account() (uid, gid int, root bool, err error) {
	if os.Geteuid() != 0 {
		return 0, 0, false, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, true, fmt.Errorf("%w (%w)", ErrNotInstalled, err)
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, true, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, true, err
}

// own gives the directory to the user the server runs as.
func own(dir string) error {
	uid, gid, root, err := account()
	if err != nil || !root {
		return err
	}
	return os.Chown(dir, uid, gid)
}

// asPostgres makes the command run as the user the server runs as.
func asPostgres(cmd *exec.Cmd) error {
	uid, gid, root, err := account()
	if err != nil || !root {
		return err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return nil
}

// inDatabase returns the URL of another database on the same server.
func inDatabase(admin, name string) (string, error) {
	u, err := url.Parse(admin)
	if err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}
