package main_test

import (
	"cmp"
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
	"strings"
	"testing"
	"unicode"
)

// The kinds of names that a rule may be limited to.
const (
	callable = "func" // functions, methods, methods of interfaces
	typeName = "type"
	field    = "field"
	value    = "const or var"
	local    = "local"
	pathName = "file or folder" // and the name in the package clause
)

// rule bans words from names. The words are those of a camelCase or snake_case
// name in lower case; several in a row are separated by a space.
type rule struct {
	words string // separated by commas
	say   string
	kinds []string // nil: all
	whole bool     // only a name that has no other words
	first bool     // only at the beginning of a name
	glued bool     // also at either end of a file name's run-together words
	// except are names that are right all the same, with the reason.
	except map[string]string
}

// dialect holds the words that this code once used for what has a name in the
// field. A word goes into the table with the term to use instead.
var dialect = []rule{
	{words: "news, news 0, knowledge", say: "event: ProviderEvent, PaymentEvent, ShipmentEvent, RefundEvent", glued: true},
	{words: "sift, sifts, sifted, echo, echoes", say: "skip self-caused events", glued: true},
	{words: "hear, hears, heard, hearing", say: "handle; received", glued: true, except: map[string]string{"heartbeat": "another word"}},
	{words: "stray, strays, astray", say: "duplicate (a payment), orphan (in an index), overdue (a parcel)", glued: true},
	{words: "weigh, weighs, weighed, weighing", say: "apply, verify"},
	{words: "give back, gives back, given back, giving back, giveback, moneyback, given", say: "refundOrVoid, refund, release, reversal", glued: true},
	{words: "give up, gives up, given up, giving up", say: "cancel, discard; a time-out"},
	{words: "give slot", say: "ReleaseSlot"},
	{words: "insist, insists, meanwhile, beside", say: "retryInBackground, runInBackground, the background's context"},
	{words: "later", say: "retryInBackground, after", kinds: []string{callable}, whole: true},
	{words: "aside, asides", say: "inBackground; deferred (events); reserve (stock); archiveSuperseded (events); quarantine (files)", glued: true},
	{words: "chore, chores", say: "task, pendingTasks"},
	{words: "owing, owe, owes, owed", say: "needsAttention, outstanding", glued: true},
	{words: "setback, setbacks", say: "abortError; pauseOn(err)", glued: true},
	{words: "undo, undoes, undone, undoing, undoable", say: "compensate", glued: true},
	{words: "seal off", say: "compensateTerminated"},
	{words: "here, on queue", say: "runLocal, runRemote, runLocalFirst"},
	{words: "patient, patiently, patience", say: "runLong; a time-out, a longest wait", glued: true},
	{words: "rest", say: "waitForEvent", kinds: []string{callable}, whole: true},
	{words: "pick up, picks up", say: "restore"},
	{words: "carry, carries, carried, carryon", say: "continueAsNew; Snapshot; apply; deliver", glued: true},
	{words: "tell, tells, told, untold, teller", say: "notify, notified, pendingNotification"},
	{words: "late workflow", say: "AftercareWorkflow"},
	{words: "late", say: "Aftercare; ReportLate", kinds: []string{typeName}, whole: true},
	{words: "movement, movements, unbook", say: "CaptureRequest, RefundRequest; VoidLabelRequest"},
	{words: "abandon, abandons, abandoned", say: "cancel: CancelPaymentRequest"},
	{words: "letter, letters", say: "mail, mail template", glued: true},
	{words: "milestone, milestones", say: "notification", glued: true},
	{words: "post", say: "mail router", kinds: []string{typeName, field, pathName}, whole: true},
	{words: "office, offices", say: "mail router"},
	{words: "mailfeed", say: "mail webhook", glued: true},
	{words: "feed, feeds", say: "import file"},
	{words: "courier, couriers", say: "webhook sender", glued: true},
	{words: "hostile", say: "faults (of a sandbox), malicious (of a text)", glued: true},
	{words: "room, rooms", say: "limiter, limit, slots; package (of the architecture)"},
	{words: "come, gone", say: "Acquire, Release", kinds: []string{callable}, whole: true},
	{words: "gate, gates", say: "limiter"},
	{words: "turn, turns, turned, turning", say: "slot, lock, attempt; orientation (of an image)"},
	{words: "suspect, suspects, talk, talks", say: "log throttle; conversation", glued: true},
	{words: "legible, tidy, routed, hurry", say: "validateURL; isCleanPath, clean, compact; notFound; setDeadlines"},
	{words: "look after, lookafter", say: "acceptOrTimeout", glued: true},
	{words: "desk, desks, maildesk", say: "service", glued: true},
	{words: "again", say: "redeliver; repeat", kinds: []string{callable, typeName, field, value, pathName}, first: true},
	{words: "inbox again", say: "redeliver"},
	{words: "outbox", say: "mail log (an outbox sends what a transaction has written)", glued: true},
	{words: "settle, settles, settled, settling", say: "one verb each: resolve, recover, reconcile, record", glued: true},
	{words: "failed", say: "wrapError; isFailure", kinds: []string{callable}, whole: true},
	{words: "tally, tallies", say: "integrity report, count", glued: true},
	{words: "picture, pictures", say: "image", glued: true},
	{words: "house", say: "architecture"},
	{words: "story, stories", say: "timeline, scenario", glued: true, except: map[string]string{"history": "another word", "histories": "another word"}},
	{words: "anew, whoever", say: "again; the caller", glued: true},
}

