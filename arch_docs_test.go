package main_test

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	architecturePage = "docs/architecture.md"
	mainPackage      = "main" // how the page names the package with the path ""
	everything       = "everything"
	nothing          = "nothing"
)

// The page shows the rules of arch_test.go to people: both must say the same.
func TestArchPage(t *testing.T) {
	page, err := os.ReadFile(architecturePage)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range wrongPage(architecture, string(page)) {
		t.Errorf("%s: %s", architecturePage, problem)
	}
}

// wrongPage compares the table of a page with the rules, in both directions.
func wrongPage(rules []packageRule, page string) (problems []string) {
	shown := map[string]bool{}
	for _, row := range packageRows(page) {
		name := row.path
		i := slices.IndexFunc(rules, func(r packageRule) bool { return cmp.Or(r.path, mainPackage) == name })
		switch {
		case i < 0:
			problems = append(problems, name+" has no rule in arch_test.go")
			continue
		case shown[name]:
			problems = append(problems, name+" has two rows")
		}
		shown[name] = true
		if got, want := row.may, pageImports(rules[i].may); got != want {
			problems = append(problems, fmt.Sprintf("%s may import %q here and %q in arch_test.go", name, got, want))
		}
		if row.why != rules[i].why {
			problems = append(problems, fmt.Sprintf("%s has the reason %q here and %q in arch_test.go", name, row.why, rules[i].why))
		}
		if row.holds == "" {
			problems = append(problems, name+" does not say what it holds")
		}
	}
	for _, r := range rules {
		if name := cmp.Or(r.path, mainPackage); !shown[name] {
			problems = append(problems, fmt.Sprintf("%s has no row; it may import: %s", name, pageImports(r.may)))
		}
	}
	return problems
}

// pageImports returns the imports as the page writes them.
func pageImports(may []string) string {
	switch {
	case len(may) == 0:
		return nothing
	case slices.Equal(may, []string{anything}):
		return everything
	}
	return "`" + strings.Join(slices.Sorted(slices.Values(may)), "`, `") + "`"
}

// packageRow is a row of the page's table.
type packageRow struct{ path, holds, may, why string }

// packageLine matches a row whose first cell is a package.
var packageLine = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*?) \\| (.*?) \\| (.*?) \\|$")

// packageRows returns the rows of tables with the columns package, contents,
// imports and reason.
func packageRows(page string) (rows []packageRow) {
	for _, m := range packageLine.FindAllStringSubmatch(page, -1) {
		rows = append(rows, packageRow{path: m[1], holds: m[2], may: m[3], why: m[4]})
	}
	return rows
}

func TestArchPageCanFail(t *testing.T) {
	rules := []packageRule{
		{path: "order", why: "the vocabulary"},
		{path: "records/*", may: []string{"order", "catalog"}, why: "the record"},
		{path: "", may: []string{anything}, why: "the program"},
	}
	const (
		orders  = "| `order` | types | nothing | the vocabulary |\n"
		records = "| `records/*` | tables | `catalog`, `order` | the record |\n"
		program = "| `main` | the start | everything | the program |\n"
	)
	for _, tt := range []struct {
		name string
		page string
		red  bool
	}{
		{name: "the same", page: orders + records + program, red: false},
		{name: "a package without a row", page: orders + program, red: true},
		{name: "a row without a package", page: orders + records + program + "| `gone` | types | nothing | why |\n", red: true},
		{name: "two rows", page: orders + orders + records + program, red: true},
		{name: "fewer imports", page: orders + strings.Replace(records, "`catalog`, ", "", 1) + program, red: true},
		{name: "another reason", page: orders + strings.Replace(records, "the record", "a whim", 1) + program, red: true},
		{name: "nothing held", page: strings.Replace(orders, "types", "", 1) + records + program, red: true},
		{name: "no table", page: "# Architecture\n", red: true},
	} {
		if got := wrongPage(rules, tt.page); (len(got) > 0) != tt.red {
			t.Errorf("%s: got %q, want a problem: %t", tt.name, got, tt.red)
		}
	}
}
