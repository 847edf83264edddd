package products_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/catalog"
)

// TestPutAsRead proves IDEM-1 and IDEM-2: a product can be sent back as it was
// read. The fields that only the record sets neither make the request invalid
// nor make it another request under its key.
func TestPutAsRead(t *testing.T) {
	t.Parallel()
	s, p := apitest.NewProducts(t)
	at := "/v1/products/lamp%2F1"
	s.Ask("PUT", at, apitest.OperatorKey, lamp)
	shown := catalog.Image{ID: "pic", Renditions: []catalog.Rendition{{Name: "thumbnail", Key: "images/pic/t", Type: "image/jpeg", Width: 1, Height: 1}}}
	if _, err := p.Store.ChangeProduct(t.Context(), "lamp/1", []catalog.Change{{ID: "image", Actor: "purser", AddImage: &shown}}); err != nil {
		t.Fatal(err)
	}
	read := s.Ask("GET", at, apitest.OperatorKey, "")
	changed := strings.Replace(string(read.Body), `"name":"Lamp"`, `"name":"Lantern"`, 1)
	if put := s.Ask("PUT", at, apitest.OperatorKey, changed, "Idempotency-Key", "k", "If-Match", `"2"`); put.Status != http.StatusOK || !strings.Contains(string(put.Body), "Lantern") || !strings.Contains(string(put.Body), `"pic"`) {
		t.Fatalf("sent back: %d %s", put.Status, put.Body)
	}
	s.Ask("PATCH", at, apitest.OperatorKey, `{"onHand":77}`)
	again := s.Ask("GET", at, apitest.OperatorKey, "") // the response was lost: read it again
	if put := s.Ask("PUT", at, apitest.OperatorKey, string(again.Body), "Idempotency-Key", "k", "If-Match", `"2"`); put.Status != http.StatusOK {
		t.Errorf("sent again: %d %s", put.Status, put.Body)
	}
	other := strings.Replace(string(again.Body), "Lantern", "Torch", 1)
	if put := s.Ask("PUT", at, apitest.OperatorKey, other, "Idempotency-Key", "k", "If-Match", `"2"`); put.Status != http.StatusUnprocessableEntity {
		t.Errorf("another change under the key: %d %s", put.Status, put.Body)
	}
	var now catalog.Stocked
	if err := json.Unmarshal(s.Ask("GET", at, apitest.OperatorKey, "").Body, &now); err != nil || now.Name != "Lantern" || now.OnHand != 77 || len(now.Images) != 1 {
		t.Errorf("%+v, %v", now, err)
	}
}

// TestPutNew proves IDEM-2: the stock of a new product is part of the request.
func TestPutNew(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	at := "/v1/products/lamp%2F1"
	if put := s.Ask("PUT", at, apitest.OperatorKey, lamp, "Idempotency-Key", "k"); put.Status != http.StatusCreated {
		t.Fatalf("%d %s", put.Status, put.Body)
	}
	more := strings.Replace(lamp, `"onHand":5`, `"onHand":6`, 1)
	if put := s.Ask("PUT", at, apitest.OperatorKey, more, "Idempotency-Key", "k"); put.Status != http.StatusUnprocessableEntity {
		t.Errorf("with another stock: %d %s", put.Status, put.Body)
	}
}
