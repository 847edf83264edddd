package letters

import (
	"fmt"
	"maps"
	"slices"

	"purser/mail"
)

// The limits of a campaign's words, in one language.
const (
	maxTexts    = 60
	longestText = 5_000
)

// CheckWords finds what is wrong with a campaign's words before anybody gets
// them: a text that cannot be filled in, an empty subject, a link that leads
// nowhere.
func CheckWords(words map[string]mail.Words) error {
	if len(words) == 0 {
		return &FieldError{Campaign, string(fieldWords), "are missing"}
	}
	for _, locale := range slices.Sorted(maps.Keys(words)) {
		if _, err := parseLocale(locale); err != nil || locale == "" {
			return fmt.Errorf("%w: %.40q", ErrLocale, locale)
		}
		w := words[locale]
		texts := append([]string{w.Subject, w.Preview, w.Heading, w.Button, w.Link}, w.Body...)
		if len(texts) > maxTexts || slices.ContainsFunc(texts, func(s string) bool { return len(s) > longestText }) {
			return &FieldError{Campaign, locale, fmt.Sprintf("has more than %d texts, or one of more than %d bytes", maxTexts, longestText)}
		}
		if oneLine(w.Subject) == "" || oneLine(w.Heading) == "" || len(w.Body) == 0 {
			return &FieldError{Campaign, locale, "lacks a subject, a heading or a body"}
		}
		for _, s := range texts {
			if _, err := parsePhrase(s); err != nil && s != w.Link {
				return &FieldError{Campaign, locale, "has " + err.Error()}
			}
		}
		if w.Link != "" && !isWeb(w.Link) {
			return &FieldError{Campaign, locale, "has a link that is no http or https address"}
		}
	}
	return nil
}
