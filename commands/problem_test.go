package commands_test

import (
	"net/http"
	"testing"
)

// TestProblems: a command prints all that a problem says.
func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{
			name: "too late", status: http.StatusConflict,
			body: `{"status":409,"code":"too_late","title":"Conflict","detail":"the carrier has the parcel: the order is shipped"}`,
			want: "purser: the carrier has the parcel: the order is shipped (409 too_late)\n",
		},
		{
			name: "one fault", status: http.StatusUnprocessableEntity,
			body: `{"status":422,"code":"invalid","detail":"expected number at query.limit","errors":[{"location":"query.limit","message":"expected number"}]}`,
			want: "purser: expected number at query.limit (422 invalid)\n",
		},
		{
			name: "several faults", status: http.StatusUnprocessableEntity,
			body: `{"status":422,"code":"invalid","detail":"expected number at query.limit","errors":[{"location":"query.limit","message":"expected number"},{"location":"query.cursor","message":"expected number"},{"message":"and more"}]}`,
			want: "purser: expected number at query.limit; expected number at query.cursor; and more (422 invalid)\n",
		},
		{
			name: "no detail", status: http.StatusNotFound, body: `{"status":404,"code":"not_found","title":"Not Found"}`,
			want: "purser: Not Found (404 not_found)\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			api := answering(t, tt.status, "application/problem+json", tt.body)
			if code, _, stderr := typed(t.Context(), "order", "cancel", "ord_1", "--api-url="+api); code != 1 || stderr != tt.want {
				t.Errorf("exit code %d, %q, want %q", code, stderr, tt.want)
			}
		})
	}
}
