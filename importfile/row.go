package importfile

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"purser/catalog"
	"purser/order"
	"purser/text"
)

// row parses one row. It returns the errors in the row's form; the caller checks
// the values. blank is true for a row of a CSV without any value.
func (r *Reader) row(line []byte, unended bool) (_ catalog.Row, faults []catalog.Fault, blank bool) {
	if !utf8.Valid(line) {
		return catalog.Row{}, []catalog.Fault{{Message: fmt.Sprintf("not in UTF-8 at byte %d of the row: save the file as CSV in UTF-8", badByte(line))}}, false
	}
	if r.header.Format == JSONLines {
		row, faults := r.object(line)
		return row, faults, false
	}
	return r.record(string(line), unended)
}

func badByte(line []byte) int {
	for i := 0; i < len(line); {
		c, n := utf8.DecodeRune(line[i:])
		if c == utf8.RuneError && n == 1 {
			return i + 1
		}
		i += n
	}
	return len(line)
}

// object parses a row of JSON Lines.
func (r *Reader) object(line []byte) (row catalog.Row, _ []catalog.Fault) {
	d := jsontext.NewDecoder(bytes.NewBuffer(line))
	if err := json.UnmarshalDecode(d, &row, json.RejectUnknownMembers(true)); err != nil {
		return row, []catalog.Fault{jsonFault(err)}
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return row, []catalog.Fault{{Message: "something follows the object"}}
	}
	return row, r.misplaced(row)
}

// jsonFault converts an error of the JSON decoder, whose text names Go types, to
// one for the caller.
func jsonFault(err error) catalog.Fault {
	var kind *json.SemanticError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &kind):
		return catalog.Fault{Field: fieldAt(kind.JSONPointer), Message: "there is no such field"}
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return catalog.Fault{Field: fieldAt(syntax.JSONPointer), Message: "appears twice"}
	case errors.As(err, &syntax) && strings.Contains(syntax.Err.Error(), "surrogate"):
		return catalog.Fault{Field: fieldAt(syntax.JSONPointer), Message: "has half of a character: a program cut the text in the middle of one"}
	case errors.As(err, &kind) && kind.JSONKind == '0' && kind.GoType.Kind() == reflect.String:
		return catalog.Fault{Field: fieldAt(kind.JSONPointer), Message: "want a text in quotes, not a number"}
	case errors.As(err, &kind) && kind.JSONKind == '0' && kind.GoType.Kind() == reflect.Int64:
		return catalog.Fault{Field: fieldAt(kind.JSONPointer), Message: "want a whole number: amounts are minor units, such as 1450 for 14.50"}
	case errors.As(err, &kind):
		return catalog.Fault{Field: fieldAt(kind.JSONPointer), Message: "such a value does not fit here"}
	}
	return catalog.Fault{Message: "not a JSON object on one line"}
}

// fieldAt returns the name of a field on one line, whatever characters it has.
func fieldAt(p jsontext.Pointer) string {
	name := strconv.Quote(strings.Join(slices.Collect(p.Tokens()), "."))
	return name[1 : len(name)-1]
}

// misplaced returns faults for fields that a file of this kind must not have,
// and for missing ones.
func (r *Reader) misplaced(row catalog.Row) []catalog.Fault {
	if r.header.Kind == catalog.ImportProducts {
		return nil // it may have every field
	}
	// The standard library writes a field that the file gives as "" or [], which
	// is a field that must not be there, too.
	b, err := stdjson.Marshal(row)
	said := map[string]jsontext.Value{}
	if err == nil {
		err = json.Unmarshal(b, &said)
	}
	if err != nil {
		return []catalog.Fault{{Message: err.Error()}}
	}
	var faults []catalog.Fault
	known := Columns(r.header.Kind)
	for field := range said {
		if !slices.Contains(known, field) {
			faults = append(faults, catalog.Fault{Field: field, Message: "a file of " + string(r.header.Kind) + " does not say this"})
		}
	}
	for _, must := range requiredColumns[r.header.Kind] {
		if _, ok := said[must]; !ok {
			faults = append(faults, catalog.Fault{Field: must, Message: "is missing"})
		}
	}
	slices.SortFunc(faults, func(a, b catalog.Fault) int { return strings.Compare(a.Field, b.Field) })
	return faults
}

