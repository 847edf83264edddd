package carrier

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"codeberg.org/go-pdf/fpdf"
	"github.com/boombuler/barcode/code128"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/encoding/charmap"

	"purser/order"
)

// file writes the file of a label.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	found := s.labels[r.PathValue("id")]
	if found == nil || s.cfg.KeepFiles > 0 && s.cfg.Now().Sub(found.Created) > s.cfg.KeepFiles {
		s.mu.Unlock()
		show(w, nil)
		return
	}
	l := *found // a label's file does not change, so it is drawn without the lock
	s.mu.Unlock()
	if l.Status == "voided" {
		refuse(w, http.StatusConflict, "voided", "", "the label is void")
		return
	}
	format := r.URL.Query().Get("format")
	if format == "" && strings.Contains(r.Header.Get("Accept"), "zpl") {
		format = "zpl"
	}
	switch cmp.Or(format, "pdf") {
	case "pdf":
		b, err := l.pdf()
		if err != nil {
			s.unavailable(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/pdf")
		_, _ = w.Write(b)
	case "zpl":
		w.Header().Set("Content-Type", "application/zpl")
		_, _ = w.Write([]byte(l.zpl()))
	default:
		refuse(w, http.StatusBadRequest, "invalid_request", "format", "want pdf or zpl")
	}
}

// lines returns the address as it is written on the parcel.
func (a address) lines() []string {
	var all []string
	for _, l := range []string{a.Name, a.Line1, a.Line2, strings.TrimSpace(a.PostalCode + " " + a.City), a.Country} {
		if l != "" {
			all = append(all, l)
		}
	}
	return all
}

// heading says what the address on the label is.
func (b booking) heading() string {
	if b.Return {
		return "Return to the sender's account, from"
	}
	return "To"
}

// shownContents is how many of the contents have a line of their own on the label.
const shownContents = 8

// contents returns the lines that say what is in the parcel.
func (b booking) contents() []string {
	var all []string
	for _, p := range b.Parcels {
		for _, c := range p.Contents {
			all = append(all, fmt.Sprintf("%d × %s (%s)", c.Quantity, c.Description, c.SKU))
		}
	}
	if more := len(all) - shownContents; more > 0 {
		all = append(all[:shownContents], fmt.Sprintf("and %d more", more))
	}
	return all
}

// measured returns the lines about the weight and the customs declaration.
func (b booking) measured() []string {
	var all []string
	for _, p := range b.Parcels {
		if p.Weight > 0 {
			all = append(all, fmt.Sprintf("Weight %d g", p.Weight))
		}
		for i, c := range p.Contents {
			if c.HSCode == "" || i >= shownContents {
				continue
			}
			value := order.Money{Amount: c.Value * c.Quantity, Currency: c.Currency}
			all = append(all, fmt.Sprintf("Customs: %d × %s, HS %s, made in %s, %s", c.Quantity, c.Description, c.HSCode, c.Origin, value))
		}
	}
	return all
}

// The measures of the page, in millimetres.
const (
	pageWidth  = 100.0
	pageHeight = 150.0
	margin     = 6.0
	inner      = pageWidth - 2*margin
)

// pdf draws the label on one page. The same label gives the same bytes.
func (l label) pdf() ([]byte, error) {
	p := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: pageWidth, Ht: pageHeight}})
	p.SetCreationDate(l.Created)
	p.SetModificationDate(l.Created)
	p.SetCatalogSort(true)
	p.SetTitle("Label "+l.Tracking, true)
	p.SetAutoPageBreak(false, 0)
	p.SetMargins(margin, margin, margin)
	p.AddPage()
	family, encode := l.font(p)
	write := func(style string, size float64, lines ...string) {
		p.SetFont(family, style, size)
		for _, line := range lines {
			p.CellFormat(inner, size*0.45, fit(p, line, encode), "", 1, "L", false, 0, "")
		}
	}
	rule := func() { p.Line(margin, p.GetY()+1.5, pageWidth-margin, p.GetY()+1.5); p.Ln(4) }
	write("B", 16, l.Carrier)
	rule()
	write("", 8, l.Booking.heading())
	write("B", 13, l.Booking.To.lines()...)
	rule()
	if err := bars(p, l.Tracking); err != nil {
		return nil, err
	}
	write("B", 13, l.Tracking)
	write("", 8, "Reference "+l.Reference)
	rule()
	write("", 8, l.Booking.contents()...)
	write("", 8, l.Booking.measured()...)
	var b bytes.Buffer
	err := p.Output(&b)
	return b.Bytes(), err
}

