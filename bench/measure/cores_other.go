//go:build !linux

package measure

import (
	"errors"
	"os/exec"
)

// StartOnOwnCore would give a command a core of its own; only Linux can.
func StartOnOwnCore(*exec.Cmd) (release func() error, err error) {
	return nil, errors.New("cores can be assigned on Linux only")
}
