package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unproved is how many promises no test proves yet. A new one is not promised
// without a test: this number only falls.
const unproved = 69

// promisesPage defines the ids.
const promisesPage = "docs/promises.md"

const (
	subjects = `(?:API|BNC|DOC|EML|FRD|HLTH|IDEM|IMG|MKT|OBS|ORD|PAY|PERF|RCR|REC|REF|RES|SEC|SHP|SRCH|TEST|WHK)-|[FN]`
	notYet   = "Not yet."
)

var (
	idPattern    = regexp.MustCompile(`(?:^|[^0-9A-Za-z])((?:` + subjects + `)[0-9]+)(?:[^0-9A-Za-z]|$)`)
	rangePattern = regexp.MustCompile(`(?:^|[^0-9A-Za-z])(` + subjects + `)([0-9]+)[\s/]+to[\s/]+(` + subjects + `)([0-9]+)(?:[^0-9A-Za-z]|$)`)
	linePattern  = regexp.MustCompile(`^- \*\*([^*]+)\*\* (.+)$`)
	testPattern  = regexp.MustCompile("`([a-z0-9/]+\\.[A-Za-z0-9_]+)`")
)

// promise is a line of the page.
type promise struct {
	id     string
	notYet bool
	inPart bool
	tests  []string // package and function, such as "order.TestKey"
}

// testCode is what the tests of the tree name: ids anywhere, and ids by the
// function that names them.
type testCode struct {
	files map[string][]string        // id → files
	funcs map[string]map[string]bool // function → ids
}

func TestPromises(t *testing.T) {
	page, err := os.ReadFile(promisesPage)
	if err != nil {
		t.Fatal(err)
	}
	defined := readPromises(string(page))
	for _, problem := range brokenPromises(defined, readTestCode(t)) {
		t.Error(problem)
	}
	left, inPart := 0, 0
	for _, p := range defined {
		if p.notYet {
			left++
		} else if p.inPart {
			inPart++
		}
	}
	t.Logf("promises: %d defined, %d proved (%d of them in part), %d not yet", len(defined), len(defined)-left, inPart, left)
	switch {
	case left > unproved:
		t.Errorf("%d promises say %q, and no more than %d may", left, notYet, unproved)
	case left < unproved:
		t.Errorf("%d promises say %q: lower the constant unproved from %d", left, notYet, unproved)
	}
}

func readPromises(page string) []promise {
	var all []promise
	for line := range strings.Lines(page) {
		m := linePattern.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		p := promise{id: m[1], notYet: strings.HasSuffix(m[2], notYet), inPart: strings.Contains(m[2], " In part: ")}
		for _, t := range testPattern.FindAllStringSubmatch(m[2], -1) {
			p.tests = append(p.tests, t[1])
		}
		all = append(all, p)
	}
	return all
}

