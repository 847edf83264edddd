package commands_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDryRun: a dry run says what would happen, and an import what has happened.
func TestDryRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "products.csv")
	if err := os.WriteFile(file, []byte("sku,name\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, state string
		flags       []string
		code        int
		want        string
	}{
		{
			name: "import", state: `"state":"done","rows":9,"applied":5,"added":3,"unchanged":4,"indexed":5`,
			want: "imp_1 done: 9 rows, 0 with errors, 3 added, 2 changed, 4 unchanged, 5 indexed\n",
		},
		{
			name: "dry run", state: `"state":"done","dryRun":true,"rows":9,"applied":5,"added":3,"unchanged":4`, flags: []string{"--dry-run"},
			want: "imp_1 done: 9 rows, 0 with errors; would add 3, would change 2, would leave 4 as they are; nothing was changed\n",
		},
		{
			name: "dry run with errors", state: `"state":"done","dryRun":true,"rows":1,"bad":1,"applied":1`, flags: []string{"--dry-run"}, code: 1,
			want: "imp_1 done: 2 rows, 1 with errors; would add 0, would change 1, would leave 0 as they are; nothing was changed\n",
		},
		{
			name: "refused", state: `"state":"refused","why":"1 rows have errors","dryRun":true,"rows":1,"bad":1`, flags: []string{"--dry-run"}, code: 1,
			want: "imp_1 refused: 2 rows, 1 with errors; would add 0, would change 0, would leave 0 as they are; nothing was changed\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dry := ""
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					dry = r.URL.Query().Get("dryRun")
				}
				_, _ = io.WriteString(w, `{"id":"imp_1","errors":[],`+tt.state+`}`)
			}))
			defer s.Close()
			code, out, stderr := typed(t.Context(), append([]string{"product", "import", file, "--api-url=" + s.URL}, tt.flags...)...)
			if code != tt.code || out != tt.want {
				t.Errorf("exit code %d, %s\n%swant\n%s", code, stderr, out, tt.want)
			}
			if want := strings.Contains(tt.state, "dryRun"); dry != map[bool]string{true: "true", false: "false"}[want] {
				t.Errorf("asked for a dry run: %s", dry)
			}
		})
	}
}
