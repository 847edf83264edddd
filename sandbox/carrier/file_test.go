package carrier

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

func fetch(s *Server, target, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", target, nil)
	r.Header.Set("Authorization", "Bearer k")
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// TestLabelFile checks both forms of a label's file. LABEL_FILE names a file to which the
// PDF is written, so that a person can look at it.
func TestLabelFile(t *testing.T) {
	s := build(t, "", 0)
	now := time.Now()
	s.cfg.Now, s.cfg.KeepFiles = func() time.Time { return now }, time.Hour
	body := strings.NewReplacer(`"A"`, `"Ada Łöwe ^XZ_"`, `"Mug"`, `"Becher, groß"`).Replace(goodBody)
	_, l := call(s, "POST", "/v1/labels", body)
	file := "/v1/labels/" + l["id"].(string) + "/file"
	pdf := fetch(s, file, "application/pdf")
	if b := pdf.Body.Bytes(); pdf.Code != 200 || pdf.Header().Get("Content-Type") != "application/pdf" || !bytes.HasPrefix(b, []byte("%PDF-")) || bytes.Count(b, []byte("/Type /Page\n")) != 1 {
		t.Errorf("pdf: %d %.200q", pdf.Code, b)
	}
	if path := os.Getenv("LABEL_FILE"); path != "" {
		if err := os.WriteFile(path, pdf.Body.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	zpl := fetch(s, file, "application/zpl").Body.String()
	for _, want := range []string{"^XA\n", "^FDAda _C5_81_C3_B6we _5EXZ_5F^FS", "^FD" + l["tracking"].(string) + "^FS", "10115 C", "1 _C3_97 Becher, gro_C3_9F (mug)"} {
		if !strings.Contains(zpl, want) {
			t.Errorf("no %q in %s", want, zpl)
		}
	}
	if n := strings.Count(zpl, "^XZ"); n != 1 || !strings.HasSuffix(zpl, "^XZ\n") {
		t.Errorf("%d ends in %s", n, zpl)
	}
	if got := fetch(s, file+"?format=zpl", "").Body.String(); got != zpl {
		t.Errorf("by its parameter: %s", got)
	}
	for target, want := range map[string]int{file + "?format=png": http.StatusBadRequest, "/v1/labels/lbl_x/file": http.StatusNotFound} {
		if got := fetch(s, target, ""); got.Code != want {
			t.Errorf("%s: %d, want %d", target, got.Code, want)
		}
	}
	now = now.Add(2 * time.Hour)
	if got := fetch(s, file, ""); got.Code != http.StatusNotFound {
		t.Errorf("after the carrier has deleted it: %d", got.Code)
	}
	now = now.Add(-2 * time.Hour)
	call(s, "POST", "/v1/labels/"+l["id"].(string)+"/void", "")
	if got := fetch(s, file, ""); got.Code != http.StatusConflict {
		t.Errorf("of a void label: %d", got.Code)
	}
}

// TestLabelCharacters draws the labels of shoppers whose names have characters that no font
// of the stand-in has.
func TestLabelCharacters(t *testing.T) {
	for _, name := range []string{"Ada 😀", "山田 太郎", "\U00010000", "Łukasz \U0001F1E9", strings.Repeat("W", 50)} {
		s := build(t, "", 0)
		code, l := call(s, "POST", "/v1/labels", strings.ReplaceAll(goodBody, `"A"`, strconv.Quote(name)))
		if code != http.StatusCreated {
			t.Fatalf("%s: %d %v", name, code, l)
		}
		got := fetch(s, "/v1/labels/"+l["id"].(string)+"/file", "application/pdf")
		if b := bytes.TrimSpace(got.Body.Bytes()); got.Code != 200 || !bytes.HasPrefix(b, []byte("%PDF-")) || !bytes.HasSuffix(b, []byte("%%EOF")) {
			t.Errorf("%s: %d %.100q", name, got.Code, b)
		}
	}
}
