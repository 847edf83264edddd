package httpkit_test

import (
	"strings"
	"testing"

	"purser/api/httpkit"
)

func TestParseKeys(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", ",", "a", "a:shop", "a:king:0123456789abcdef", "a:0123456789abcdef:shop", "a:shop:short", "a b:shop:0123456789abcdef",
		"a:shop:0123456789 abcdef", ":shop:0123456789abcdef",
		"a:viewer:0123456789abcdef,b:operator:0123456789abcdef", // SEC-8: it is unclear which principal would call
		"a:viewer:0123456789abcdef,a:operator:0123456789abcdeg", // one principal, two roles
		"a:shop:0123456789abcdef,b:shop:0123456789abcdeg,a:shop:0123456789abcdef",
	} {
		if keys, err := httpkit.ParseKeys(bad); err == nil {
			t.Errorf("%q: got %d keys, want an error", bad, len(keys))
		} else if strings.Contains(err.Error(), "0123456789") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: the error contains the secret, or is not one line: %v", bad, err)
		}
	}
}
