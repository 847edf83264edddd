package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sandbox says where the stand-ins are, and which keys they take.
type Sandbox struct {
	URL, StripeKey, CarrierKey string
}

// outside is what the stand-ins hold.
type outside struct {
	intents map[string]intent
	charges []charge
	refunds []refund
	mails   map[string][]sentMail // by order
	money   map[string]int64      // what the shop has of each payment
	taken   map[string]int64      // what was captured of each payment
	ofOrder map[string][]string   // the intents of each order
	byOrder map[string][]label
	byHand  map[string]int64 // what people refunded of each payment at the provider

	captures map[string]int     // how often each charge was captured
	disputes map[string]dispute // by id
}

// dispute is what a dispute takes from the shop now.
type dispute struct {
	Amount        int64
	PaymentIntent string
}

type intent struct {
	ID       string            `json:"id"`
	Status   string            `json:"status"`
	Amount   int64             `json:"amount"`
	Metadata map[string]string `json:"metadata"`
}

// order returns the order that the intent is for.
func (i intent) order() string { return i.Metadata["order_id"] }

type charge struct {
	ID             string `json:"id"`
	Amount         int64  `json:"amount"`
	AmountCaptured int64  `json:"amount_captured"`
	Captured       bool   `json:"captured"`
	Paid           bool   `json:"paid"`
	Disputed       bool   `json:"disputed"`
	PaymentIntent  string `json:"payment_intent"`
}

type refund struct {
	ID            string            `json:"id"`
	Amount        int64             `json:"amount"`
	Charge        string            `json:"charge"`
	PaymentIntent string            `json:"payment_intent"`
	Status        string            `json:"status"`
	Metadata      map[string]string `json:"metadata"`
}

// moves reports whether the money has left the shop.
func (r refund) moves() bool { return r.Status != "failed" && r.Status != "canceled" }

type stripeEvent struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Created int64  `json:"created"`
	Pending int    `json:"pending_webhooks"` // 0: the webhook was acknowledged
	Data    struct {
		Object struct {
			ID            string `json:"id"`
			Object        string `json:"object"`
			Amount        int64  `json:"amount"`
			Refunded      int64  `json:"amount_refunded"`
			Status        string `json:"status"`
			PaymentIntent string `json:"payment_intent"`
		} `json:"object"`
	} `json:"data"`
}

// intent returns the id of the intent that the event is about.
func (e stripeEvent) intent() string {
	if e.Data.Object.Object == "payment_intent" {
		return e.Data.Object.ID
	}
	return e.Data.Object.PaymentIntent
}

type label struct {
	ID        string    `json:"id"`
	Reference string    `json:"reference"`
	Tracking  string    `json:"tracking"`
	Status    string    `json:"status"`
	Booking   booking   `json:"booking"`
	Created   time.Time `json:"created"`
	Scans     []struct {
		Status string    `json:"status"`
		At     time.Time `json:"at"`
	} `json:"scans"`
}

// booking is what was booked with a label.
type booking struct {
	Parcels []struct {
		Contents []pieces `json:"contents"`
	} `json:"parcels"`
	Return bool `json:"return"` // of a label for the way back
}

// goods returns what is in the parcel.
func (l label) goods() (all []pieces) {
	for _, p := range l.Booking.Parcels {
		all = append(all, p.Contents...)
	}
	return all
}

// order returns the order whose parcel it is: a reference is the order's id and a
// number.
func (l label) order() string {
	i := strings.LastIndex(l.Reference, "-")
	if i < 0 {
		return l.Reference
	}
	return l.Reference[:i]
}

// live reports whether the parcel is with the shopper, or on its way to be.
func (l label) live() bool { return l.Status != "voided" && l.Status != "returned" }

// wentOut reports whether the carrier has taken the parcel, and has not brought it back.
func (l label) wentOut() bool { return l.live() && l.Status != "booked" }

// sentMail is a mail that the provider accepted.
type sentMail struct{ key, template string }

