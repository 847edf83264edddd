// Package carrier is a small parcel carrier to develop and test against. It
// keeps its labels in a journal, moves parcels along by itself and reports each
// scan by a signed webhook.
//
// # Protocol
//
// Requests carry "Authorization: Bearer <key>"; bodies are JSON. An error is
//
//	{"error": {"code": "address_undeliverable", "message": "…", "field": "to.country"}}
//
// with 400 invalid_request, 401 unauthorized, 404 not_found, 409
// reference_in_use, not_voidable or voided, 413 too_large, 422 address_undeliverable,
// address_incomplete, address_too_long, parcel_too_heavy, parcel_too_large or
// customs_incomplete. The field is the one that is wrong.
//
// POST /v1/labels books a parcel and returns its label, 201. The reference is
// chosen by the caller and makes the call idempotent: the same request with the
// same reference returns the same label, 200, even if it has been voided since;
// a different request with the same reference returns 409.
//
//	{"reference": "ord_…-1", "from": "DE", "return": false,
//	 "to": {"name", "line1", "line2", "city", "postal_code", "country"},
//	 "parcels": [{"weight_g", "contents": [{"sku", "description", "quantity",
//	   "weight_g", "length_mm", "width_mm", "height_mm",
//	   "hs_code", "origin", "value", "currency"}]}]}
//
// From is the country that it is sent from. Weights are in grams and sides in millimetres;
// those of contents, and the value in minor units, are of one piece. All of these may be
// left out, but for what customs need: if from and to.country are neither the same nor both
// in the customs area of the European Union, hs_code, origin, value and currency are
// required of all contents. With return, the parcel goes the other way: from the address to
// the account's own. It is not scanned before it is handed in, which is when advance says so.
//
// GET /v1/labels?reference=… returns {"data": [label]}; the list is empty if no
// label has the reference. It has several if one could not be found yet when the next
// was booked under the same reference, as the fault late has it.
//
// GET /v1/labels/{id} returns the label:
//
//	{"id": "lbl_…", "reference", "tracking", "carrier", "status", "created", "updated",
//	 "scans": [{"status", "at", "note"}], "request_hash", "booking"}
//
// The status is booked, in_transit, out_for_delivery, delivered, exception,
// returned or voided.
//
// GET /v1/labels/{id}/file?format=pdf returns the file to print: a PDF of 100 by 150
// mm or, with format=zpl, the commands of a label printer. Without a format, the header
// Accept decides, application/pdf or application/zpl; the default is a PDF. It returns 409
// for a label that is void, and 404 when the carrier has deleted the file.
//
// POST /v1/labels/{id}/void cancels a label and may be repeated. It returns 409
// after the parcel was handed over.
//
// GET /v1/tracking/{number} returns the label by its tracking number.
//
// POST /sandbox/labels/{id}/advance is not part of a carrier's protocol: it gives
// a parcel (by label id or reference) a status, {"status": "exception", "note": "…"}.
// Neither is GET /sandbox/labels, which returns every label, {"data": [label]}.
//
// # Webhooks
//
// Each scan and each void is one event, sent until the receiver responds with
// 2xx:
//
//	{"id": "evt_…", "type": "parcel.in_transit", "created": "2026-01-02T15:04:05Z",
//	 "data": {"label_id", "reference", "tracking", "status", "note"}}
//
// Its signature is the header
//
//	Carrier-Signature: t=1767366245,v1=<hex of HMAC-SHA256(secret, t + "." + body)>
//
// # Limits
//
// A body has at most 1 MiB and no unknown members. All texts are one line of
// printable characters, with no other space than the ASCII one:
//
//	reference               1 to 64 characters of ASCII, without spaces
//	to.name                 1 to 50 characters
//	to.line1                1 to 60
//	to.line2                at most 60
//	to.city                 1 to 50; may be left out in GI, MC, SG and VA
//	to.postal_code          at most 12, letters, digits, spaces and hyphens
//	to.country              two letters, see below
//	parcels                 1 to 20
//	contents of a parcel    1 to 100
//	sku                     1 to 64 characters
//	description             1 to 256; customs want it
//	quantity                1 to 10,000
//	weight_g of a parcel    at most 31,500, and not less than that of its contents
//	length_mm and so on     at most 1,200; all three or none
//	hs_code                 6 to 10 digits
//	origin                  a country
//	currency                three capital letters
//
// An address that lacks something is refused with 422 address_incomplete, one
// that does not fit on a label with 422 address_too_long, and one that nobody can
// deliver to with 422 address_undeliverable.
//
// # Countries
//
// A country is a code of ISO 3166-1 alpha-2 in force, in upper case, or XK. Codes
// of other lists, such as UK, EL or EU, and codes that were withdrawn, such as AN,
// YU or SU, are refused like XX and ZZ. The carrier does not serve AQ, BV, GS, HM,
// KP, TF and UM.
//
// # Postal codes
//
// The postal code is required, and must have the country's form, in
//
//	AD AT AU AX BE BG BR CA CH CN CY CZ DE DK EE ES FI FO FR GB GG GL GR HR HU ID
//	IL IM IN IS IT JE JP KR LI LT LU LV MC MT MX MY NL NO NZ PH PL PR PT RO RS RU
//	SE SG SI SK SM TH TR TW UA US VA XK ZA
//
// Elsewhere it may be left out. Spaces, hyphens and the case of letters do not
// matter, nor does a prefix such as D- before a code that is a number. 00000 is
// refused everywhere.
package carrier
