package e2e_test

import (
	"os/exec"
	"syscall"
)

// dieWithTest has the system kill the process if the tests die without
// cleaning up.
func dieWithTest(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
