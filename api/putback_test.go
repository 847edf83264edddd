package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"purser/catalog"
)

// TestPutBack (IDEM-1, IDEM-2): a product that was read can be sent back as it
// is, and what only the record knows neither refuses it nor makes it another
// change under its key.
func TestPutBack(t *testing.T) {
	t.Parallel()
	s, p := setUpProducts(t)
	at := "/v1/products/lamp%2F1"
	s.ask("PUT", at, operatorKey, lamp)
	shown := catalog.Picture{ID: "pic", Renditions: []catalog.Rendition{{Name: "thumbnail", Key: "pictures/pic/t", Type: "image/jpeg", Width: 1, Height: 1}}}
	if _, err := p.store.ChangeProduct(t.Context(), "lamp/1", []catalog.Change{{ID: "picture", Actor: "purser", AddPicture: &shown}}); err != nil {
		t.Fatal(err)
	}
	read := s.ask("GET", at, operatorKey, "")
	changed := strings.Replace(string(read.body), `"name":"Lamp"`, `"name":"Lantern"`, 1)
	if put := s.ask("PUT", at, operatorKey, changed, "Idempotency-Key", "k", "If-Match", `"2"`); put.status != http.StatusOK || !strings.Contains(string(put.body), "Lantern") || !strings.Contains(string(put.body), `"pic"`) {
		t.Fatalf("sent back: %d %s", put.status, put.body)
	}
	s.ask("PATCH", at, operatorKey, `{"onHand":77}`)
	again := s.ask("GET", at, operatorKey, "") // the answer was lost: read anew
	if put := s.ask("PUT", at, operatorKey, string(again.body), "Idempotency-Key", "k", "If-Match", `"2"`); put.status != http.StatusOK {
		t.Errorf("sent again: %d %s", put.status, put.body)
	}
	other := strings.Replace(string(again.body), "Lantern", "Torch", 1)
	if put := s.ask("PUT", at, operatorKey, other, "Idempotency-Key", "k", "If-Match", `"2"`); put.status != http.StatusUnprocessableEntity {
		t.Errorf("another change under the key: %d %s", put.status, put.body)
	}
	var now catalog.Stocked
	if err := json.Unmarshal(s.ask("GET", at, operatorKey, "").body, &now); err != nil || now.Name != "Lantern" || now.OnHand != 77 || len(now.Pictures) != 1 {
		t.Errorf("%+v, %v", now, err)
	}
}

// TestPutNew (IDEM-2): the stock of a product that is new is part of what is
// asked for.
func TestPutNew(t *testing.T) {
	t.Parallel()
	s, _ := setUpProducts(t)
	at := "/v1/products/lamp%2F1"
	if put := s.ask("PUT", at, operatorKey, lamp, "Idempotency-Key", "k"); put.status != http.StatusCreated {
		t.Fatalf("%d %s", put.status, put.body)
	}
	more := strings.Replace(lamp, `"onHand":5`, `"onHand":6`, 1)
	if put := s.ask("PUT", at, operatorKey, more, "Idempotency-Key", "k"); put.status != http.StatusUnprocessableEntity {
		t.Errorf("with another stock: %d %s", put.status, put.body)
	}
}
