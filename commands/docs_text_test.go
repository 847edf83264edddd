package commands

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

var (
	codeSpan    = regexp.MustCompile("`([^`]+)`")
	quoted      = regexp.MustCompile(`'(purser [^']+)'`)
	setting     = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b`)
	mention     = regexp.MustCompile(`(?:\b(GET|POST|PUT|PATCH|DELETE) )?(/v1/[\w{}/-]+|/(?:livez|readyz)\b)`)
	placeholder = regexp.MustCompile(`\{[^}]*\}|/[A-Z]+\b`)
)

// route returns a path without the names of its parameters.
func route(path string) string {
	return placeholder.ReplaceAllStringFunc(strings.TrimRight(path, "/"), func(s string) string {
		if s[0] == '/' {
			return "/{}"
		}
		return "{}"
	})
}

// wrongText returns a problem for each route and setting that a text names but
// that does not exist.
func (d *documented) wrongText(text string) (problems []string) {
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		if r := strings.TrimSpace(m[1] + " " + route(m[2])); !d.routes[r] {
			problems = append(problems, "there is no route "+m[0])
		}
	}
	return problems
}

func (d *documented) wrongSettings(text string) (problems []string) {
	for _, name := range setting.FindAllString(text, -1) {
		if !d.settings[name] {
			problems = append(problems, "there is no setting "+name)
		}
	}
	return problems
}

// wrongDocument returns the problems in the code spans and code blocks of a
// Markdown document.
func (d *documented) wrongDocument(text string) []string {
	problems := d.wrongText(text)
	for _, section := range strings.Split("\n"+text, "\n## ") {
		var about []*kong.Node // the section's commands
		var flags []string     // flags that no command in the same block has
		elsewhere := false     // the flags may belong to another program
		for _, block := range blocks(section) {
			var inBlock []*kong.Node
			var alone []string
			for _, code := range codes(block) {
				words := strings.Fields(code)
				problems = append(problems, d.wrongSettings(code)...)
				switch {
				case len(words) == 0:
				case strings.HasPrefix(code, "go run ./"):
					elsewhere = true
				case strings.HasPrefix(code, "--"):
					alone = append(alone, code)
				case words[0] == "purser", strings.HasPrefix(code, "go run . "), len(words) > 1 && d.group(words[0]):
					named, err := d.command(strings.Fields(strings.TrimPrefix(strings.TrimPrefix(code, "purser"), "go run . ")))
					if err != nil {
						problems = append(problems, fmt.Sprintf("%q: %v", code, err))
					}
					inBlock = append(inBlock, named...)
				}
			}
			about = append(about, inBlock...)
			if len(inBlock) > 0 { // the flags belong to these commands
				problems = append(problems, wrongFlags(inBlock, alone)...)
			} else {
				flags = append(flags, alone...)
			}
		}
		switch {
		case elsewhere:
		case len(about) > 0:
			problems = append(problems, wrongFlags(about, flags)...)
		default:
			problems = append(problems, wrongFlags(nodes(d.root), flags)...)
		}
	}
	return problems
}

// blocks returns the parts of a section in which flags belong to the commands
// named with them: paragraphs, and the rows of tables.
func blocks(section string) (all []string) {
	for _, paragraph := range strings.Split(section, "\n\n") {
		paragraph = strings.TrimSpace(paragraph)
		if strings.HasPrefix(paragraph, "|") {
			all = append(all, strings.Split(paragraph, "\n")...)
			continue
		}
		all = append(all, paragraph)
	}
	return all
}

// codes returns the code in a block: its spans, and the lines of a fenced block up
// to a remark that follows two spaces.
func codes(block string) (all []string) {
	if fenced, ok := strings.CutPrefix(block, "```"); ok {
		for _, line := range strings.Split(fenced, "\n")[1:] {
			code, _, _ := strings.Cut(strings.TrimRight(line, "`"), "  ")
			all = append(all, code)
		}
		return all
	}
	for _, m := range codeSpan.FindAllStringSubmatch(block, -1) {
		all = append(all, strings.Join(strings.Fields(m[1]), " "))
	}
	return all
}
