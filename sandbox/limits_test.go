package sandbox

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// limit is a row of LIMITS.md.
type limit struct{ text, source, file, test, name string }

var limitRow = regexp.MustCompile("^\\| (.+) \\| (https://[^ ]+|`sandbox/carrier/doc\\.go`, ([A-Z][a-z ]+)) \\| `((?:sandbox|providers)/[a-z0-9/_]+_test\\.go): (Test[A-Za-z0-9]+)(?:/(.+))?` \\|$")

// limits returns the rows of LIMITS.md by the sections of the page.
func limits(t *testing.T) map[string][]limit {
	t.Helper()
	page, err := os.ReadFile("LIMITS.md")
	if err != nil {
		t.Fatal(err)
	}
	found, section := map[string][]limit{}, ""
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "## "); ok {
			section = name
		}
		if !strings.HasPrefix(line, "|") || line == "|---|---|---|" || line == "| Limit | Source | Test |" {
			continue
		}
		m := limitRow.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("not a row: limit, source, test:\n%s", line)
			continue
		}
		found[section] = append(found[section], limit{text: m[1], source: m[3], file: m[4], test: m[5], name: m[6]})
	}
	return found
}

// tests returns the names of the tests in the files below this directory and the
// adapters', by file, and the texts of the files.
func tests(t *testing.T) (names map[string][]string, texts map[string]string) {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`)
	names, texts = map[string][]string{}, map[string]string{}
	for _, root := range []string{"../sandbox", "../providers"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			raw, err := os.ReadFile(path)
			path = strings.TrimPrefix(filepath.ToSlash(path), "../")
			texts[path] = string(raw)
			for _, m := range declared.FindAllStringSubmatch(string(raw), -1) {
				names[path] = append(names[path], m[1])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names, texts
}

// TestLimits checks that each limit of LIMITS.md has a test, and that each test of
// limits is a row there.
func TestLimits(t *testing.T) {
	rows, seen, named := limits(t), map[string]bool{}, map[string]bool{}
	names, texts := tests(t)
	protocol, err := os.ReadFile("carrier/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range slices.Concat(slices.Collect(maps.Values(rows))...) {
		switch {
		case seen[l.text]:
			t.Errorf("%s: twice", l.text)
		case !slices.Contains(names[l.file], l.test):
			t.Errorf("%s: there is no %s in %s", l.text, l.test, l.file)
		case l.name != "" && !strings.Contains(texts[l.file], `"`+l.name+`"`):
			t.Errorf("%s: %s in %s has no case %q", l.text, l.test, l.file, l.name)
		case l.source != "" && !strings.Contains(string(protocol), "// # "+l.source+"\n"):
			t.Errorf("%s: the carrier's protocol has no section %q", l.text, l.source)
		}
		seen[l.text], named[l.file+" "+l.test] = true, true
	}
	for section, least := range map[string]int{"Stripe": 20, "SES and SNS": 10, "The carrier": 10, "S3 and Meilisearch": 10, "Mail relays": 5} {
		if n := len(rows[section]); n < least {
			t.Errorf("%s: %d limits, want %d or more", section, n, least)
		}
	}
	for file, list := range names {
		for _, name := range list {
			if strings.HasSuffix(file, "limits_test.go") && file != "sandbox/limits_test.go" && !named[file+" "+name] {
				t.Errorf("%s in %s is not in LIMITS.md", name, file)
			}
		}
	}
}