// collect reads what the stand-ins hold.
func (s Sandbox) collect(ctx context.Context) (out outside, err error) {
	out.intents, out.captures, out.disputes = map[string]intent{}, map[string]int{}, map[string]dispute{}
	err = eachListed(ctx, s, "payment_intents", func(i intent) string { return i.ID }, func(i intent) { out.intents[i.ID] = i })
	if err != nil {
		return out, err
	}
	err = eachListed(ctx, s, "charges", func(c charge) string { return c.ID }, func(c charge) { out.charges = append(out.charges, c) })
	if err != nil {
		return out, err
	}
	err = eachListed(ctx, s, "refunds", func(r refund) string { return r.ID }, func(r refund) { out.refunds = append(out.refunds, r) })
	if err != nil {
		return out, err
	}
	slices.Reverse(out.refunds) // oldest first
	out.refunds = withoutReleases(out.refunds, out.charges)
	if err = eachListed(ctx, s, "events", func(e stripeEvent) string { return e.ID }, out.note); err != nil {
		return out, err
	}
	out.sumMoney()
	var labels struct{ Data []label }
	if err := s.get(ctx, "/carrier/sandbox/labels", s.CarrierKey, &labels); err != nil {
		return out, err
	}
	out.byOrder = map[string][]label{}
	for _, l := range labels.Data {
		if !l.Booking.Return {
			out.byOrder[l.order()] = append(out.byOrder[l.order()], l)
		}
	}
	out.mails, err = s.listMails(ctx)
	return out, err
}

// listMails returns the mails of each order that the provider accepted.
func (s Sandbox) listMails(ctx context.Context) (map[string][]sentMail, error) {
	mails := map[string][]sentMail{}
	for read := 0; ; {
		var page struct {
			Data []struct {
				Tags map[string]string `json:"tags"`
			}
			Total int
		}
		if err := s.get(ctx, "/mail/messages.json?skip="+strconv.Itoa(read), "", &page); err != nil {
			return nil, err
		}
		for _, m := range page.Data {
			mails[m.Tags["order"]] = append(mails[m.Tags["order"]], sentMail{key: keyOf(m.Tags["message"]), template: m.Tags["milestone"]})
		}
		if read += len(page.Data); len(page.Data) == 0 || read >= page.Total {
			if read != page.Total {
				return nil, fmt.Errorf("audit: the mailbox lists %d of %d mails", read, page.Total)
			}
			return mails, nil
		}
	}
}

// eachListed calls do for all objects of one kind at Stripe, the latest first, of which
// it holds one page at a time.
func eachListed[T any](ctx context.Context, s Sandbox, kind string, id func(T) string, do func(T)) error {
	for after := ""; ; {
		q := url.Values{"limit": {"100"}}
		if after != "" {
			q.Set("starting_after", after)
		}
		var page struct {
			Data    []T  `json:"data"`
			HasMore bool `json:"has_more"`
		}
		if err := s.get(ctx, "/stripe/v1/"+kind+"?"+q.Encode(), s.StripeKey, &page); err != nil {
			return err
		}
		for _, v := range page.Data {
			do(v)
		}
		if !page.HasMore || len(page.Data) == 0 {
			return nil
		}
		after = id(page.Data[len(page.Data)-1])
	}
}

// withoutReleases removes the refunds that only release what a part capture, or the
// end of an authorization, left of it: that money was never taken.
func withoutReleases(all []refund, charges []charge) (kept []refund) {
	released := map[string]int64{}
	for _, c := range charges {
		released[c.ID] = c.Amount - c.AmountCaptured
	}
	for _, r := range all {
		if released[r.Charge] > 0 && r.Amount == released[r.Charge] && r.Metadata["key"] == "" {
			released[r.Charge] = 0
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

func (s Sandbox) get(ctx context.Context, path, key string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		return err
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("audit: GET %s: %s", path, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("audit: GET %s: %w", path, err)
	}
	return nil
}
