package commands_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/order"
)

// TestConflict: a command that the order's status does not allow says what the status
// is.
func TestConflict(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	o := s.Place(t, "cus_1")
	for _, is := range []order.Status{order.OnHold, order.Delivered} {
		if _, err := s.Orders.Change(t.Context(), o.ID, order.OrderResolved, "purser", "", "", func(o *order.Order) { o.Status = is }); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name    string
		refusal error
		args    []string
		says    string
	}{
		{
			name: "cancel what is delivered", refusal: &order.Refusal{Kind: order.ErrTooLate, Text: "the order is delivered"},
			args: []string{"cancel", string(o.ID)}, says: "too late to cancel: the order is delivered (409 too_late)",
		},
		{
			name: "decide what is not on hold", refusal: &order.Refusal{Kind: order.ErrIllegalMove, Text: "the order is delivered: it is not on hold, so there is nothing to decide"},
			args: []string{"resolve", string(o.ID), "release", "--reason=go on"}, says: "the order is delivered: it is not on hold, so there is nothing to decide (409 wrong_state)",
		},
		{
			name: "place again what was cancelled", refusal: &order.Refusal{Kind: order.ErrTooLate, Text: "the order is cancelled: the payment provider cannot accept this payment"},
			args: []string{"place", "--line=mug-blue=1", "--idempotency-key=k"}, says: "the order is cancelled: the payment provider cannot accept this payment (409 too_late)",
		},
	} {
		s.Orders.FailWith(tc.refusal)
		code, out, stderr := typed(t.Context(), append([]string{"order", "--api-url=" + server.URL, "--key=" + apitest.OperatorKey}, tc.args...)...)
		if code != 1 || out != "" || strings.TrimSpace(stderr) != "purser: "+tc.says {
			t.Errorf("%s: exit code %d, %q %q", tc.name, code, out, stderr)
		}
	}
}