// record parses a row of a CSV. Cells that it has less than the header are missing,
// as when a spreadsheet leaves out empty ones at the end: their fields stay as they
// are. In a row that does not end either, they may be cut off, and the last one that is
// there may be half of a value.
func (r *Reader) record(line string, unended bool) (row catalog.Row, faults []catalog.Fault, blank bool) {
	r.price = ""
	var err error
	if r.fields, err = split(r.fields[:0], line, r.header.Comma[0]); err != nil {
		return row, []catalog.Fault{{Message: err.Error()}}, false
	}
	columns := r.header.Columns
	for i, field := range r.fields {
		r.fields[i] = text.Clean(field)
	}
	for n := len(r.fields); n > 0 && r.fields[n-1] == "" && n > len(columns); n-- {
		r.fields = r.fields[:n-1]
	}
	switch {
	case !slices.ContainsFunc(r.fields, func(field string) bool { return field != "" }):
		return row, nil, true
	case unended && len(r.fields) < len(columns) && slices.ContainsFunc(columns[len(r.fields):], func(name string) bool { return name != "" }):
		return row, []catalog.Fault{{Message: fmt.Sprintf("the file ends in the middle of this row, in column %d of %d: it is not whole", len(r.fields), len(columns))}}, false
	case len(r.fields) > len(columns):
		return row, []catalog.Fault{{Message: fmt.Sprintf("want %d columns, got %d: quote a field that contains the separator", len(columns), len(r.fields))}}, false
	}
	for i, field := range r.fields {
		fault := ""
		if columns[i] != "" {
			fault = r.assign(&row, columns[i], field)
		} else if field != "" {
			fault = fmt.Sprintf("column %d has the value %.40q, but the first line does not name it", i+1, field)
		}
		if fault != "" {
			faults = append(faults, catalog.Fault{Field: columns[i], Message: fault})
		}
	}
	faults = append(faults, r.scalePrice(&row)...)
	for _, must := range []struct {
		field string
		there bool
	}{{"onHand", row.OnHand != nil}, {"price", row.Price != nil || r.price != ""}, {"currency", row.Currency != nil}} {
		faulty := slices.ContainsFunc(faults, func(f catalog.Fault) bool { return f.Field == must.field })
		if !must.there && !faulty && slices.Contains(requiredColumns[r.header.Kind], must.field) {
			faults = append(faults, catalog.Fault{Field: must.field, Message: "is missing"})
		}
	}
	return row, faults, false
}

// assign sets a column. An empty number or boolean leaves the field nil.
func (r *Reader) assign(row *catalog.Row, column, value string) (fault string) {
	switch column {
	case "sku":
		row.SKU = value
	case "name":
		row.Name = &value
	case "description":
		row.Description = &value
	case "brand":
		row.Brand = &value
	case "category":
		row.Category = &value
	case "tags":
		tags := list(value)
		row.Tags = &tags
	case "options":
		return assignOptions(row, value)
	case "parent":
		row.Parent = &value
	case "currency":
		row.Currency = &value
	case "rating":
		row.Rating, fault = number(value)
	case "price":
		if r.header.Decimal != "" {
			r.price = value // the currency may come later in the row
			return ""
		}
		if row.Price, fault = number(value); fault != "" {
			fault += ": amounts are minor units, such as 1450 for 14.50. For prices such as 14.50 or 1,450.00 set the option decimal to point, for 14,50 or 1.450,00 to comma"
		}
	case "onHand":
		row.OnHand, fault = number(value)
	case "inactive":
		row.Inactive, fault = truth(value)
	case "shipping":
		need := order.ShippingNeed(value)
		row.Shipping = &need
	case "delivery":
		row.Delivery = &value
	default:
		return assignGoods(row, column, value)
	}
	return fault
}