// phrase is what no comment says.
type phrase struct {
	pattern *regexp.Regexp
	say     string
}

var phrases = []phrase{
	// As a verb: a noun, "the answers to ours are lost", is followed by other words.
	{regexp.MustCompile(`(?:^\w+|\b(?:and|that|which|it|also|who|it)) answers (?:nil|true|false|an?|the|its?|their|them|this|that|those|what|which|how|when|where|whether|who|why|with|up|no|none|one|all|any|each|every|some|from|by|for|as|if|only|until|in|at|on)\b`), "returns, reports"},
	{regexp.MustCompile(`\bis none\b`), "is not one"},
	{regexp.MustCompile(`\banew\b`), "again"},
	{regexp.MustCompile(`(?i)\bwhoever\b`), "the caller, those who"},
	{regexp.MustCompile(`\bknows nobody\b`), "imports nothing"},
}

// thisFile holds the words that no other file may.
const thisFile = "words_test.go"

// name is a declared identifier, or a part of a path.
type name struct{ text, kind, at string }

func TestWords(t *testing.T) {
	found := map[string]map[string]string{} // rule → name → where it stands first
	for _, n := range allNames(t) {
		for _, r := range dialect {
			if r.bans(n) {
				note(found, r.words+": say "+r.say, path.Dir(n.at)+": "+n.text+" ("+n.kind+")", n.at)
			}
		}
	}
	report(t, "names", found)
}

func TestWordsInComments(t *testing.T) {
	found := map[string]map[string]string{}
	tree(t, func(file string) {
		if path.Ext(file) != ".go" || file == thisFile {
			return
		}
		f, set := parseFile(t, file)
		for _, group := range f.Comments {
			for _, p := range phrases {
				if m := p.pattern.FindString(strings.Join(strings.Fields(group.Text()), " ")); m != "" {
					at := set.Position(group.Pos()).String()
					note(found, p.pattern.String()+": say "+p.say, at+" "+m, "")
				}
			}
		}
	})
	report(t, "comments", found)
}

func note(found map[string]map[string]string, key, what, at string) {
	if found[key] == nil {
		found[key] = map[string]string{}
	}
	found[key][what] = cmp.Or(found[key][what], at)
}

// report fails for each rule that is broken; with -v it lists by what.
func report(t *testing.T, what string, found map[string]map[string]string) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(found)) {
		t.Errorf("%d %s break: %s", len(found[key]), what, key)
		if testing.Verbose() {
			for _, n := range slices.Sorted(maps.Keys(found[key])) {
				fmt.Printf("    %s %s\n", n, found[key][n])
			}
		}
	}
}

// bans reports whether a name breaks the rule.
func (r rule) bans(n name) bool {
	if r.kinds != nil && !slices.Contains(r.kinds, n.kind) || r.except[n.text] != "" {
		return false
	}
	have := wordsOf(n.text)
	if len(have) > 1 && have[0] == "test" {
		have = have[1:]
	}
	for banned := range strings.SplitSeq(r.words, ", ") {
		if r.holds(have, strings.Fields(banned), n.kind) {
			return true
		}
	}
	return false
}

func (r rule) holds(have, banned []string, kind string) bool {
	for i := 0; i+len(banned) <= len(have); i++ {
		if r.whole && len(have) != len(banned) || r.first && i > 0 {
			return false
		}
		if slices.Equal(have[i:i+len(banned)], banned) {
			return true
		}
	}
	return r.glued && kind == pathName && len(banned) == 1 && slices.ContainsFunc(have, func(w string) bool {
		return r.except[w] == "" && (strings.HasPrefix(w, banned[0]) || strings.HasSuffix(w, banned[0]))
	})
}

// wordsOf splits a camelCase or snake_case name or a file name into its words.
func wordsOf(s string) (words []string) {
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
		}
		word = nil
	}
	all := []rune(s)
	for i, c := range all {
		upper := unicode.IsUpper(c)
		switch {
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			end()
			continue
		case i > 0 && upper && !unicode.IsUpper(all[i-1]), // aB
			i > 0 && i+1 < len(all) && upper && unicode.IsUpper(all[i-1]) && unicode.IsLower(all[i+1]), // URLOf
			i > 0 && unicode.IsDigit(c) != unicode.IsDigit(all[i-1]):
			end()
		}
		word = append(word, c)
	}
	end()
	return words
}

