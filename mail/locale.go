package mail

import (
	"strings"

	"golang.org/x/text/language"
)

// maxLocale is the most characters of a locale that are read. Real ones are shorter; a
// list of locales may be longer, but only its first one counts.
const maxLocale = 60

// ParseLocale returns the BCP 47 tag of the language that a system's name of a locale
// means: "en-US" for en_US.UTF-8, "sr-Latn" for sr@latin. Subtags that are not
// understood are left out. It returns "" for a text that names no language, such as C,
// POSIX or nonsense: a reader's language is never a reason to refuse anything.
func ParseLocale(s string) string {
	s = strings.TrimSpace(s[:min(len(s), maxLocale)])
	if end := strings.IndexAny(s, ",;:"); end >= 0 {
		s = s[:end]
	}
	s, modifier, _ := strings.Cut(s, "@")
	s, _, _ = strings.Cut(s, ".")
	if before, script, ok := strings.Cut(s, "#"); ok { // Java's sr_RS_#Latn
		s, modifier = before, script
	}
	tag := parseTag(s)
	base, script, region := tag.Raw()
	if base.String() == "und" {
		return ""
	}
	parts := []any{base, script, region, tag.Variants()}
	if script, err := language.ParseScript(scriptOf(modifier)); err == nil {
		parts = append(parts, script)
	} else if variant, err := language.Parse("und-" + modifier); err == nil {
		parts = append(parts, variant.Variants())
	}
	plain, err := language.Compose(parts...)
	if err != nil {
		return ""
	}
	return plain.String()
}

// IsLocale reports whether s is written like a locale, also if its language is unknown
// or, as in C and POSIX, it names none.
func IsLocale(s string) bool {
	name, _, _ := strings.Cut(s, ".")
	_, err := language.Parse(name)
	_, unknown := err.(language.ValueError)
	return s == "" || name == "C" || name == "POSIX" || err == nil || unknown || ParseLocale(s) != ""
}

// scriptOf returns the code of the script that a modifier of a POSIX locale names, or
// the modifier.
func scriptOf(modifier string) string {
	switch strings.ToLower(modifier) {
	case "latin", "iqtelif":
		return "Latn"
	case "cyrillic":
		return "Cyrl"
	case "devanagari":
		return "Deva"
	case "arabic":
		return "Arab"
	}
	return modifier
}

// parseTag returns the longest beginning of s that is a tag, without the subtags that
// are not known; the root if it has no such beginning.
func parseTag(s string) language.Tag {
	for s != "" {
		tag, err := language.Parse(s)
		if _, unknown := err.(language.ValueError); err == nil || unknown {
			return tag
		}
		s = s[:max(strings.LastIndexAny(s, "-_"), 0)]
	}
	return language.Und
}
