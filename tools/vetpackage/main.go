// Command vetpackage runs the analyzers of go vet on single packages without
// first running them on everything those packages import.
//
// go vet analyses all dependencies for facts such as "this function wraps
// Printf". For a package that imports the Temporal server that is two thousand
// packages and a quarter of an hour. vetpackage gives the same vet tool the
// compiled export data of the imports and no facts about them. It therefore misses
// the misuse of a printf-like function or of a function that never returns if
// another package declares that function.
//
//	vetpackage [-C dir] [-race] [-tags list] packages
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// listed is what go list reports about one package.
type listed struct {
	ImportPath string
	Dir        string
	Name       string
	ForTest    string
	Export     string // file with the compiled package's types
	Standard   bool
	DepOnly    bool
	GoFiles    []string
	ImportMap  map[string]string // import paths that stand for another package
	Module     *struct{ GoVersion string }
}

// config is the vet tool's input, as the go command writes it
// (golang.org/x/tools/go/analysis/unitchecker.Config).
type config struct {
	ID          string
	Compiler    string
	Dir         string
	ImportPath  string
	GoVersion   string
	GoFiles     []string
	ImportMap   map[string]string
	PackageFile map[string]string
	Standard    map[string]bool
	VetxOutput  string
}

func main() {
	dir := flag.String("C", ".", "directory of the module")
	race := flag.Bool("race", false, "use the export data of the race build")
	tags := flag.String("tags", "", "build tags")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "vetpackage: name a package")
		os.Exit(2)
	}
	build := []string{"-tags=" + *tags}
	if *race {
		build = append(build, "-race")
	}
	if err := run(*dir, build, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "vetpackage:", err)
		os.Exit(1)
	}
}

// run vets every named package and its tests.
func run(dir string, build, patterns []string) error {
	all, err := list(dir, append(build, patterns...))
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "vetpackage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	var failed []string
	vetted := 0
	for _, p := range all {
		if p.DepOnly || len(p.GoFiles) == 0 || strings.HasSuffix(p.ImportPath, ".test") {
			continue
		}
		vetted++
		if err := vet(tmp, p, all); err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", p.ImportPath, err))
		}
	}
	switch {
	case vetted == 0:
		return errors.New("nothing to vet")
	case failed != nil:
		return errors.New(strings.Join(failed, "; "))
	}
	return nil
}

// list returns what go list reports about the packages, their tests and everything
// they import. It compiles what the build cache lacks.
func list(dir string, args []string) ([]listed, error) {
	args = append([]string{
		"list", "-export", "-deps", "-test",
		"-json=ImportPath,Dir,Name,ForTest,Export,Standard,DepOnly,GoFiles,ImportMap,Module",
	}, args...)
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, p)
	}
}

// vet runs the vet tool on one package.
func vet(tmp string, p listed, all []listed) error {
	path, _, _ := strings.Cut(p.ImportPath, " ") // "shop [shop.test]" is the package shop with its test files
	c := config{
		ID: p.ImportPath, Compiler: "gc", Dir: p.Dir, ImportPath: path, GoVersion: runtime.Version(),
		ImportMap: map[string]string{}, PackageFile: map[string]string{}, Standard: map[string]bool{},
		VetxOutput: filepath.Join(tmp, "facts"),
	}
	if p.Module != nil && p.Module.GoVersion != "" {
		c.GoVersion = "go" + p.Module.GoVersion
	}
	for _, f := range p.GoFiles {
		if !filepath.IsAbs(f) {
			f = filepath.Join(p.Dir, f)
		}
		c.GoFiles = append(c.GoFiles, f)
	}
	for _, dep := range all {
		c.ImportMap[dep.ImportPath] = dep.ImportPath
		c.PackageFile[dep.ImportPath] = dep.Export
		c.Standard[dep.ImportPath] = dep.Standard
	}
	for from, to := range p.ImportMap {
		c.ImportMap[from] = to
	}
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	file := filepath.Join(tmp, "vet.cfg")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		return err
	}
	cmd := exec.Command("go", "tool", "vet", file)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Dir, os.Stdout, os.Stderr
	return cmd.Run()
}