// brokenPromises compares the page with the tests, both ways.
func brokenPromises(defined []promise, code testCode) (problems []string) {
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	seen := map[string]bool{}
	for _, p := range defined {
		switch files := code.files[p.id]; {
		case seen[p.id]:
			add("%s is defined twice", p.id)
		case !ids(p.id)[p.id]:
			add("%q is no id", p.id)
		case p.notYet && len(p.tests) > 0:
			add("%s says %q and names tests", p.id, notYet)
		case p.notYet && len(files) > 0:
			add("%s says %q, but is named by %s", p.id, notYet, files[0])
		case !p.notYet && len(p.tests) == 0:
			add("%s names no test and does not say %q", p.id, notYet)
		}
		seen[p.id] = true
		for _, t := range p.tests {
			if in, ok := code.funcs[t]; !ok {
				add("%s: there is no test %s", p.id, t)
			} else if !in[p.id] {
				add("%s: the test %s does not name it", p.id, t)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(code.files)) {
		if !seen[id] {
			add("%s is named by %s and not defined in %s", id, code.files[id][0], promisesPage)
		}
	}
	return problems
}

// ids finds the ids of a text. "F6 to F8" names three.
func ids(text string) map[string]bool {
	found := map[string]bool{}
	for rest := text; ; {
		m := idPattern.FindStringSubmatchIndex(rest)
		if m == nil {
			break
		}
		found[rest[m[2]:m[3]]] = true
		rest = rest[m[3]:] // what ends one id may begin the next
	}
	for _, m := range rangePattern.FindAllStringSubmatch(text, -1) {
		first, _ := strconv.Atoi(m[2])
		last, _ := strconv.Atoi(m[4])
		for n := first; m[1] == m[3] && n <= last; n++ {
			found[m[1]+strconv.Itoa(n)] = true
		}
	}
	return found
}

// isTestCode reports whether a file is a test or belongs to the conformance
// suites, which are packages that only tests import.
func isTestCode(file string) bool {
	return strings.HasSuffix(file, "_test.go") || path.Base(path.Dir(file)) == "porttest"
}

func readTestCode(t *testing.T) testCode {
	code := testCode{files: map[string][]string{}, funcs: map[string]map[string]bool{}}
	eachGoFile(t, func(file string) {
		if isTestCode(file) && file != "promises_test.go" {
			code.add(t, file)
		}
	})
	return code
}

func (c testCode) add(t *testing.T, file string) {
	src, f, set := parseGo(t, file)
	for id := range ids(src) {
		c.files[id] = append(c.files[id], file)
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil {
			continue
		}
		from := fn.Pos()
		if fn.Doc != nil {
			from = fn.Doc.Pos()
		}
		c.funcs[path.Dir(file)+"."+fn.Name.Name] = ids(src[set.Position(from).Offset:set.Position(fn.End()).Offset])
	}
}

// TestPromisesStayInTests: a comment of the program says why in words.
func TestPromisesStayInTests(t *testing.T) {
	eachGoFile(t, func(file string) {
		if isTestCode(file) {
			return
		}
		_, f, set := parseGo(t, file)
		for _, group := range f.Comments {
			for id := range ids(group.Text()) {
				t.Errorf("%s: a comment of the program names %s", set.Position(group.Pos()), id)
			}
		}
	})
}

func eachGoFile(t *testing.T, do func(file string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != "." && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(file, ".go"):
			do(file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func parseGo(t *testing.T, file string) (src string, f *ast.File, set *token.FileSet) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set = token.NewFileSet()
	f, err = parser.ParseFile(set, file, b, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), f, set
}

// The check itself is checked: each of its complaints is made.

func TestPromisesCanFail(t *testing.T) {
	code := testCode{
		files: map[string][]string{"PAY-4": {"order/keys_test.go"}, "F23": {"inbox/handler_test.go"}},
		funcs: map[string]map[string]bool{"order.TestKey": {"PAY-4": true}, "inbox.TestStorm": {"F23": true}},
	}
	const good = "- **PAY-4** Once. Tests: `order.TestKey`.\n- **F23** At once. Tests: `inbox.TestStorm`.\n"
	for _, tt := range []struct {
		name, page, problem string
	}{
		{"good", good, ""},
		{"a promise without a test", good + "- **ORD-9** Told. Not yet.\n", ""},
		{"not defined", "- **PAY-4** Once. Tests: `order.TestKey`.\n", "F23 is named by inbox/handler_test.go and not defined"},
		{"defined twice", good + "- **F23** Twice. Tests: `inbox.TestStorm`.\n", "F23 is defined twice"},
		{"no such test", strings.Replace(good, "TestStorm", "TestCalm", 1), "there is no test inbox.TestCalm"},
		{"another's test", strings.Replace(good, "`inbox.TestStorm`", "`order.TestKey`", 1), "order.TestKey does not name it"},
		{"proved all the same", strings.Replace(good, "Tests: `inbox.TestStorm`.", notYet, 1), "but is named by inbox/handler_test.go"},
		{"both", good + "- **ORD-9** Told, `order.TestKey`. Not yet.\n", "and names tests"},
		{"neither", good + "- **ORD-9** Told.\n", "names no test and does not say"},
		{"no id", good + "- **ORD9** Told. Not yet.\n", `"ORD9" is no id`},
	} {
		got := strings.Join(brokenPromises(readPromises(tt.page), code), "\n")
		if (got == "") != (tt.problem == "") || !strings.Contains(got, tt.problem) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.problem)
		}
	}
}

func TestPromiseIDs(t *testing.T) {
	for text, want := range map[string]string{
		"PAY-4, WHK-12 and F23":             "F23 PAY-4 WHK-12",
		"RES-8_opens_on_the_rate":           "RES-8",
		"(F6 to F8)":                        "F6 F7 F8",
		"IMG-2 to\n// IMG-4, F1 F2":         "F1 F2 IMG-2 IMG-3 IMG-4",
		"SHA-256, 0xF2F3, XPAY-1, PAY-, F":  "",
		"UTF8, EF2, N1x, a PAY-1b, TEST-id": "",
	} {
		if got := strings.Join(slices.Sorted(maps.Keys(ids(text))), " "); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
