//go:build !linux

package measure

import (
	"errors"
	"os/exec"
)

// StartOnOwnCore returns an error: only Linux can assign cores.
func StartOnOwnCore(*exec.Cmd) (release func() error, err error) {
	return nil, errors.New("cores can be assigned on Linux only")
}
