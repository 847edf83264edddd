package commands_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestParcelCommands (SHP-6, SHP-7, REF-9): what is typed about a parcel or a return is sent
// as it was typed, so that a contradiction is refused instead of a part being left out.
func TestParcelCommands(t *testing.T) {
	t.Parallel()
	const found = `{"id":"ord_1","status":"paid","total":{"amount":2900,"currency":"EUR"},"lines":[],"payments":[],"shipments":[],
		"returns":[{"id":"rt1","status":"closed","lines":[{"sku":"mug","quantity":2,"received":1}],"refund":{"amount":1450,"currency":"EUR"},"refundId":"return-rt1"}]}`
	var got []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodGet {
			got = append(got, strings.TrimPrefix(r.URL.Path, "/v1/orders/ord_1")+" "+string(body))
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, found)
	}))
	t.Cleanup(api.Close)
	for _, tt := range []struct {
		args []string
		sent string
	}{
		{[]string{"parcel", "add", "ord_1", "--parcel-id=p1", "--line=mug=1"}, `/shipments {"id":"p1","lines":[{"sku":"mug","quantity":1}],"reason":"packed"}`},
		{[]string{"parcel", "add", "ord_1", "--parcel-id=p1", "--carrier=Post", "--tracking=RR1"}, `/shipments {"id":"p1","method":"own","carrier":"Post","tracking":"RR1","reason":"packed"}`},
		{[]string{"parcel", "add", "ord_1", "--parcel-id=p1", "--pickup"}, `/shipments {"id":"p1","method":"pickup","reason":"packed"}`},
		{[]string{"parcel", "add", "ord_1", "--parcel-id=p1", "--pickup", "--tracking=RR1"}, `/shipments {"id":"p1","method":"pickup","tracking":"RR1","reason":"packed"}`},
		{[]string{"parcel", "mark", "ord_1", "1", "collected"}, `/shipments/1/mark {"reason":"marked by hand","status":"delivered"}`},
		{[]string{"return", "approve", "ord_1", "rt1", "--label", "--reason=ok"}, `/returns/rt1/approve {"label":true,"reason":"ok"}`},
		{[]string{"return", "approve", "ord_1", "rt1", "--link=https://shop.example/l", "--reason=ok"}, `/returns/rt1/approve {"link":"https://shop.example/l","reason":"ok"}`},
		{
			[]string{"return", "receive", "ord_1", "rt1", "--line=mug=2", "--damaged=mug=1", "--restock", "--fee=10%", "--damage=2.50", "--reason=unpacked"},
			`/returns/rt1/receive {"lines":[{"sku":"mug","quantity":2,"damaged":1,"restock":true}],"feePercent":10,"damage":250,"reason":"unpacked"}`,
		},
	} {
		got = nil
		code, out, stderr := typed(t.Context(), append(append([]string{"order"}, tt.args...), "--api-url="+api.URL)...)
		if code != 0 || strings.Join(got, ", ") != tt.sent {
			t.Errorf("%v: exit code %d, sent %q: %s", tt.args, code, got, stderr)
		}
		if !strings.Contains(out, "refund of 14.50 EUR") {
			t.Errorf("%v: %s", tt.args, out)
		}
	}
	for _, bad := range [][]string{
		{"return", "receive", "ord_1", "rt1", "--line=mug=2", "--damaged=tea=1", "--reason=unpacked"},
		{"return", "receive", "ord_1", "rt1", "--line=mug=2", "--fee=1.5%", "--reason=unpacked"},
		{"return", "receive", "ord_1", "rt1", "--line=mug=2", "--fee=1.234", "--reason=unpacked"},
		{"return", "receive", "ord_1", "rt1", "--line=mug", "--reason=unpacked"},
		{"parcel", "mark", "ord_1", "1", "lost"},
		{"return", "approve", "ord_1", "rt1", "--label", "--link=https://shop.example/l", "--reason=ok"},
	} {
		got = nil
		if code, _, stderr := typed(t.Context(), append(append([]string{"order"}, bad...), "--api-url="+api.URL)...); code == 0 || len(got) > 0 || stderr == "" {
			t.Errorf("%v: exit code %d, sent %q: %s", bad, code, got, stderr)
		}
	}
}
