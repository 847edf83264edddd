package porttest

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/activities/orders"
	"purser/order"
)

// CarrierBench is the carrier under test.
type CarrierBench struct {
	Carrier interface {
		orders.Carrier
		orders.LabelFiles
	}
	// Scan sets a parcel's status at the carrier.
	Scan func(t *testing.T, reference string, s order.ParcelStatus)
	// Counts returns how many labels were made under each reference.
	Counts func() map[string]int
	// FailNext makes the next call fail: with ErrUnknownOutcome after its
	// work was done, with ErrThrottled or ErrDenied before.
	FailNext func(t *testing.T, kind error)
}

// Carrier checks a Carrier. setup makes one without any parcels.
func Carrier(t *testing.T, setup func(t *testing.T) CarrierBench) {
	for name, check := range map[string]func(*testing.T, CarrierBench){
		"books and tracks":                   booksAndTracks,
		"SHP-1 one reference, one label":     oneReferenceOneLabel,
		"F69 repeated after a lost answer":   repeatedAfterALostAnswer,
		"F69 found after a lost answer":      foundAfterALostAnswer,
		"repeated by many at once":           repeatedByMany,
		"another parcel, same reference":     anotherParcelSameReference,
		"a bad address is rejected":          badAddress,
		"SHP-4 void":                         voids,
		"void after the hand-over":           voidAfterHandOver,
		"a voided parcel stays void":         voidedStaysVoid,
		"unknown parcels":                    unknownParcels,
		"errors say what they are":           carrierErrors,
		"parcels are moved by the carrier":   followsScans,
		"a lost void can simply be repeated": repeatedVoid,
		"SHP-5 the file of a label":          labelFiles,
		"REF-9 a label for the way back":     returnLabel,
		"SHP-9 SHP-10 an unfit parcel":       unfitParcel,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, setup(t))
		})
	}
}

// ParcelOf returns the request for the parcel of a new order.
func ParcelOf(id order.ID) order.ParcelRequest {
	return order.ParcelRequest{
		OrderID: id, Reference: string(id) + "-1",
		To:    order.Address{Name: "Ada Löwe", Line1: "Hauptstraße 1", City: "Köln", PostalCode: "50667", Country: "DE"},
		Lines: []order.Line{{SKU: "mug", Name: "Mug, \"blue\"", Quantity: 2, Price: 1250, Subtotal: 2500, Tax: &order.Tax{Amount: 417, Included: true}}},
	}
}

func book(t *testing.T, b CarrierBench, r order.ParcelRequest) order.Parcel {
	t.Helper()
	p, err := b.Carrier.BookParcel(t.Context(), r)
	if err != nil {
		t.Fatalf("book: %v", err)
	}
	return p
}

func wantStatus(t *testing.T, b CarrierBench, reference string, want order.ParcelStatus) {
	t.Helper()
	p, err := b.Carrier.TrackParcel(t.Context(), reference)
	if err != nil {
		t.Fatalf("track: %v", err)
	}
	if p.Status != want {
		t.Errorf("parcel is %s, want %s", p.Status, want)
	}
}

func wantMade(t *testing.T, b CarrierBench, reference string, want int) {
	t.Helper()
	if got := b.Counts()[reference]; got != want {
		t.Errorf("%d labels made under %s, want %d", got, reference, want)
	}
}

// wantKind checks that err is a *order.ProviderError of exactly this kind.
func wantKind(t *testing.T, err, want error) {
	t.Helper()
	var p *order.ProviderError
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want a *order.ProviderError", err)
	}
	if p.Kind != want {
		t.Errorf("got %v, want kind %v", err, want)
	}
	if p.Provider == "" || p.Op == "" {
		t.Errorf("the error names no provider or operation: %+v", p)
	}
}

func booksAndTracks(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	p := book(t, b, r)
	if p.Reference != r.Reference || p.LabelID == "" || p.Tracking == "" || p.Carrier == "" || p.Status != order.ParcelBooked {
		t.Errorf("booked %+v", p)
	}
	tracked, err := b.Carrier.TrackParcel(t.Context(), r.Reference)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, tracked); diff != "" {
		t.Error(diff)
	}
}

func oneReferenceOneLabel(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	if diff := cmp.Diff(book(t, b, r), book(t, b, r)); diff != "" {
		t.Error(diff)
	}
	wantMade(t, b, r.Reference, 1)
	other := ParcelOf(order.NewID())
	if book(t, b, other).LabelID == book(t, b, r).LabelID {
		t.Error("two orders share a label")
	}
}

// repeatedAfterALostAnswer (IDEM-5): the carrier has no idempotency keys; the
// parcel's reference takes their place.
func repeatedAfterALostAnswer(t *testing.T, b CarrierBench) {
	id := order.NewID()
	r := ParcelOf(id)
	b.FailNext(t, order.ErrUnknownOutcome)
	_, err := b.Carrier.BookParcel(t.Context(), r)
	wantKind(t, err, order.ErrUnknownOutcome)
	book(t, b, ParcelOf(id)) // decoded from the history once more
	wantMade(t, b, r.Reference, 1)
}