// goFont tells which characters the larger font has.
var goFont = sync.OnceValues(func() (*sfnt.Font, error) { return sfnt.Parse(goregular.TTF) })

// font returns the font that has the label's characters, and how it encodes them: the one
// that every reader of PDFs has or, which takes far longer, a part of a larger one. A
// character that the larger one does not have, either, becomes a question mark.
func (l label) font(p *fpdf.Fpdf) (family string, encode func(string) string) {
	western := charmap.Windows1252.NewEncoder()
	all := strings.Join(slices.Concat(l.Booking.To.lines(), l.Booking.contents(), l.Booking.measured()), " ")
	if _, err := western.String(all); err == nil {
		return "Helvetica", func(s string) string {
			s, _ = western.String(s)
			return s
		}
	}
	p.AddUTF8FontFromBytes("go", "", goregular.TTF)
	p.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	return "go", func(s string) string {
		return strings.Map(func(r rune) rune {
			f, err := goFont()
			if err != nil {
				return '?'
			}
			if i, err := f.GlyphIndex(nil, r); err != nil || i == 0 {
				return '?'
			}
			return r
		}, s)
	}
}

// fit returns a line as the font encodes it, shortened if it is wider than the page.
func fit(p *fpdf.Fpdf, line string, encode func(string) string) string {
	runes := []rune(line)
	for n := len(runes); n > 0; n-- {
		shown := line
		if n < len(runes) {
			shown = string(runes[:n]) + "…"
		}
		if shown = encode(shown); p.GetStringWidth(shown) <= inner-2 {
			return shown
		}
	}
	return ""
}

// bars draws a text as a barcode, Code 128.
func bars(p *fpdf.Fpdf, text string) error {
	const height = 22.0
	code, err := code128.Encode(text)
	if err != nil {
		return err
	}
	width := inner / float64(code.Bounds().Dx())
	for x := range code.Bounds().Dx() {
		if r, _, _, _ := code.At(x, 0).RGBA(); r == 0 {
			p.Rect(margin+float64(x)*width, p.GetY(), width, height, "F")
		}
	}
	p.SetY(p.GetY() + height + 1)
	return nil
}

// zpl returns the label in the language of Zebra's printers, for 203 dots per inch.
// ^FH has every byte that is not plain text written in hexadecimal, and ^CI28 reads them
// as UTF-8.
func (l label) zpl() string {
	var b strings.Builder
	y := 40
	text := func(size int, s string) {
		fmt.Fprintf(&b, "^FO40,%d^A0N,%d,%d^FH^FD%s^FS\n", y, size, size, zplText(s))
		y += size + 8
	}
	b.WriteString("^XA\n^CI28\n^PW800\n^LL1200\n")
	text(48, l.Carrier)
	if l.Booking.Return {
		text(26, l.Booking.heading())
	}
	for _, line := range l.Booking.To.lines() {
		text(38, line)
	}
	fmt.Fprintf(&b, "^FO40,%d^BY2^BCN,170,Y,N,N^FD%s^FS\n", y+20, l.Tracking)
	y += 250
	text(26, "Reference "+l.Reference)
	for _, line := range append(l.Booking.contents(), l.Booking.measured()...) {
		text(26, line)
	}
	b.WriteString("^XZ\n")
	return b.String()
}

// zplText writes a text so that no character of it is taken for a command.
func zplText(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '^' || c == '~' || c == '_' {
			fmt.Fprintf(&b, "_%02X", c)
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
