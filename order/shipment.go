package order

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"
)

// Shipment is one parcel of an order.
type Shipment struct {
	Number    int            `json:"number"`            // 1, 2 … within the order
	Lines     []LineQuantity `json:"lines"`             // what is in it
	Reference string         `json:"reference"`         // ours, the same at every attempt to book it
	LabelID   string         `json:"labelId,omitempty"` // the carrier's; empty until it is booked
	Tracking  string         `json:"tracking,omitempty"`
	Carrier   string         `json:"carrier,omitempty"`
	Status    ParcelStatus   `json:"status,omitempty"`
	// Replaced marks a parcel instead of which another one was booked.
	Replaced bool `json:"replaced,omitempty"`
	// Replaces is the reference of the parcel instead of which this one is booked.
	Replaces string `json:"replaces,omitempty"`
	// To is where a parcel was to go that was replaced because the order's address was
	// changed; nil: to the order's address.
	To *Address `json:"to,omitempty"`
	// Kept marks a returned parcel about which a person has decided that the order
	// ends with it.
	Kept bool `json:"kept,omitempty"`
	// MovedAt is when the carrier last reported a change.
	MovedAt time.Time `json:"movedAt,omitzero"`
	// OverdueAt is when an operator is told that the parcel does not move; zero if
	// nobody is.
	OverdueAt time.Time `json:"overdueAt,omitzero"`
	// Missing says that the carrier did not know the parcel when it was last asked.
	Missing bool `json:"missing,omitempty"`
	// Key is the caller's id of a parcel that a person has made, and Asked the hash of the
	// request; both are empty for a parcel that Purser has planned.
	Key   string `json:"id,omitempty"`
	Asked string `json:"asked,omitempty"`
	// Refusal is why the carrier did not accept a parcel that a person has made: its goods
	// go into another one.
	Refusal string `json:"refusal,omitempty"`
	// VoidBy is who has asked for the label to be voided, so that the goods can go into
	// another parcel.
	VoidBy string `json:"voidBy,omitempty"`
	// Method is how the goods reach the shopper, and Link where the shopper can follow a
	// parcel that is sent without the carrier's API.
	Method ShipmentMethod `json:"method,omitempty"`
	Link   string         `json:"link,omitempty"`
	// Delivered are the links and instructions that the shopper got for goods that need no
	// parcel.
	Delivered []DigitalDelivery `json:"delivered,omitempty"`
}

// ShipmentMethod is how goods reach the shopper.
type ShipmentMethod string

// The methods.
const (
	ByCarrier ShipmentMethod = ""       // with a label that Purser books
	ByHand    ShipmentMethod = "own"    // without the carrier's API: a person says where the parcel is
	ByPickup  ShipmentMethod = "pickup" // the shopper collects them
	NoParcel  ShipmentMethod = "none"   // they need no parcel: they count as delivered when they are paid
)

// Booked reports whether the parcel is the one that its goods go out in: it needs no
// booking any more.
func (s Shipment) Booked() bool {
	return s.LabelID != "" || s.Method != ByCarrier && s.Status != "" && s.Status != ParcelUnknown
}

// Goods is what the sending of a product depends on. The zero value is goods that need a
// parcel, and of which nothing is known.
type Goods struct {
	Shipping ShippingNeed `json:"shipping,omitempty" enum:"none" doc:"none: it needs no parcel, such as a download or a service. Missing: it needs one"`
	// Weight is in grams, and the sides are in millimetres, of one piece as it is packed;
	// 0: not known.
	Weight int64 `json:"weight,omitempty" minimum:"1" maximum:"1000000" doc:"The weight of a piece as it is packed, in grams. Missing: not known"`
	Length int64 `json:"length,omitempty" minimum:"1" maximum:"20000" doc:"The longest side of a piece as it is packed, in millimetres. Missing: the size is not known"`
	Width  int64 `json:"width,omitempty" minimum:"1" maximum:"20000" doc:"In millimetres"`
	Height int64 `json:"height,omitempty" minimum:"1" maximum:"20000" doc:"In millimetres"`
	// HSCode, Origin and the rest are for customs.
	HSCode string `json:"hsCode,omitempty" doc:"The code of the Harmonized System, of 6 to 10 digits, such as 691200"`
	Origin string `json:"origin,omitempty" doc:"The country in which it was made, ISO 3166-1 alpha-2, such as DE"`
	// CustomsValue is in minor units of CustomsCurrency; 0: the price in the order.
	CustomsValue       int64  `json:"customsValue,omitempty" minimum:"1" maximum:"999999999999" doc:"The value of a piece for customs, in minor units of customsCurrency. Missing: its price in the order"`
	CustomsCurrency    string `json:"customsCurrency,omitempty" doc:"ISO 4217, upper case; together with customsValue"`
	CustomsDescription string `json:"customsDescription,omitempty" doc:"What customs is told that it is, at most 100 characters. Missing: the product's name"`
}