// allNames lists every declared identifier and every file and folder.
func allNames(t *testing.T) (names []name) {
	seen := map[string]bool{}
	inPath := func(file string) {
		for dir := file; dir != "." && !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			base := strings.TrimSuffix(path.Base(dir), path.Ext(dir))
			names = append(names, name{strings.TrimSuffix(base, "_test"), pathName, dir})
		}
	}
	tree(t, func(file string) {
		inPath(file)
		if path.Ext(file) != ".go" || file == thisFile {
			return
		}
		f, set := parseFile(t, file)
		add := func(id *ast.Ident, kind string) {
			if id != nil && id.Name != "_" {
				names = append(names, name{id.Name, kind, set.Position(id.Pos()).String()})
			}
		}
		add(&ast.Ident{Name: strings.TrimSuffix(f.Name.Name, "_test"), NamePos: f.Name.NamePos}, pathName)
		for _, d := range f.Decls {
			declared(d, add)
		}
	})
	return names
}

// declared calls add for each identifier that a declaration introduces.
func declared(d ast.Decl, add func(*ast.Ident, string)) {
	list := func(l *ast.FieldList, kind string) {
		if l != nil {
			for _, f := range l.List {
				for _, id := range f.Names {
					add(id, kind)
				}
			}
		}
	}
	g, _ := d.(*ast.GenDecl)
	ast.Inspect(d, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncDecl:
			add(x.Name, callable)
			list(x.Recv, local)
		case *ast.TypeSpec:
			add(x.Name, typeName)
			list(x.TypeParams, local)
		case *ast.ValueSpec:
			kind := local
			if g != nil && slices.Contains(g.Specs, ast.Spec(x)) {
				kind = value
			}
			for _, id := range x.Names {
				add(id, kind)
			}
		case *ast.StructType:
			list(x.Fields, field)
		case *ast.InterfaceType:
			list(x.Methods, callable)
		case *ast.FuncType:
			list(x.TypeParams, local)
			list(x.Params, local)
			list(x.Results, local)
		case *ast.AssignStmt:
			introduced(add, x.Tok, x.Lhs...)
		case *ast.RangeStmt:
			introduced(add, x.Tok, x.Key, x.Value)
		case *ast.LabeledStmt:
			add(x.Label, local)
		}
		return true
	})
}

func introduced(add func(*ast.Ident, string), tok token.Token, left ...ast.Expr) {
	for _, e := range left {
		if id, ok := e.(*ast.Ident); ok && tok == token.DEFINE {
			add(id, local)
		}
	}
}

// tree calls do for every file of the repository.
func tree(t *testing.T, do func(file string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".git") || file == "purser-data" || file == "dist"): // what running and building leave behind
			return fs.SkipDir
		case !d.IsDir():
			do(file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func parseFile(t *testing.T, file string) (*ast.File, *token.FileSet) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f, set
}

// The rules themselves are checked: one that cannot be broken is of no use.

func TestWordsCanFail(t *testing.T) {
	for banned, names := range map[bool][]name{
		true: {
			{text: "giveBackMeanwhile", kind: callable},
			{text: "TestHeard", kind: callable},
			{text: "PictureURL", kind: field},
			{text: "picturedelete", kind: pathName},
			{text: "URLOfPictures", kind: value},
			{text: "settled_at", kind: local},
			{text: "onQueue", kind: callable},
			{text: "mailnews", kind: pathName},
			{text: "rest", kind: callable},
			{text: "TestAgain", kind: callable},
			{text: "Post", kind: typeName},
			{text: "post", kind: pathName},
		},
		false: {
			{text: "refundInBackground", kind: callable},
			{text: "rest", kind: local},
			{text: "restOfStock", kind: callable},
			{text: "again", kind: local},
			{text: "TestPlace_again", kind: callable},
			{text: "SignPost", kind: callable},
			{text: "post", kind: callable},
			{text: "history", kind: pathName},
			{text: "feedback", kind: pathName},
			{text: "returned", kind: field},
			{text: "ErrTooLate", kind: value},
			{text: "Warehouse", kind: typeName},
		},
	} {
		for _, n := range names {
			if slices.ContainsFunc(dialect, func(r rule) bool { return r.bans(n) }) != banned {
				t.Errorf("%+v: want it banned: %t", n, banned)
			}
		}
	}
	for text, banned := range map[string]bool{
		"find answers the row.": true, "It waits and answers whether it worked.": true, "One that is none is passed over.": true,
		"told anew": true, "Whoever asks": true, "find returns the row.": false, "the answers to ours are lost": false,
	} {
		if slices.ContainsFunc(phrases, func(p phrase) bool { return p.pattern.MatchString(text) }) != banned {
			t.Errorf("%q: want it banned: %t", text, banned)
		}
	}
	seen := map[string]bool{}
	for _, r := range dialect {
		for w := range strings.SplitSeq(r.words, ", ") {
			if seen[w] || r.say == "" {
				t.Errorf("%s stands in two rules, or has nothing to say instead", w)
			}
			seen[w] = true
		}
	}
}
