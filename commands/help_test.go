package commands_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestHelpGroups: the help of the commands that start a stack lists the settings by
// subject, the most common ones first, and a command's own flags before all settings.
func TestHelpGroups(t *testing.T) {
	groups := []string{
		"Flags:", "The most common:", "Payments and parcels:", "Orders:", "Mail:", "The texts and the design of mails:",
		"Catalogue and search:", "Images:", "Temporal, several processes, secrets:", "Feedback on mail, webhooks:", "The sandbox:",
	}
	for _, tt := range []struct {
		command string
		own     []string // the flags outside of the groups
	}{
		{command: "demo", own: []string{"help", "color", "once", "json", "card"}},
		{command: "up", own: []string{"help", "color"}},
		{command: "api", own: []string{"help", "color"}},
		{command: "worker", own: []string{"help", "color"}},
	} {
		t.Run(tt.command, func(t *testing.T) {
			code, out, stderr := typed(t.Context(), tt.command, "--help")
			if code != 0 {
				t.Fatalf("exit code %d, %s", code, stderr)
			}
			var titles []string
			flags := map[string][]string{}
			for line := range strings.Lines(out) {
				title := regexp.MustCompile(`^[A-Z][^.]*:\n$`).FindString(line)
				if title != "" && !strings.HasPrefix(title, "Usage") {
					titles = append(titles, strings.TrimSpace(title))
				}
				if m := regexp.MustCompile(`^ +(?:-\w, )?--(?:\[no-\])?([\w-]+)`).FindStringSubmatch(line); m != nil && len(titles) > 0 {
					last := titles[len(titles)-1]
					flags[last] = append(flags[last], m[1])
				}
			}
			if !slices.Equal(titles, groups) {
				t.Fatalf("groups %q, want %q", titles, groups)
			}
			if !slices.Equal(flags["Flags:"], tt.own) {
				t.Errorf("flags in no group: %q, want %q: a new setting needs a group", flags["Flags:"], tt.own)
			}
			if common := []string{"data", "database-url", "listen", "public-url", "api-keys", "log-level"}; !slices.Equal(flags["The most common:"], common) {
				t.Errorf("the most common: %q", flags["The most common:"])
			}
			for group, flag := range map[string]string{
				"Payments and parcels:": "stripe-key", "Orders:": "pay-within", "Mail:": "smtp-url", "The texts and the design of mails:": "shop-name",
				"Feedback on mail, webhooks:": "keep-webhooks", "Catalogue and search:": "meilisearch-url", "Images:": "s3-bucket",
				"Temporal, several processes, secrets:": "temporal-address", "The sandbox:": "sandbox-mail-pace",
			} {
				if !slices.Contains(flags[group], flag) {
					t.Errorf("%s lacks %s: %q", group, flag, flags[group])
				}
			}
		})
	}
}
