package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestArchFiles(t *testing.T) {
	for _, p := range listPackages(t, "") {
		files := parse(t, p.Dir)
		for _, problem := range slices.Concat(wrongDocs(p.Name, files), longFiles(files), manyFiles(p.path(), p.GoFiles), skips(p.path(), files)) {
			t.Errorf("%s: %s", p.ImportPath, problem)
		}
		if isWorkflows(p.path()) {
			for _, problem := range notDeterministic(files) {
				t.Errorf("%s: %s", p.ImportPath, problem)
			}
		}
	}
}

// file is one parsed source file.
type file struct {
	name string
	text string
	ast  *ast.File
	fset *token.FileSet
}

func (f file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

// wrongDocs requires exactly one package comment over all build tags, which
// begins with "Package name". A package that has only tests has it in a test.
func wrongDocs(name string, files []file) []string {
	onlyTests := !slices.ContainsFunc(files, func(f file) bool { return !f.isTest() })
	var docs []string
	for _, f := range files {
		if f.ast.Doc == nil || f.isTest() && !onlyTests {
			continue
		}
		docs = append(docs, f.name)
		if text := f.ast.Doc.Text(); name != "main" && !strings.HasPrefix(text, "Package "+name+" ") {
			return []string{fmt.Sprintf("%s: the package comment does not begin with \"Package %s\"", f.name, name)}
		}
	}
	if len(docs) != 1 {
		return []string{fmt.Sprintf("%d package comments %v, want one", len(docs), docs)}
	}
	return nil
}

// isWorkflows reports whether a package has code that is replayed.
func isWorkflows(name string) bool {
	return name == "workflows" || path.Dir(name) == "workflows" && name != "workflows/workflowtest"
}

const (
	// mostLines is how long a file may be, because a longer one has two
	// subjects. Tests may be longer: a table has one subject at any length.
	mostLines = 400
	// mostFiles is how many files of a folder one build may compile, because
	// nobody finds their way in more. Tests are not counted.
	mostFiles = 25
)

// undivided says for which packages mostFiles is more, and why they are not divided.
var undivided = map[string]struct {
	most int
	why  string
}{
	"workflows/orders": {most: 28, why: "the handlers and the phases of one workflow share its state, and Go has the methods of a type in one package"},
}

// manyFiles is given the files of a package that one build compiles, without tests.
func manyFiles(path string, goFiles []string) []string {
	most := max(mostFiles, undivided[path].most)
	if n := len(goFiles); n > most {
		return []string{fmt.Sprintf("%d files of the program, more than %d", n, most)}
	}
	return nil
}

func longFiles(files []file) []string {
	var problems []string
	for _, f := range files {
		if n := strings.Count(f.text, "\n"); n > mostLines && !f.isTest() && !ast.IsGenerated(f.ast) {
			problems = append(problems, fmt.Sprintf("%s has %d lines, more than %d", f.name, n, mostLines))
		}
	}
	return problems
}

// maySkip names the test files that may skip a test, with the reason. go test
// does not report a skipped test, so nobody would notice any other.
var maySkip = map[string]string{
	"images/odd_test.go":                  "reads the files that other tests write with libvips as well, which is not installed everywhere",
	"providers/ses/foreign_test.go":       "needs a package of npm's: scripts/foreign runs it, and reports when the package cannot be downloaded",
	"workflows/record/extensions_test.go": "as record_test.go",
	"workflows/record/record_test.go":     "records histories only when a release is made: histories of the code under test would prove nothing",
}

func skips(pkgPath string, files []file) []string {
	var problems []string
	for _, f := range files {
		if !f.isTest() || maySkip[path.Join(pkgPath, f.name)] != "" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, call.Sel.Name) {
				problems = append(problems, fmt.Sprintf("%s:%d: a test may be skipped unnoticed; see maySkip", f.name, f.fset.Position(n.Pos()).Line))
			}
			return true
		})
	}
	return problems
}

// A workflow is replayed and must make the same decisions each time.
// workflowcheck follows the calls and finds ranges over maps; this check finds
// the usual mistakes quickly and names what to use instead.
var (
	unsteadyTime = map[string]string{
		"Now": "workflow.Now", "Since": "workflow.Now", "Until": "workflow.Now",
		"Sleep": "workflow.Sleep", "After": "workflow.NewTimer", "AfterFunc": "workflow.NewTimer",
		"Tick": "workflow.NewTimer", "NewTimer": "workflow.NewTimer", "NewTicker": "workflow.NewTimer",
	}
	unsteadyImports = map[string]string{
		"math/rand": "a key made from the order", "math/rand/v2": "a key made from the order", "crypto/rand": "a key made from the order",
		"sync": "workflow.Mutex, workflow.WaitGroup", "os": "an activity", "net/http": "an activity", "database/sql": "an activity",
	}
)

func notDeterministic(files []file) []string {
	var problems []string
	for _, f := range files {
		if f.isTest() {
			continue
		}
		say := func(n ast.Node, what, instead string) {
			problems = append(problems, fmt.Sprintf("%s:%d: %s in a workflow; use %s", f.name, f.fset.Position(n.Pos()).Line, what, instead))
		}
		clock := "" // the name under which the file imports time
		for _, i := range f.ast.Imports {
			p, _ := strconv.Unquote(i.Path.Value) // the parser has checked it
			if instead := unsteadyImports[p]; instead != "" {
				say(i, "import of "+p, instead)
			}
			if p == "time" {
				clock = "time"
				if i.Name != nil {
					clock = i.Name.Name
				}
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				say(n, "go statement", "workflow.Go")
			case *ast.SelectStmt:
				say(n, "select statement", "workflow.NewSelector")
			case *ast.SelectorExpr:
				x, ok := n.X.(*ast.Ident)
				if ok && clock != "" && x.Name == clock && unsteadyTime[n.Sel.Name] != "" {
					say(n, "time."+n.Sel.Name, unsteadyTime[n.Sel.Name])
				}
			}
			return true
		})
	}
	return problems
}

