package orders_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"purser/order"
)

// step is one action in the generated life of an order.
type step struct {
	At    time.Duration
	Do    string
	On    int           // the index of an intent or an earlier event
	Lost  bool          // its event never arrives by itself
	Delay time.Duration // of its event
	Times int           // how often its event arrives, or a fault occurs
	Fault fault
	Says  order.PaymentStatus // of a forged event; empty: that the refunds have changed
	Of    int                 // a forged event's payment: the order's, another order's, one that does not exist; how a parcel is sent
}

var calls = []string{
	"OpenOrder", "SaveOrder", "CreateIntent", "GetIntent", "CancelIntent", "CaptureIntent", "RefundIntent", "Refunds",
	"BookParcel", "TrackParcel", "VoidParcel", "SendMail", "Goods",
}

// moments are the times after placing at which something happens.
var moments = []time.Duration{
	0, time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 29 * time.Minute, 30 * time.Minute, time.Hour, 12 * time.Hour, 30 * time.Hour,
}

// refusable are the calls that a provider may refuse for good.
var refusable = []string{"CancelIntent", "CaptureIntent", "RefundIntent", "VoidParcel", "GetIntent"}

func drawStep(t *rapid.T) step {
	s := step{
		Do: rapid.SampledFrom([]string{
			"pay", "pay", "pay", "pay", "decline", "challenge", "think", "leave", "debit", "authenticated", "authenticated", "not authenticated",
			"cancel at bank", "capture at bank", "tamper", "second", "repeat", "repeat", "cancel", "cancel workflow", "place", "release",
			"scan", "scan", "come back", "pack", "pack", "unpack", "hand over", "return", "return", "return", "deadline of a case", "refund report", "part back by hand", "forge", "forge", "forge",
			"change", "change", "change", "refund", "refund", "refund goods", "refund all", "pay out", "transfer", "transfer", "fault", "fault", "fault", "outage", "refusal", "long history",
		}).Draw(t, "do"),
		On:    rapid.IntRange(0, 3).Draw(t, "on"),
		Lost:  rapid.IntRange(0, 4).Draw(t, "lost") == 0,
		Times: rapid.IntRange(1, 3).Draw(t, "times"),
	}
	if s.Do == "forge" {
		s.Of = rapid.IntRange(0, 3).Draw(t, "of")
		s.Says = rapid.SampledFrom([]order.PaymentStatus{
			"", order.PaymentAuthorized, order.PaymentCaptured, order.PaymentPartiallyCaptured, order.PaymentCanceled, order.PaymentExpired, order.PaymentProcessing, order.PaymentPending,
		}).Draw(t, "says")
	}
	if s.Do == "pack" || s.Do == "change" {
		s.Of = rapid.IntRange(0, 3).Draw(t, "of")
	}
	s.At = rapid.SampledFrom(moments).Draw(t, "at") + time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds later"))*time.Second
	s.Delay = rapid.SampledFrom([]time.Duration{0, 0, 0, time.Second, time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "delay")
	ops, kinds := calls, []error{order.ErrUnavailable, order.ErrUnknownOutcome, order.ErrThrottled, order.ErrDenied}
	if s.Do == "refusal" {
		ops, kinds = refusable, []error{order.ErrState, order.ErrRejected}
	}
	s.Fault = fault{op: rapid.SampledFrom(ops).Draw(t, "op"), kind: rapid.SampledFrom(kinds).Draw(t, "kind"), times: s.Times}
	s.Fault.after = s.Fault.kind == order.ErrUnknownOutcome
	if s.Do == "outage" {
		s.Fault.times, s.Fault.until = 0, s.At+rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 20 * time.Hour}).Draw(t, "long")
	}
	return s
}

// GoString describes the step in a line, for the report of a failure.
func (s step) GoString() string {
	line := fmt.Sprintf("\n\t+%s %s", s.At, s.Do)
	switch s.Do {
	case "fault", "refusal":
		return fmt.Sprintf("%s of the next %d calls of %s: %v", line, s.Fault.times, s.Fault.op, s.Fault.kind)
	case "outage":
		return fmt.Sprintf("%s of %s until +%s: %v", line, s.Fault.op, s.Fault.until, s.Fault.kind)
	case "forge":
		line += fmt.Sprintf(" %q of %s", s.Says, []string{"its payment", "its payment", "another order's payment", "no payment"}[s.Of])
	}
	line += fmt.Sprintf(" (on %d)", s.On)
	switch {
	case s.Lost:
		return line + ", its event is lost"
	case s.Delay > 0:
		line += fmt.Sprintf(", its event comes %s later", s.Delay)
	}
	return line + fmt.Sprintf(", %d times", s.Times)
}
