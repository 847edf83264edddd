package templates

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"purser/mail"
)

//go:embed messages
var messages embed.FS

// catalogue holds the texts of every language by their keys. A regional language
// has only the texts that differ.
type catalogue struct {
	texts    map[language.Tag]map[string]phrase
	tags     []language.Tag // of texts, in a fixed order
	nearest  language.Matcher
	fallback language.Tag
}

// loadCatalogue reads the languages; fallback is the locale for readers whose
// own language has no texts.
func loadCatalogue(fallback string) (catalogue, error) {
	c := catalogue{texts: map[language.Tag]map[string]phrase{}}
	files, err := messages.ReadDir("messages")
	if err != nil {
		return c, err
	}
	for _, f := range files {
		b, err := messages.ReadFile(path.Join("messages", f.Name()))
		if err != nil {
			return c, err
		}
		tag, err := language.Parse(strings.TrimSuffix(f.Name(), ".json"))
		if err != nil {
			return c, fmt.Errorf("%s: %w", f.Name(), err)
		}
		if c.texts[tag], err = readTexts(b); err != nil {
			return c, fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	c.tags = slices.SortedFunc(maps.Keys(c.texts), func(a, b language.Tag) int { return strings.Compare(a.String(), b.String()) })
	c.nearest = language.NewMatcher(c.tags)
	c.fallback, err = parseLocale(fallback)
	if err == nil && !c.speaks(c.fallback) {
		err = fmt.Errorf("no texts in %q", fallback)
	}
	return c, err
}

// readTexts flattens the file's nested objects: {"a": {"b": "x"}} becomes a.b,
// and the items of a list become a.0, a.1.
func readTexts(b []byte) (map[string]phrase, error) {
	var file map[string]any
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, err
	}
	texts := map[string]phrase{}
	var walk func(key string, v any) error
	walk = func(key string, v any) (err error) {
		switch v := v.(type) {
		case string:
			texts[key], err = parsePhrase(v)
		case []any:
			for i, item := range v {
				if err := walk(key+"."+strconv.Itoa(i), item); err != nil {
					return err
				}
			}
		case map[string]any:
			for k, item := range v {
				if err := walk(strings.TrimPrefix(key+"."+k, "."), item); err != nil {
					return err
				}
			}
		default:
			err = fmt.Errorf("%T is not a text", v)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", key, err)
		}
		return err
	}
	return texts, walk("", file)
}

// longestLocale is the most characters of a locale; real ones are shorter.
const longestLocale = 35

// parseLocale parses a BCP 47 tag. It returns the zero tag for a well-formed tag
// of an unknown language, and ErrLocale for a text that is not a tag.
func parseLocale(s string) (language.Tag, error) {
	if len(s) > longestLocale {
		return language.Und, fmt.Errorf("%w: %.40q", ErrLocale, s)
	}
	tag, err := language.Parse(s)
	if _, unknown := err.(language.ValueError); err != nil && !unknown {
		return language.Und, fmt.Errorf("%w: %.40q", ErrLocale, s)
	}
	// Without extensions: they may ask for other digits or calendars.
	base, script, region := tag.Raw()
	plain, err := language.Compose(base, script, region)
	if err != nil {
		return language.Und, nil
	}
	return plain, nil
}

// speaks reports whether there are texts in the tag's language.
func (c catalogue) speaks(tag language.Tag) bool {
	return slices.ContainsFunc(chain(tag), func(t language.Tag) bool { return c.texts[t] != nil })
}

// chain returns the tag and its fallbacks: de-AT, de.
func chain(tag language.Tag) []language.Tag {
	var all []language.Tag
	for ; tag != language.Und; tag = tag.Parent() {
		all = append(all, tag)
	}
	return all
}

// in returns the language for a reader: the locale's, or else the nearest one that its
// readers understand, or else the shop's. A locale that names no language means that
// the reader's is not known.
func (c catalogue) in(locale string) tongue {
	tag, err := parseLocale(mail.ParseLocale(locale))
	if err != nil {
		tag = language.Und
	}
	if !c.speaks(tag) {
		tag = c.near(tag)
	}
	// English comes last: it is complete, while a translation may lack new texts.
	t := tongue{tag: tag}
	for _, l := range slices.Concat(chain(tag), chain(c.fallback), []language.Tag{language.English}) {
		if texts := c.texts[l]; texts != nil {
			t.texts = append(t.texts, texts)
		}
	}
	return t
}

// near returns the language with texts that readers of another one are most likely to
// understand, such as German for Swiss German; the fallback if no language is near.
func (c catalogue) near(tag language.Tag) language.Tag {
	if _, i, confidence := c.nearest.Match(tag); tag != language.Und && confidence > language.No {
		return c.tags[i]
	}
	return c.fallback
}

// Locales lists the languages that have texts, including regional variants.
func (w *Writer) Locales() []string {
	all := make([]string, len(w.words.tags))
	for i, tag := range w.words.tags {
		all[i] = tag.String()
	}
	return all
}

// tongue is a language with the texts of its fallbacks.
type tongue struct {
	tag   language.Tag
	texts []map[string]phrase
}

func (t tongue) find(key string) (phrase, bool) {
	for _, texts := range t.texts {
		if p, ok := texts[key]; ok {
			return p, true
		}
	}
	return nil, false
}

// say returns the text of a key with its placeholders filled in; "" if a
// placeholder has no value, so that a sentence about a missing value is left
// out.
func (t tongue) say(key string, values map[string]string) string {
	p, _ := t.find(key)
	s, missing := p.fill(values)
	if missing != "" {
		return ""
	}
	return s
}

// paragraphs returns the items of a list of texts, without those that have a
// placeholder without a value.
func (t tongue) paragraphs(key string, values map[string]string) []string {
	var all []string
	for _, texts := range t.texts {
		if _, ok := texts[key+".0"]; !ok {
			continue
		}
		for i := 0; ; i++ { // all items come from one language
			p, ok := texts[key+"."+strconv.Itoa(i)]
			if !ok {
				return all
			}
			if s, missing := p.fill(values); missing == "" {
				all = append(all, s)
			}
		}
	}
	return all
}