// parse reads the Go files of a directory, also those that this build leaves
// out.
func parse(t *testing.T, dir string) []file {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []file
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, parseText(t, filepath.Base(name), string(text)))
	}
	return files
}

func parseText(t *testing.T, name, text string) file {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, name, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file{name: name, text: text, ast: tree, fset: fset}
}

// These checks are tested themselves, as those of the imports are.

func TestArchFilesCanFail(t *testing.T) {
	good := "// Package sample is one.\npackage sample\n"
	for _, tt := range []struct {
		name  string
		check func([]file) []string
		texts map[string]string
		red   bool
	}{
		{name: "one comment", check: docsOf("sample"), texts: map[string]string{"a.go": good, "b.go": "package sample\n"}, red: false},
		{name: "none", check: docsOf("sample"), texts: map[string]string{"a.go": "package sample\n"}, red: true},
		{name: "two", check: docsOf("sample"), texts: map[string]string{"a.go": good, "b.go": good}, red: true},
		{name: "another word", check: docsOf("sample"), texts: map[string]string{"a.go": "// Sample is one.\npackage sample\n"}, red: true},
		{name: "in the test", check: docsOf("sample"), texts: map[string]string{"a.go": "package sample\n", "a_test.go": good}, red: true},
		{name: "only tests", check: docsOf("sample"), texts: map[string]string{"a_test.go": good}, red: false},
		{name: "two with tags", check: docsOf("sample"), texts: map[string]string{"a.go": "//go:build lean\n\n" + good, "b.go": good}, red: true},
		{name: "main", check: docsOf("main"), texts: map[string]string{"a.go": "// Sample does it.\npackage main\n"}, red: false},

		{name: "full", check: longFiles, texts: map[string]string{"a.go": good + strings.Repeat("//\n", mostLines-2)}, red: false},
		{name: "too long", check: longFiles, texts: map[string]string{"a.go": good + strings.Repeat("//\n", mostLines-1)}, red: true},
		{name: "long test", check: longFiles, texts: map[string]string{"a_test.go": good + strings.Repeat("//\n", mostLines)}, red: false},

		{name: "a skip", check: inPackage("sample"), texts: map[string]string{"a_test.go": good + "func f(t *T) { t.Skip(1) }\n"}, red: true},
		{name: "no skip", check: inPackage("sample"), texts: map[string]string{"a_test.go": good + "func f(t *T) { t.Log(1) }\n"}, red: false},

		{name: "durations", check: notDeterministic, texts: workflow(`import "time"`, "_ = time.Second"), red: false},
		{name: "the clock", check: notDeterministic, texts: workflow(`import "time"`, "_ = time.Now()"), red: true},
		{name: "the clock as a value", check: notDeterministic, texts: workflow(`import "time"`, "now := time.Now; _ = now"), red: true},
		{name: "the clock renamed", check: notDeterministic, texts: workflow(`import clock "time"`, "_ = clock.Now()"), red: true},
		{name: "a sleep", check: notDeterministic, texts: workflow(`import "time"`, "time.Sleep(1)"), red: true},
		{name: "another Now", check: notDeterministic, texts: workflow(`import "go.temporal.io/sdk/workflow"`, "_ = workflow.Now(nil)"), red: false},
		{name: "a goroutine", check: notDeterministic, texts: workflow("", "go f()"), red: true},
		{name: "a select", check: notDeterministic, texts: workflow("", "select {}"), red: true},
		{name: "chance", check: notDeterministic, texts: workflow(`import "math/rand/v2"`, "_ = rand.Int()"), red: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var files []file
			for _, name := range slices.Sorted(maps.Keys(tt.texts)) {
				files = append(files, parseText(t, name, tt.texts[name]))
			}
			if got := tt.check(files); (len(got) > 0) != tt.red {
				t.Errorf("got %q, want a problem: %t", got, tt.red)
			}
		})
	}
}

func docsOf(name string) func([]file) []string {
	return func(files []file) []string { return wrongDocs(name, files) }
}

func inPackage(pkgPath string) func([]file) []string {
	return func(files []file) []string { return skips(pkgPath, files) }
}

func TestArchManyFilesCanFail(t *testing.T) {
	for n, red := range map[int]bool{0: false, mostFiles: false, mostFiles + 1: true} {
		if got := manyFiles("order", make([]string, n)); (len(got) > 0) != red {
			t.Errorf("%d files: got %q, want a problem: %t", n, got, red)
		}
	}
}

func TestArchIsWorkflows(t *testing.T) {
	for name, want := range map[string]bool{"workflows": true, "workflows/orders": true, "workflows/workflowtest": false, "activities/orders": false} {
		if got := isWorkflows(name); got != want {
			t.Errorf("isWorkflows(%q) = %t, want %t", name, got, want)
		}
	}
}

func workflow(imports, body string) map[string]string {
	return map[string]string{"a.go": "package workflows\n\n" + imports + "\n\nfunc f() {\n\t" + body + "\n}\n"}
}