// The limits of what is known of goods.
const (
	maxGrams       = 1_000_000
	maxMillimetres = 20_000
	maxCustomsText = 100
)

// ShippingNeed says whether goods need a parcel.
type ShippingNeed string

// The needs.
const (
	ShippingParcel ShippingNeed = ""
	ShippingNone   ShippingNeed = "none" // such as a download or a service
)

// Known returns the goods, or nil for those that need a parcel and of which nothing is
// known.
func (g Goods) Known() *Goods {
	if g == (Goods{}) {
		return nil
	}
	return &g
}

// Check calls fault for each field that is wrong.
func (g Goods) Check(fault func(field, message string)) {
	if g.Shipping != ShippingParcel && g.Shipping != ShippingNone {
		fault("shipping", fmt.Sprintf("want none, or nothing for goods that need a parcel, got %.20q", g.Shipping))
	}
	if g.Weight < 0 || g.Weight > maxGrams {
		fault("weight", fmt.Sprintf("want 1 to %d grams, or nothing if it is not known, got %d", maxGrams, g.Weight))
	}
	sides := 0
	for _, s := range []struct {
		field string
		n     int64
	}{{"length", g.Length}, {"width", g.Width}, {"height", g.Height}} {
		if s.n < 0 || s.n > maxMillimetres {
			fault(s.field, fmt.Sprintf("want 1 to %d millimetres, or nothing if it is not known, got %d", maxMillimetres, s.n))
		}
		if s.n != 0 {
			sides++
		}
	}
	if sides != 0 && sides != 3 {
		fault("length", "want length, width and height, or none of them")
	}
	g.checkCustoms(fault)
}

var hsCode = regexp.MustCompile(`^[0-9]{6,10}$`)

func (g Goods) checkCustoms(fault func(field, message string)) {
	if g.HSCode != "" && !hsCode.MatchString(g.HSCode) {
		fault("hsCode", fmt.Sprintf("want 6 to 10 digits, such as 691200, got %.20q", g.HSCode))
	}
	if g.Origin != "" && checkCountry("origin", g.Origin) != nil {
		fault("origin", fmt.Sprintf("want a country of ISO 3166-1 alpha-2, such as DE, got %.10q", g.Origin))
	}
	switch _, err := Exponent(g.CustomsCurrency); {
	case g.CustomsValue == 0 && g.CustomsCurrency == "":
	case g.CustomsCurrency == "" || err != nil:
		fault("customsCurrency", fmt.Sprintf("want the currency of customsValue, ISO 4217 in upper case, got %.10q", g.CustomsCurrency))
	case g.CustomsValue < 1 || g.CustomsValue > Maximum(g.CustomsCurrency).Amount:
		fault("customsValue", fmt.Sprintf("want 1 to %d minor units, got %d", Maximum(g.CustomsCurrency).Amount, g.CustomsValue))
	}
	if err := CheckText("customsDescription", g.CustomsDescription, false, maxCustomsText); err != nil {
		fault("customsDescription", fmt.Sprintf("want at most %d characters of text on one line", maxCustomsText))
	}
}

// Weight returns the weight of goods in grams; 0 if that of one of them is not known.
func Weight(lines []Line) (sum int64) {
	for _, l := range lines {
		if l.Goods == nil || l.Goods.Weight == 0 {
			return 0
		}
		sum += l.Quantity * l.Goods.Weight
	}
	return sum
}

// ProductGoods is what the catalogue has about the sending of a product.
type ProductGoods struct {
	Goods
	// Delivery is the link or the instructions for a product that needs no parcel.
	Delivery string `json:"delivery,omitempty"`
}