// assignGoods sets a column about the parcel and its customs declaration.
func assignGoods(row *catalog.Row, column, value string) (fault string) {
	switch column {
	case "weight":
		row.Weight, fault = number(value)
	case "length":
		row.Length, fault = number(value)
	case "width":
		row.Width, fault = number(value)
	case "height":
		row.Height, fault = number(value)
	case "hsCode":
		row.HSCode = &value
	case "origin":
		row.Origin = &value
	case "customsValue":
		row.CustomsValue, fault = number(value)
	case "customsCurrency":
		if value != "" { // as its value, which stays
			row.CustomsCurrency = &value
		}
	case "customsDescription":
		row.CustomsDescription = &value
	}
	return fault
}

// brokenSKU matches what a spreadsheet exports instead of a long number (4.00638E+12,
// and from programs in Java 4.00638E12), of a column that is too narrow, and of a
// formula that failed. What was there is lost.
var brokenSKU = regexp.MustCompile(`^(?:\d(?:[.,]\d+)?[Ee]\+\d+|\d\.\d+E(?:[7-9]|1\d)|#{3,}|#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!))$`)

// brokenKeys returns the faults of SKUs that a spreadsheet has replaced.
func brokenKeys(row catalog.Row) (faults []catalog.Fault) {
	check := func(field, key string) {
		switch {
		case !brokenSKU.MatchString(key):
		case key[0] == '#':
			faults = append(faults, catalog.Fault{Field: field, Message: fmt.Sprintf("the spreadsheet shows %.40q instead of the SKU: widen the column or mend the formula there, and save the file again", key)})
		default:
			faults = append(faults, catalog.Fault{Field: field, Message: fmt.Sprintf("a spreadsheet has rounded this number to %.40q: format the column as text there, and enter the SKU again", key)})
		}
	}
	check("sku", row.SKU)
	if row.Parent != nil {
		check("parent", *row.Parent)
	}
	return faults
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func number(value string) (*int64, string) {
	if value == "" {
		return nil, ""
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return nil, fmt.Sprintf("want a whole number, got %.20q", value)
	}
	return &n, ""
}

func truth(value string) (*bool, string) {
	if value == "" {
		return nil, ""
	}
	b, err := strconv.ParseBool(strings.ToLower(value))
	if err != nil {
		return nil, fmt.Sprintf("want true or false, got %.20q", value)
	}
	return &b, ""
}

// list parses "one|two".
func list(value string) []string {
	if value == "" {
		return nil
	}
	parts := strings.Split(value, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// assignOptions parses "size=M|colour=blue".
func assignOptions(row *catalog.Row, value string) string {
	options := map[string]string{}
	for _, o := range list(value) {
		name, is, ok := strings.Cut(o, "=")
		name = text.Clean(name)
		if _, twice := options[name]; !ok || twice {
			return "want name=value, separated by |, each name once"
		}
		options[name] = is
	}
	if len(options) == 0 {
		options = nil
	}
	row.Options = &options
	return ""
}

// split splits a row of a CSV according to RFC 4180.
func split(fields []string, row string, comma byte) ([]string, error) {
	for {
		if !strings.HasPrefix(row, `"`) {
			field, rest, more := strings.Cut(row, string(comma))
			if strings.Contains(field, `"`) {
				return fields, errors.New(`a quote inside a field: quote the whole field and write the quote twice`)
			}
			if fields = append(fields, field); !more {
				return fields, nil
			}
			row = rest
			continue
		}
		field, rest, err := unquote(row)
		if err != nil {
			return fields, err
		}
		fields = append(fields, field)
		if rest == "" {
			return fields, nil
		}
		if rest[0] != comma {
			return fields, errors.New("something follows a closing quote")
		}
		row = rest[1:]
	}
}

// unquote parses a quoted field.
func unquote(row string) (field, rest string, err error) {
	var b strings.Builder
	for rest = row[1:]; ; {
		part, after, closed := strings.Cut(rest, `"`)
		b.WriteString(part)
		switch {
		case !closed:
			return "", "", errors.New("a quote is never closed: write a quote inside a field twice")
		case strings.HasPrefix(after, `"`):
			b.WriteByte('"')
			rest = after[1:]
		default:
			return b.String(), after, nil
		}
	}
}
