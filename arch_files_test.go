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
		for _, problem := range slices.Concat(wrongDocs(p.Name, files), longFiles(files), skips(p.room(), files)) {
			t.Errorf("%s: %s", p.ImportPath, problem)
		}
		if p.room() == "workflows" {
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

// wrongDocs wants one package comment, whatever the build tags say, and that
// it begins as Go's own do. Where there are only tests it sits in a test.
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

// mostLines a file may have; a longer one tells two stories. Tests may be
// longer: a table is one story.
const mostLines = 400

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
// says nothing about a skipped test, so any other is one nobody knows not to
// run.
var maySkip = map[string]string{
	"providers/ses/foreign_test.go":   "needs a package of npm's: scripts/foreign runs it, and says so where the package cannot be had",
	"workflows/record/record_test.go": "records histories only when a release is made: those of the code under test would prove nothing",
}

func skips(room string, files []file) []string {
	var problems []string
	for _, f := range files {
		if !f.isTest() || maySkip[path.Join(room, f.name)] != "" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, call.Sel.Name) {
				problems = append(problems, fmt.Sprintf("%s:%d: a test is skipped in silence; see maySkip", f.name, f.fset.Position(n.Pos()).Line))
			}
			return true
		})
	}
	return problems
}

// A workflow is replayed: whatever it does must come out the same again.
// workflowcheck follows the calls and finds ranges over maps; this finds the
// usual mistakes at once and says what to use instead.
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

// As above: a check that cannot fail is none.

func TestArchFilesCanFail(t *testing.T) {
	good := "// Package room is a sample.\npackage room\n"
	for _, tt := range []struct {
		name  string
		check func([]file) []string
		texts map[string]string
		red   bool
	}{
		{"one comment", docsOf("room"), map[string]string{"a.go": good, "b.go": "package room\n"}, false},
		{"none", docsOf("room"), map[string]string{"a.go": "package room\n"}, true},
		{"two", docsOf("room"), map[string]string{"a.go": good, "b.go": good}, true},
		{"another word", docsOf("room"), map[string]string{"a.go": "// Room is a sample.\npackage room\n"}, true},
		{"in the test", docsOf("room"), map[string]string{"a.go": "package room\n", "a_test.go": good}, true},
		{"only tests", docsOf("room"), map[string]string{"a_test.go": good}, false},
		{"two with tags", docsOf("room"), map[string]string{"a.go": "//go:build lean\n\n" + good, "b.go": good}, true},
		{"main", docsOf("main"), map[string]string{"a.go": "// Room does it.\npackage main\n"}, false},

		{"full", longFiles, map[string]string{"a.go": good + strings.Repeat("//\n", mostLines-2)}, false},
		{"too long", longFiles, map[string]string{"a.go": good + strings.Repeat("//\n", mostLines-1)}, true},
		{"long test", longFiles, map[string]string{"a_test.go": good + strings.Repeat("//\n", mostLines)}, false},

		{"a skip", inPackage("room"), map[string]string{"a_test.go": good + "func f(t *T) { t.Skip(1) }\n"}, true},
		{"no skip", inPackage("room"), map[string]string{"a_test.go": good + "func f(t *T) { t.Log(1) }\n"}, false},

		{"durations", notDeterministic, workflow(`import "time"`, "_ = time.Second"), false},
		{"the clock", notDeterministic, workflow(`import "time"`, "_ = time.Now()"), true},
		{"the clock as a value", notDeterministic, workflow(`import "time"`, "now := time.Now; _ = now"), true},
		{"the clock renamed", notDeterministic, workflow(`import clock "time"`, "_ = clock.Now()"), true},
		{"a sleep", notDeterministic, workflow(`import "time"`, "time.Sleep(1)"), true},
		{"another Now", notDeterministic, workflow(`import "go.temporal.io/sdk/workflow"`, "_ = workflow.Now(nil)"), false},
		{"a goroutine", notDeterministic, workflow("", "go f()"), true},
		{"a select", notDeterministic, workflow("", "select {}"), true},
		{"chance", notDeterministic, workflow(`import "math/rand/v2"`, "_ = rand.Int()"), true},
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

func inPackage(room string) func([]file) []string {
	return func(files []file) []string { return skips(room, files) }
}

func workflow(imports, body string) map[string]string {
	return map[string]string{"a.go": "package workflows\n\n" + imports + "\n\nfunc f() {\n\t" + body + "\n}\n"}
}
