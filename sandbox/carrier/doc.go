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
// reference_in_use or not_voidable, 413 too_large, 422 address_undeliverable.
//
// POST /v1/labels books a parcel and returns its label, 201. The reference is
// chosen by the caller and makes the call idempotent: the same request with the
// same reference returns the same label, 200, even if it has been voided since;
// a different request with the same reference returns 409.
//
//	{"reference": "ord_…-1",
//	 "to": {"name", "line1", "line2", "city", "postal_code", "country"},
//	 "parcels": [{"contents": [{"sku", "description", "quantity"}]}]}
//
// GET /v1/labels?reference=… returns {"data": [label]}; the list is empty if no
// label has the reference.
//
// GET /v1/labels/{id} returns the label:
//
//	{"id": "lbl_…", "reference", "tracking", "carrier", "status", "created", "updated",
//	 "scans": [{"status", "at", "note"}], "request_hash"}
//
// The status is booked, in_transit, out_for_delivery, delivered, exception,
// returned or voided.
//
// POST /v1/labels/{id}/void cancels a label and may be repeated. It returns 409
// after the parcel was handed over.
//
// GET /v1/tracking/{number} returns the label by its tracking number.
//
// POST /sandbox/labels/{id}/advance is not part of a carrier's protocol: it gives
// a parcel (by label id or reference) a status, {"status": "exception", "note": "…"}.
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
// # Addresses that are refused
//
// Country XX and postal code 00000 are refused with 422, whatever the rest of
// the address.
package carrier
