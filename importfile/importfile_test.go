package importfile_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/catalog"
	"purser/importfile"
	"purser/order"
	"purser/text"
)

// read returns the rows of a file, and its errors as "line field: message".
func read(t *testing.T, kind catalog.ImportKind, text string) (rows []catalog.LinedRow, faults []string) {
	t.Helper()
	h, err := importfile.Sniff(kind, []byte(text[:min(len(text), importfile.MaxRow)]))
	if err != nil {
		t.Fatal(err)
	}
	return readWith(t, h, text)
}

// readWith is read with a header that is known.
func readWith(t *testing.T, h importfile.Header, text string) (rows []catalog.LinedRow, faults []string) {
	t.Helper()
	r := h.Read(strings.NewReader(text[h.Start.Byte:]), h.Start)
	for {
		row, line, wrong, err := r.Next()
		if errors.Is(err, io.EOF) {
			if at := r.At().Byte; at != int64(len(text)) {
				t.Errorf("read to byte %d of %d", at, len(text))
			}
			return rows, faults
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range wrong {
			faults = append(faults, fmt.Sprintf("%d %s", line, f))
		}
		if len(wrong) == 0 {
			rows = append(rows, catalog.LinedRow{Line: line, Row: row})
		}
	}
}

func TestSniff(t *testing.T) {
	for name, c := range map[string]struct {
		kind catalog.ImportKind
		text string
		want string // part of the error; "" for none
	}{
		"plain":                 {catalog.ImportProducts, "sku,name,price,currency\n", ""},
		"semicolons":            {catalog.ImportProducts, "sku;name;price\n", ""},
		"tabs":                  {catalog.ImportStock, "sku\tonHand\n", ""},
		"any case, quoted, BOM": {catalog.ImportStock, "\xef\xbb\xbf\"SKU\", onhand\r\n", ""},
		"no line at all":        {catalog.ImportStock, "sku,onHand", ""},
		"JSON lines":            {catalog.ImportProducts, "\n {\"sku\":\"a\"}\n", ""},
		"empty":                 {catalog.ImportProducts, " \n\n", "empty"},
		"no header":             {catalog.ImportProducts, "mug,Mug,1450,EUR\n", `"mug" is not one of`},
		"unknown column":        {catalog.ImportProducts, "sku,colour\n", "colour"},
		"no sku":                {catalog.ImportProducts, "name,price\n", "sku is missing"},
		"stock without stock":   {catalog.ImportStock, "sku\n", "onHand is missing"},
		"prices with a name":    {catalog.ImportPrices, "sku,price,currency,name\n", "name"},
		"twice":                 {catalog.ImportProducts, "sku,name,NAME\n", "name appears twice"},
		"an array":              {catalog.ImportProducts, "[{\"sku\":\"a\"}]", "JSON lines"},
		"UTF-16":                {catalog.ImportProducts, "\xff\xfes\x00k\x00u\x00", "UTF-8"},
		"a spreadsheet":         {catalog.ImportProducts, "PK\x03\x04rest", "CSV"},
		"compressed":            {catalog.ImportProducts, "\x1f\x8b\x08", "uncompressed"},
		"broken UTF-8":          {catalog.ImportProducts, "sku,n\xffme\n", "UTF-8"},
		"UTF-16, unmarked":      {catalog.ImportProducts, "n\x00a\x00m\x00e\x00", "UTF-16"},
		"UTF-16, big end first": {catalog.ImportProducts, "\x00s\x00k\x00u", "UTF-16"},
		"UTF-32":                {catalog.ImportProducts, "\x00\x00\xfe\xff\x00\x00\x00s", "UTF-32"},
		"Windows-1252":          {catalog.ImportProducts, "sku,pr\xe9nom\n", "save the file as CSV in UTF-8"},
		"an old spreadsheet":    {catalog.ImportProducts, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a spreadsheet"},
		"a page called .xls":    {catalog.ImportProducts, "\xef\xbb\xbf\r\n<html><table>", "a web page"},
		"XML":                   {catalog.ImportProducts, `<?xml version="1.0"?>`, "XML"},
		"a PDF":                 {catalog.ImportProducts, "%PDF-1.7\n", "a PDF"},
		"compressed by zstd":    {catalog.ImportProducts, "\x28\xb5\x2f\xfd\x00", "uncompressed"},
		"one endless line":      {catalog.ImportProducts, strings.Repeat("x", importfile.MaxRow), "first line"},
		"another kind":          {"people", "sku\n", "people"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := importfile.Sniff(c.kind, []byte(c.text))
			if c.want == "" && err != nil {
				t.Error(err)
			}
			if c.want != "" && (!errors.Is(err, importfile.ErrFile) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestRows(t *testing.T) {
	text := "\xef\xbb\xbfsku;name;description;tags;options;price;currency;onHand;rating;inactive\r\n" +
		"mug;\"Mug; \"\"blue\"\"\";\"two\nlines\";enamel|camping;colour=blue|size=M;1450;EUR;10;450;\r\n" +
		"\r\n" +
		"tea;Tea;;;;890;EUR;;;true"
	rows, faults := read(t, catalog.ImportProducts, text)
	if len(faults) > 0 || len(rows) != 2 {
		t.Fatalf("%d rows, %q", len(rows), faults)
	}
	want := catalog.Product{
		SKU: "mug", Name: `Mug; "blue"`, Description: "two\nlines", Tags: []string{"enamel", "camping"}, Rating: 450,
		Options: map[string]string{"colour": "blue", "size": "M"}, Price: 1450, Currency: "EUR", OnHand: 10,
	}
	if diff := cmp.Diff(want, rows[0].Onto(catalog.Product{})); diff != "" || rows[0].Line != 2 {
		t.Errorf("line %d: %s", rows[0].Line, diff)
	}
	// A row says what the sending depends on.
	rows, faults = read(t, catalog.ImportProducts, "sku,shipping,delivery\nebook,none,\"https://shop.example/get\nPassword: x\"\nmug,,\n")
	was := catalog.Product{SKU: "mug", Goods: order.Goods{Shipping: order.ShippingNone}, Delivery: "x"}
	if len(faults) > 0 || rows[0].Onto(catalog.Product{}).Delivery != "https://shop.example/get\nPassword: x" || rows[0].Onto(was).Shipping != order.ShippingNone || rows[1].Onto(was).Goods != (order.Goods{}) {
		t.Errorf("%+v, %q", rows, faults)
	}
	rows, _ = read(t, catalog.ImportProducts, text)
	// What a row leaves out stays as it is.
	was = catalog.Product{SKU: "tea", OnHand: 7, Brand: "Lantern", Tags: []string{"old"}}
	want = catalog.Product{SKU: "tea", Name: "Tea", Price: 890, Currency: "EUR", OnHand: 7, Brand: "Lantern", Inactive: true}
	if diff := cmp.Diff(want, rows[1].Onto(was)); diff != "" || rows[1].Line != 5 {
		t.Errorf("line %d: %s", rows[1].Line, diff)
	}
}

func TestRowFaults(t *testing.T) {
	for name, c := range map[string]struct {
		kind catalog.ImportKind
		text string
		good int
		want []string
	}{
		"no name, negative price": {
			catalog.ImportProducts, "sku,name,price,currency\na,,100,EUR\nb,B,-1,EUR\nc,C,1,EUR\n", 1,
			[]string{"2 name: want 1 to 200 characters of text on one line: missing", "3 price: want 1 to 99999999 minor units, got -1"},
		},
		"prices above the currency's highest": {
			catalog.ImportPrices, "sku,price,currency\nshoe,150000000,IDR\nyacht,1000000000000,IDR\nring,150000000,EUR\nsari,999999999,INR\nbunad,1000000,ISK\n", 2,
			[]string{
				"3 price: want 1 to 999999999999 minor units, got 1000000000000", "4 price: want 1 to 99999999 minor units, got 150000000",
				"6 price: want 1 to 999999 minor units, got 1000000",
			},
		},
		"a price without its currency": { // the product has it
			catalog.ImportProducts, `{"sku":"shoe","price":150000000}` + "\n" + `{"sku":"yacht","price":1000000000000}` + "\n", 1,
			[]string{"2 price: want 1 to 999999999999 minor units, got 1000000000000"},
		},
		"a float for an amount": {
			catalog.ImportPrices, "sku,price,currency\na,14.50,EUR\n", 0,
			[]string{`2 price: want a whole number, got "14.50": amounts are minor units, such as 1450 for 14.50. For prices such as 14.50 or 1,450.00 set the option decimal to point, for 14,50 or 1.450,00 to comma`},
		},
		"shipping": {
			catalog.ImportProducts, "sku,shipping,delivery\na,nothing,\nb,,https://shop.example\nc,none,https://shop.example\n", 1,
			[]string{`2 shipping: want none, or nothing for goods that need a parcel, got "nothing"`, "3 delivery: want at most 1000 characters of text, for a product with shipping none: the product needs a parcel"},
		},
		"measures and customs": {
			catalog.ImportProducts, "sku,weight,length,width,height,hsCode,origin,customsValue,customsCurrency,customsDescription\n" +
				"a,350,120,90,100,691200,PT,700,EUR,Cup\nb,0.5,1,,,,,5,,\nc,,,,,,,,,\nd,,,,,6912,UK,,,\n", 2,
			[]string{`3 weight: want a whole number, got "0.5"`, "5 hsCode: want 6 to 10 digits, such as 691200, got \"6912\"", "5 origin: want a country of ISO 3166-1 alpha-2, such as DE, got \"UK\""},
		},
		"broken UTF-8": {catalog.ImportProducts, "sku,name\na,\xff\nb,B\n", 1, []string{"2 : not in UTF-8 at byte 3 of the row: save the file as CSV in UTF-8"}},
		"columns": {
			catalog.ImportStock, "sku,onHand\na\nb,1,2\nc,3\n", 1,
			[]string{"2 onHand: is missing", "3 : want 2 columns, got 3: quote a field that contains the separator"},
		},
		"a quote that never closes": {
			catalog.ImportStock, "sku,onHand\n\"a,1\nb,2\nc,3\n", 2, []string{"2 : the row has more than 262144 bytes, or a quote that is never closed"},
		},
		"a stray quote": {
			catalog.ImportProducts, "sku,name\na,5\" pipe\nb,B\n", 1,
			[]string{"2 : a quote inside a field: quote the whole field and write the quote twice"},
		},
		"an endless row": {
			catalog.ImportProducts, "sku,name\na," + strings.Repeat("x", 3*importfile.MaxRow) + "\nb,B\n", 1,
			[]string{"2 : the row has more than 262144 bytes, or a quote that is never closed"},
		},
		"JSON": {
			catalog.ImportProducts,
			`{"sku":"a","name":"A"}` + "\n" + `{"sku":"b","price":1.5}` + "\n" + `{"sku":"c","colour":"x"}` + "\n" + `{"sku":"d"` + "\n" + `{"sku":"e"} {}` + "\n" + `{"name":"F"}` + "\n", 1,
			[]string{
				"2 price: want a whole number: amounts are minor units, such as 1450 for 14.50", "3 colour: there is no such field",
				"4 : not a JSON object on one line", "5 : something follows the object", `6 sku: want 1 to 64 bytes without spaces, got "": missing`,
			},
		},
		"JSON of the wrong kind": {
			catalog.ImportProducts,
			`{"sku":"a","name":"A","price":"1"}` + "\n" + `{"sku":"b","name":5}` + "\n" + `[]` + "\n" + `{"sku":"d","options":{"size":1}}` + "\n", 0,
			[]string{
				"1 price: such a value does not fit here", "2 name: want a text in quotes, not a number",
				"3 : such a value does not fit here", "4 options.size: want a text in quotes, not a number",
			},
		},
		"JSON names": {
			catalog.ImportProducts, `{"sku":"a","sku":"b","name":"A"}` + "\n" + `{"SKU":"b","name":"B"}` + "\n" + `{"sku":"c","co\nlour":1}` + "\n", 0,
			[]string{"1 sku: appears twice", "2 SKU: there is no such field", `3 co\nlour: there is no such field`},
		},
		"JSON prices": {
			catalog.ImportPrices, `{"sku":"a","price":1,"currency":"EUR"}` + "\n" + `{"sku":"b","price":1}` + "\n" + `{"sku":"c","price":1,"currency":"EUR","name":"C"}`, 1,
			[]string{"2 currency: is missing", "3 name: a file of prices does not say this"},
		},
		"JSON stock with empty fields": {
			catalog.ImportStock, `{"sku":"a","onHand":3,"tags":[]}` + "\n" + `{"sku":"b","onHand":3,"brand":""}`, 0,
			[]string{"1 tags: a file of stock does not say this", "2 brand: a file of stock does not say this"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rows, faults := read(t, c.kind, c.text)
			if len(rows) != c.good || !slices.Equal(faults, c.want) {
				t.Errorf("%d good rows, want %d; errors (-want +got):\n%s", len(rows), c.good, cmp.Diff(c.want, faults))
			}
		})
	}
}

// FuzzCSV compares the reader with encoding/csv: where that reads every row, the
// reader reads the same rows. Reading that starts at any row yields the same
// remaining rows.
func FuzzCSV(f *testing.F) {
	f.Add("a,1\nb,2\n")
	f.Add("\"a\"\"\n,\",2\n\nc,3")
	f.Add("a,\"x\ny\"\r\nb,\"\"\n")
	f.Add("\"a,1\nb,2")
	f.Fuzz(func(t *testing.T, body string) {
		head := "sku,name\n"
		h, err := importfile.Sniff(catalog.ImportProducts, []byte((head + body)[:min(len(head+body), importfile.MaxRow)]))
		if err != nil {
			t.Fatal(err)
		}
		whole, ends := collect(t, h, body, h.Start)
		if want, ok := standard(body); ok && !slices.Equal(whole, want) {
			t.Errorf("got %q, encoding/csv %q", whole, want)
		}
		for i, at := range ends {
			rest, _ := collect(t, h, (head + body)[at.Byte:], at)
			if !slices.Equal(rest, whole[i+1:]) {
				t.Errorf("from %+v: %q, want %q", at, rest, whole[i+1:])
			}
		}
	})
}

// collect returns all rows, and the position at which each ends.
func collect(t *testing.T, h importfile.Header, body string, at importfile.Position) (rows []string, ends []importfile.Position) {
	r := h.Read(strings.NewReader(body), at)
	for {
		row, line, faults, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, ends
		}
		if err != nil {
			t.Fatal(err)
		}
		name := ""
		if row.Name != nil {
			name = *row.Name
		}
		said := fmt.Sprintf("%q %q", row.SKU, name)
		if len(faults) > 0 && (row.Name == nil || faults[0].Field == "") {
			said = fmt.Sprintf("line %d: %v", line, faults)
		}
		rows, ends = append(rows, said), append(ends, r.At())
	}
}

// standard reads with the standard library; ok is false if it cannot, or if the
// two readers differ on purpose.
func standard(body string) (rows []string, ok bool) {
	if strings.ContainsAny(body, "\r\x1a") || len(body) > importfile.MaxRow || !bytes.Equal([]byte(body), []byte(strings.ToValidUTF8(body, ""))) {
		return nil, false
	}
	c := csv.NewReader(strings.NewReader(body))
	c.FieldsPerRecord = 2
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return rows, true
		}
		if err != nil {
			return nil, false
		}
		if sku, name := text.Clean(record[0]), text.Clean(record[1]); sku != "" || name != "" {
			rows = append(rows, fmt.Sprintf("%q %q", sku, name))
		}
	}
}

// FuzzJSON checks that the reader invents no rows and does not panic.
func FuzzJSON(f *testing.F) {
	f.Add(`{"sku":"a","price":1}`)
	f.Add("{\"sku\":\"a\"}\n{\"sku\":\"b\",\"tags\":[\"x\"]}\n")
	f.Fuzz(func(t *testing.T, body string) {
		text := "{\"sku\":\"first\"}\n" + body
		h, err := importfile.Sniff(catalog.ImportProducts, []byte(text[:min(len(text), importfile.MaxRow)]))
		if err != nil {
			t.Fatal(err)
		}
		rows, _ := collect(t, h, text, h.Start)
		if len(rows) < 1 || len(rows) > strings.Count(text, "\n")+1 {
			t.Errorf("%d rows of %q", len(rows), text)
		}
	})
}