// DigitalDelivery is the link or the instructions with which the shopper gets a product that
// needs no parcel.
type DigitalDelivery struct {
	SKU  string `json:"sku"`
	Name string `json:"name"`
	Text string `json:"text"` // may have several lines
}

// LineQuantity is a quantity of one product of an order.
type LineQuantity struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// MaxParcels is how many parcels of an order there can be when a person makes another,
// those included that were voided or refused.
const MaxParcels = 200

// ParcelPlan asks for a parcel with goods of an order.
type ParcelPlan struct {
	ID    string         `json:"id"`              // the caller's; a repeated plan makes one parcel
	Lines []LineQuantity `json:"lines,omitempty"` // empty: all goods that are in no parcel
	// Method is how it reaches the shopper; Carrier, Tracking and Link are for ByHand.
	Method   ShipmentMethod `json:"method,omitempty"`
	Carrier  string         `json:"carrier,omitempty"`
	Tracking string         `json:"tracking,omitempty"`
	Link     string         `json:"link,omitempty"`
}

// validateMethod checks how the parcel reaches the shopper.
func (p ParcelPlan) validateMethod() error {
	own := p.Method == ByHand
	switch {
	case p.Method != ByCarrier && p.Method != ByHand && p.Method != ByPickup:
		return fmt.Errorf("%w: method: want own or pickup, or nothing for a label that Purser books", ErrInvalid)
	case !own && (p.Carrier != "" || p.Tracking != "" || p.Link != ""):
		return fmt.Errorf("%w: method: a carrier, a tracking number and a link are for own", ErrInvalid)
	case !own:
		return nil
	}
	if err := CheckText("carrier", p.Carrier, true, 50); err != nil {
		return err
	}
	if err := CheckText("tracking", p.Tracking, true, 64); err != nil {
		return err
	}
	u, err := url.Parse(p.Link)
	if p.Link != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(p.Link) > 500) {
		return fmt.Errorf("%w: link: want an address such as https://…, of at most 500 characters", ErrInvalid)
	}
	return CheckText("link", p.Link, false, 500)
}

// Validate checks everything that can be checked without the order. It fails with
// ErrInvalid.
func (p ParcelPlan) Validate() error {
	switch {
	case !refundID.MatchString(p.ID):
		return fmt.Errorf("%w: id: want 1 to 64 letters, digits, hyphens and underscores", ErrInvalid)
	case len(p.Lines) > MaxLines:
		return fmt.Errorf("%w: lines: want at most %d, got %d", ErrInvalid, MaxLines, len(p.Lines))
	}
	for i, l := range p.Lines {
		switch {
		case l.Quantity < 1:
			return fmt.Errorf("%w: lines[%d].quantity: %d is not above zero", ErrInvalid, i, l.Quantity)
		case slices.ContainsFunc(p.Lines[:i], func(m LineQuantity) bool { return m.SKU == l.SKU }):
			return fmt.Errorf("%w: lines[%d].sku: %q appears twice; add up the quantities", ErrInvalid, i, l.SKU)
		}
	}
	return p.validateMethod()
}

