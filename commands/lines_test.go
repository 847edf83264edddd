package commands_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"purser/shop"
)

// TestLines: a line names any SKU and a quantity; nothing in a SKU, a code, a tag or an
// option's value divides it.
func TestLines(t *testing.T) {
	url, requests := ordersAPI(t, shop.Order{ID: "ord_1"})
	place := []string{"order", "place", "--api-url=" + url}
	for _, tt := range []struct {
		name  string
		flags []string
		want  string // a part of the request; empty: refused
		says  string
	}{
		{name: "a comma", flags: []string{"--line=screw-4,5=2"}, want: `"lines":[{"sku":"screw-4,5","quantity":2}]`},
		{name: "an equals sign", flags: []string{"--line=a=b=3"}, want: `"lines":[{"sku":"a=b","quantity":3}]`},
		{name: "only digits", flags: []string{"--line=0042=1"}, want: `"lines":[{"sku":"0042","quantity":1}]`},
		{name: "twice", flags: []string{"--line=a,b=1", "--line=caf\u00e9=2"}, want: `"lines":[{"sku":"a,b","quantity":1},{"sku":"café","quantity":2}]`},
		{name: "a code with a comma", flags: []string{"--line=a=1", "--code=TEN,TWO"}, want: `"discountCodes":["TEN,TWO"]`},
		{name: "no quantity", flags: []string{"--line=mug"}, says: `--line: "mug": want SKU=quantity`},
		{name: "no SKU", flags: []string{"--line==2"}, says: `--line: "=2": want SKU=quantity`},
		{name: "none of it", flags: []string{"--line=mug=0"}, says: `--line: "mug=0": want SKU=quantity`},
		{name: "fewer than none", flags: []string{"--line=mug=-2"}, says: `--line: "mug=-2": want SKU=quantity`},
		{name: "half of it", flags: []string{"--line=mug=1.5"}, says: `--line: "mug=1.5": want SKU=quantity`},
		{name: "other digits", flags: []string{"--line=mug=\u0662"}, says: "want SKU=quantity"},
		{name: "two with a comma between them", flags: []string{"--line=mug=1,cup=2"}, want: `"lines":[{"sku":"mug=1,cup","quantity":2}]`}, // the API does not know it
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(requests())
			code, _, stderr := typed(t.Context(), append(slices.Clone(place), tt.flags...)...)
			got := requests()[before:]
			switch {
			case tt.says != "" && (code != 2 || len(got) > 0 || !strings.Contains(stderr, tt.says)):
				t.Errorf("exit code %d, %q, %q, want %q", code, stderr, got, tt.says)
			case tt.says == "" && (code != 0 || len(got) != 1 || !strings.Contains(got[0], tt.want)):
				t.Errorf("exit code %d, %q, %q, want %s", code, stderr, got, tt.want)
			}
		})
	}
}

// TestReconcileExitCode: the exit code says that the stock does not add up, whatever
// the form of the output.
func TestReconcileExitCode(t *testing.T) {
	unbalanced := answering(t, http.StatusOK, "application/json", `{"done":true,"products":3,"documents":3,"unbalanced":2}`)
	balanced := answering(t, http.StatusOK, "application/json", `{"done":true,"products":3,"documents":3,"unbalanced":0}`)
	unknown := answering(t, http.StatusOK, "application/json", `{"done":true,"products":3,"documents":3,"unbalanced":-1}`) // nobody looked
	for _, tt := range []struct {
		name, url string
		flags     []string
		code      int
	}{
		{name: "in order", url: balanced},
		{name: "in order, as JSON", url: balanced, flags: []string{"--json"}},
		{name: "not looked at", url: unknown},
		{name: "not in order", url: unbalanced, code: 1},
		{name: "not in order, as JSON", url: unbalanced, flags: []string{"--json"}, code: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, stderr := typed(t.Context(), append([]string{"product", "reconcile", "--api-url=" + tt.url}, tt.flags...)...)
			if code != tt.code || out == "" || (code != 0) != strings.Contains(stderr, "the stock of 2 products") {
				t.Errorf("exit code %d, %q, %q", code, out, stderr)
			}
		})
	}
}

// TestColumnsOfAnyScript: columns stand below each other in a terminal, whatever script
// the cells are written in.
func TestColumnsOfAnyScript(t *testing.T) {
	api := answering(t, http.StatusOK, "application/json", `{"hits":[
		{"sku":"a","name":"\u8336\u7897","brand":"B1"},{"sku":"b","name":"cafe\u0301","brand":"B2"},{"sku":"c","name":"\uff21\u200b","brand":"B3"},{"sku":"d","name":"mug!","brand":"B4"}]}`)
	_, out, stderr := typed(t.Context(), "search", "--api-url="+api)
	for i, want := range []string{"a  \u8336\u7897  B1", "b  cafe\u0301  B2", "c  \uff21\u200b    B3", "d  mug!  B4"} {
		if lines := strings.Split(out, "\n"); len(lines) < 5 || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d: want %q in\n%s%s", i, want, out, stderr)
		}
	}
}
