//go:build !linux

package process

import "os/exec"

// dieWithParent does nothing: only Linux can end a process with its parent.
func dieWithParent(*exec.Cmd) {}
