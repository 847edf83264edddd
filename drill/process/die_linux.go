package process

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the system kill the process if its parent dies without ending
// it.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
