// Command vetown is a vet tool for go vet that analyses the packages of one module, and
// nothing of what they import.
//
// go vet runs its tool on every dependency, for facts such as "this function wraps
// Printf", which takes minutes of an empty build cache, and a quarter of an hour for
// packages that import the Temporal server. vetown has no facts about packages of other
// modules. It therefore misses the misuse of their printf-like functions, apart from
// those of the standard library, which the tool knows.
//
//	go build -C tools -o .vetown ./vetown && go vet -vettool=$PWD/tools/.vetown ./...
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// own is the path of the module whose packages are analysed; those of the modules in its
// folders begin with it.
const own = "purser"

// unit is what the go command says about a package
// (golang.org/x/tools/go/analysis/unitchecker.Config).
type unit struct {
	ModulePath string
	VetxOnly   bool
	VetxOutput string // where the facts go
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) { // the tool has said why
			os.Exit(failed.ExitCode())
		}
		fmt.Fprintln(os.Stderr, "vetown:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if n := len(args); n > 0 && strings.HasSuffix(args[n-1], ".cfg") {
		text, err := os.ReadFile(args[n-1])
		if err != nil {
			return err
		}
		var u unit
		if err := json.Unmarshal(text, &u); err != nil {
			return err
		}
		if u.VetxOnly && u.ModulePath != own && !strings.HasPrefix(u.ModulePath, own+"/") {
			return os.WriteFile(u.VetxOutput, nil, 0o600)
		}
	}
	vet := exec.Command("go", append([]string{"tool", "vet"}, args...)...)
	vet.Stdout, vet.Stderr = os.Stdout, os.Stderr
	if len(args) == 1 && args[0] == "-V=full" { // it is another tool, so that its results are kept apart
		defer fmt.Println(" of the packages of " + own)
		vet.Stdout = nil
		out, err := vet.Output()
		fmt.Print(strings.TrimSpace(string(out)))
		return err
	}
	return vet.Run()
}