// foundAfterALostAnswer (SHP-4): a parcel whose booking had no response is found,
// and voided, by our reference alone.
func foundAfterALostAnswer(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	b.FailNext(t, order.ErrUnknownOutcome)
	_, err := b.Carrier.BookParcel(t.Context(), r)
	wantKind(t, err, order.ErrUnknownOutcome)
	found, err := b.Carrier.TrackParcel(t.Context(), r.Reference)
	if err != nil || found.Reference != r.Reference || found.LabelID == "" || found.Tracking == "" || found.Status != order.ParcelBooked {
		t.Errorf("found %+v, %v", found, err)
	}
	if err := b.Carrier.VoidParcel(t.Context(), r.Reference); err != nil {
		t.Errorf("void: %v", err)
	}
	found.Status = order.ParcelVoided
	if diff := cmp.Diff(found, book(t, b, r)); diff != "" {
		t.Errorf("booked again (-found +booked):\n%s", diff)
	}
	wantMade(t, b, r.Reference, 1)
}

func repeatedByMany(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	var labels sync.Map
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			p, err := b.Carrier.BookParcel(t.Context(), r)
			if err != nil {
				t.Error(err)
			}
			labels.Store(p.LabelID, true)
		})
	}
	wg.Wait()
	n := 0
	labels.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d labels, want 1", n)
	}
	wantMade(t, b, r.Reference, 1)
}

func anotherParcelSameReference(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	book(t, b, r)
	r.To.City = "Bonn"
	_, err := b.Carrier.BookParcel(t.Context(), r)
	wantKind(t, err, order.ErrState)
	wantMade(t, b, r.Reference, 1)
}

func badAddress(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	r.To.Country = "XX"
	_, err := b.Carrier.BookParcel(t.Context(), r)
	wantKind(t, err, order.ErrRejected)
	wantMade(t, b, r.Reference, 0)
}

// unfitParcel checks that a parcel is refused as unfit if it is too heavy, or leaves the
// customs area without what customs need, and that it is booked under the same reference
// when that is corrected.
func unfitParcel(t *testing.T, b CarrierBench) {
	with := func(change func(*order.ParcelRequest, *order.Goods)) order.ParcelRequest {
		r := ParcelOf(order.NewID())
		for i := range r.Lines {
			g := order.Goods{Weight: 100, Length: 300, Width: 200, Height: 100, HSCode: "691200", Origin: "PT"}
			change(&r, &g)
			r.Lines[i].Goods = &g
		}
		return r
	}
	abroad := func(r *order.ParcelRequest) {
		r.From, r.Currency = "DE", "EUR"
		r.To = order.Address{Name: "Ada", Line1: "1 Main St", City: "Springfield", PostalCode: "01101", Country: "US"}
	}
	for name, unfit := range map[string]order.ParcelRequest{
		"too heavy":    with(func(_ *order.ParcelRequest, g *order.Goods) { g.Weight = 40_000 }),
		"no HS code":   with(func(r *order.ParcelRequest, g *order.Goods) { abroad(r); g.HSCode = "" }),
		"no origin":    with(func(r *order.ParcelRequest, g *order.Goods) { abroad(r); g.Origin = "" }),
		"nothing said": with(func(r *order.ParcelRequest, g *order.Goods) { abroad(r); *g = order.Goods{} }),
	} {
		_, err := b.Carrier.BookParcel(t.Context(), unfit)
		if wantKind(t, err, order.ErrParcelUnfit); !errors.Is(err, order.ErrRejected) {
			t.Errorf("%s: %v", name, err)
		}
		wantMade(t, b, unfit.Reference, 0)
		fit := with(func(r *order.ParcelRequest, _ *order.Goods) {
			r.From, r.To, r.Currency = unfit.From, unfit.To, unfit.Currency
		})
		fit.OrderID, fit.Reference = unfit.OrderID, unfit.Reference
		book(t, b, fit)
	}
	book(t, b, with(func(r *order.ParcelRequest, g *order.Goods) { r.From, g.HSCode = "FR", "" })) // to Germany
}

func voids(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	if err := b.Carrier.VoidParcel(t.Context(), r.Reference); err != nil {
		t.Errorf("never booked: %v", err)
	}
	book(t, b, r)
	for range 2 {
		if err := b.Carrier.VoidParcel(t.Context(), r.Reference); err != nil {
			t.Errorf("void: %v", err)
		}
	}
	wantStatus(t, b, r.Reference, order.ParcelVoided)
}

