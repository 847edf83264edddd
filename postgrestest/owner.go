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

// account returns the user that the system's Postgres package created, and
// whether this process is root. Postgres refuses to run as root, so root runs it
// as that user.
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

// own makes the user that the server runs as the owner of the directory.
func own(dir string) error {
	uid, gid, root, err := account()
	if err != nil || !root {
		return err
	}
	return os.Chown(dir, uid, gid)
}

// asPostgres makes the command run as the same user as the server.
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
