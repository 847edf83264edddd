package e2e_test

import (
	"os/exec"
	"syscall"
)

// dieWithTest makes the system kill the process if the test process dies without
// cleaning up.
func dieWithTest(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