// voidAfterHandOver: once the carrier has the parcel, its label is not voided, not
// even when it has come back.
func voidAfterHandOver(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	book(t, b, r)
	for _, s := range []order.ParcelStatus{order.ParcelInTransit, order.ParcelException, order.ParcelDelivered, order.ParcelReturned} {
		b.Scan(t, r.Reference, s)
		for range 2 {
			wantKind(t, b.Carrier.VoidParcel(t.Context(), r.Reference), order.ErrState)
		}
		wantStatus(t, b, r.Reference, s)
	}
}

func voidedStaysVoid(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	book(t, b, r)
	if err := b.Carrier.VoidParcel(t.Context(), r.Reference); err != nil {
		t.Fatal(err)
	}
	if p := book(t, b, r); p.Status != order.ParcelVoided {
		t.Errorf("booked again it is %s, want voided", p.Status)
	}
	wantMade(t, b, r.Reference, 1)
}

func unknownParcels(t *testing.T, b CarrierBench) {
	for _, reference := range []string{"no-such-1", "", "a b&c=/?#%", string(order.NewID()) + "-1"} {
		_, err := b.Carrier.TrackParcel(t.Context(), reference)
		wantKind(t, err, order.ErrNoSuch)
	}
}

func carrierErrors(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	for _, kind := range []error{order.ErrThrottled, order.ErrDenied} {
		b.FailNext(t, kind)
		_, err := b.Carrier.BookParcel(t.Context(), r)
		wantKind(t, err, kind)
		wantMade(t, b, r.Reference, 0)
	}
	book(t, b, r)
}

func followsScans(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	book(t, b, r)
	for _, s := range []order.ParcelStatus{
		order.ParcelInTransit, order.ParcelException, order.ParcelOutForDelivery, order.ParcelDelivered, order.ParcelReturned,
	} {
		b.Scan(t, r.Reference, s)
		wantStatus(t, b, r.Reference, s)
	}
}

func repeatedVoid(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	book(t, b, r)
	b.FailNext(t, order.ErrUnknownOutcome)
	wantKind(t, b.Carrier.VoidParcel(t.Context(), r.Reference), order.ErrUnknownOutcome)
	if err := b.Carrier.VoidParcel(t.Context(), r.Reference); err != nil {
		t.Errorf("again: %v", err)
	}
	wantStatus(t, b, r.Reference, order.ParcelVoided)
}

// labelFiles (SHP-5): the file of a label is the same as often as it is fetched, and a
// label that is void or unknown has no file.
func labelFiles(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	p := book(t, b, r)
	for _, f := range []order.LabelFormat{order.LabelPDF, order.LabelZPL} {
		var files [2][]byte
		for i := range files {
			var err error
			if files[i], err = b.Carrier.LabelFile(t.Context(), p.LabelID, f); err != nil || f.Check(files[i]) != nil {
				t.Fatalf("%s: %v, %v", f, err, f.Check(files[i]))
			}
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%s: two files of one label differ", f)
		}
	}
	b.FailNext(t, order.ErrThrottled)
	_, err := b.Carrier.LabelFile(t.Context(), p.LabelID, order.LabelPDF)
	wantKind(t, err, order.ErrThrottled)
	for _, id := range []string{"lbl_unknown", "../../sandbox", "a b?c"} {
		_, err := b.Carrier.LabelFile(t.Context(), id, order.LabelPDF)
		wantKind(t, err, order.ErrNoSuch)
	}
	if err := b.Carrier.VoidParcel(t.Context(), r.Reference); err != nil {
		t.Fatal(err)
	}
	_, err = b.Carrier.LabelFile(t.Context(), p.LabelID, order.LabelPDF)
	wantKind(t, err, order.ErrState)
}

// returnLabel (REF-9): the label of the way back is made once, is a file, can be voided, and is
// another label than one of the way there.
func returnLabel(t *testing.T, b CarrierBench) {
	r := ParcelOf(order.NewID())
	r.Reference, r.Return = string(r.OrderID)+"-back-0123456789abcdef", true
	b.FailNext(t, order.ErrUnknownOutcome)
	_, err := b.Carrier.BookParcel(t.Context(), r)
	wantKind(t, err, order.ErrUnknownOutcome)
	p := book(t, b, r)
	wantMade(t, b, r.Reference, 1)
	if file, err := b.Carrier.LabelFile(t.Context(), p.LabelID, order.LabelPDF); err != nil || order.LabelPDF.Check(file) != nil {
		t.Errorf("the file is %d bytes, %v", len(file), err)
	}
	there := r
	there.Return = false
	_, err = b.Carrier.BookParcel(t.Context(), there)
	wantKind(t, err, order.ErrState)
	if err := b.Carrier.VoidParcel(t.Context(), r.Reference); err != nil {
		t.Error(err)
	}
	wantStatus(t, b, r.Reference, order.ParcelVoided)
	_, err = b.Carrier.LabelFile(t.Context(), p.LabelID, order.LabelPDF)
	wantKind(t, err, order.ErrState)
}
