package orders_test

import (
	"encoding/json"
	"strings"
	"testing"

	"purser/workflows/orders"
)

// FuzzRequests: whatever a person types in the Temporal UI is refused, or names who and
// why; and a request that was taken is read again as it was.
func FuzzRequests(f *testing.F) {
	for _, s := range []string{
		`{"who":"ada","why":"changed my mind"}`, `{"choice":"release","who":"ada","why":"looked at it"}`, `{"nope":1}`, `null`, `[]`, `{}`,
		`{"version":1,"who":"key:shop","why":"","later":true}`, `{"version":-1,"who":"ada","why":"x"}`, `{"who":" ","why":"x"}`, `{"who":"ada","who":"","why":"x"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var cancel orders.CancelRequest
		if err := json.Unmarshal(b, &cancel); err == nil && string(b) != "null" && !complete(cancel.Version, cancel.Who, cancel.Why) {
			t.Errorf("taken: %s as %+v", b, cancel)
		}
		var resolve, again orders.ResolveRequest
		if err := json.Unmarshal(b, &resolve); err != nil || strings.TrimSpace(string(b)) == "null" {
			return
		}
		if !complete(resolve.Version, resolve.Who, resolve.Why) {
			t.Errorf("taken: %s as %+v", b, resolve)
		}
		if raw, err := json.Marshal(resolve); err != nil || json.Unmarshal(raw, &again) != nil || again != resolve {
			t.Errorf("%s was taken as %+v, and read again as %+v", b, resolve, again)
		}
	})
}

// complete reports whether a request has a version of the API, or names who and why.
func complete(version int, who, why string) bool {
	return version > 0 || strings.TrimSpace(who) != "" && strings.TrimSpace(why) != ""
}