// Hash returns the fingerprint of a plan. Equal plans have equal hashes.
//
//workflowcheck:ignore
func (p ParcelPlan) Hash() string {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and integers only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// The errors of parcels and their labels.
var (
	// ErrNoParcel means that the order has no parcel with the number.
	ErrNoParcel = errors.New("the order has no such parcel")
	// ErrNotSendable means that goods cannot go into the parcel.
	ErrNotSendable = errors.New("the goods cannot go into this parcel")
	// ErrNoLabel means that there is no label to print.
	ErrNoLabel = errors.New("there is no label to print")
	// ErrLabelFile means that what the carrier sent is not the file of a label.
	ErrLabelFile = errors.New("the carrier's file is not a label")
)

// Parcel returns the parcel with a number, if its label can be printed. Otherwise it
// fails with ErrNoParcel or ErrNoLabel.
func (o Order) Parcel(number int) (Shipment, error) {
	i := slices.IndexFunc(o.Shipments, func(s Shipment) bool { return s.Number == number })
	switch {
	case i < 0:
		return Shipment{}, &Refusal{ErrNoParcel, fmt.Sprintf("the order has %d parcels, and none with number %d", len(o.Shipments), number)}
	case o.Shipments[i].Status == ParcelVoided:
		return Shipment{}, &Refusal{ErrNoLabel, fmt.Sprintf("the label of parcel %d is void", number)}
	case o.Shipments[i].Method != ByCarrier:
		return Shipment{}, &Refusal{ErrNoLabel, fmt.Sprintf("parcel %d goes out without a label of the carrier's", number)}
	case o.Shipments[i].VoidBy != "":
		return Shipment{}, &Refusal{ErrNoLabel, fmt.Sprintf("the label of parcel %d is being voided", number)}
	case o.Shipments[i].LabelID == "":
		return Shipment{}, &Refusal{ErrNoLabel, fmt.Sprintf("parcel %d is not booked", number)}
	}
	return o.Shipments[i], nil
}

// LabelFormat is the form of a label's file.
type LabelFormat string

// The forms of a label's file.
const (
	LabelPDF LabelFormat = "pdf"
	LabelZPL LabelFormat = "zpl" // for label printers
)

// MaxLabelBytes is how large the file of a label may be.
const MaxLabelBytes = 2 << 20

// MediaType returns the media type of the format.
func (f LabelFormat) MediaType() string {
	if f == LabelZPL {
		return "application/zpl"
	}
	return "application/pdf"
}

// Check fails with ErrLabelFile if a file is too large, or not a whole file of the
// format.
func (f LabelFormat) Check(file []byte) error {
	begin, end := "%PDF-", "%%EOF"
	if f == LabelZPL {
		begin, end = "^XA", "^XZ"
	}
	trimmed := bytes.TrimSpace(file)
	switch {
	case len(file) > MaxLabelBytes:
		return fmt.Errorf("%w: it is larger than %d bytes", ErrLabelFile, MaxLabelBytes)
	case !bytes.HasPrefix(trimmed, []byte(begin)) || !bytes.HasSuffix(trimmed, []byte(end)):
		return fmt.Errorf("%w: it is not a whole file of the format %s", ErrLabelFile, f)
	}
	return nil
}

// ReturnLabel is the label that the carrier makes for the way back of a return's goods.
type ReturnLabel struct {
	Reference string            `json:"reference"` // ours, the same at every attempt to make it
	Status    ReturnLabelStatus `json:"status"`
	LabelID   string            `json:"labelId,omitempty"` // the carrier's; empty until it is made
	Tracking  string            `json:"tracking,omitempty"`
	Carrier   string            `json:"carrier,omitempty"`
}

// ReturnLabelStatus is how far the label of a return has come.
type ReturnLabelStatus string

// The statuses of a return's label.
const (
	ReturnLabelAsked ReturnLabelStatus = "asked" // perhaps made
	ReturnLabelMade  ReturnLabelStatus = "made"  // the shop has its file
	ReturnLabelVoid  ReturnLabelStatus = "void"
	// ReturnLabelLeft says that nothing more is done about it: the carrier has the parcel,
	// or a person has dealt with it.
	ReturnLabelLeft ReturnLabelStatus = "left"
)

// NewReturnLabel returns the label that is to be made for a return of an order.
func (o Order) NewReturnLabel(back Return) ReturnLabel {
	sum := sha256.Sum256([]byte(back.ID)) // a carrier's reference is short
	return ReturnLabel{Reference: string(o.ID) + "-back-" + hex.EncodeToString(sum[:8]), Status: ReturnLabelAsked}
}

// LabelOfReturn returns the label of a return, if it can be printed. Otherwise it fails with
// ErrNoReturn or ErrNoLabel.
func (o Order) LabelOfReturn(id string) (ReturnLabel, error) {
	back := o.ReturnByID(id)
	if back == nil {
		return ReturnLabel{}, &Refusal{ErrNoReturn, fmt.Sprintf("the order has no return %.64q", id)}
	}
	why := ""
	switch l := back.Label; {
	case l.Status == "":
		why = "no label was asked for when the return %s was approved"
	case l.Status == ReturnLabelVoid:
		why = "the label of the return %s is void"
	case l.LabelID == "":
		why = "the carrier has not made the label of the return %s"
	default:
		return l, nil
	}
	return ReturnLabel{}, &Refusal{ErrNoLabel, fmt.Sprintf(why, back.ID)}
}

// LabelFileName returns the name of the file of a return's label.
func LabelFileName(returnID string, f LabelFormat) string {
	return "return-" + returnID + "." + string(f)
}
