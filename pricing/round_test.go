package pricing

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestParseRate(t *testing.T) {
	for _, c := range []struct {
		text string
		want rate
		bad  bool
	}{
		{text: "19", want: 190_000},
		{text: "8.875", want: 88_750},
		{text: "0", want: 0},
		{text: "0.0001", want: 1},
		{text: "100", want: whole},
		{text: "100.0001", bad: true},
		{text: "101", bad: true},
		{text: "8.87501", bad: true},
		{text: "8,875", bad: true},
		{text: "-1", bad: true},
		{text: "+1", bad: true},
		{text: "019", bad: true},
		{text: ".5", bad: true},
		{text: "5.", bad: true},
		{text: "1e1", bad: true},
		{text: "", bad: true},
		{text: "19%", bad: true},
	} {
		if got, err := parseRate(c.text); got != c.want || (err != nil) != c.bad {
			t.Errorf("%q: %d, %v", c.text, got, err)
		}
	}
}

// TestParseAmount reads amounts as a table has them, and guesses nothing.
func TestParseAmount(t *testing.T) {
	for _, c := range []struct {
		text, currency string
		want           int64 // -1: refused
	}{
		{text: "14.50", currency: "EUR", want: 1450},
		{text: "0.05", currency: "EUR", want: 5},
		{text: "0", currency: "EUR", want: 0},
		{text: "0.00", currency: "EUR", want: 0},
		{text: "300", currency: "JPY", want: 300},
		{text: "300", currency: "ISK", want: 300},
		{text: "1.250", currency: "KWD", want: 1250},
		{text: "1.255", currency: "KWD", want: -1},
		{text: "14", currency: "EUR", want: -1},
		{text: "14.5", currency: "EUR", want: -1},
		{text: "14.505", currency: "EUR", want: -1},
		{text: "14,50", currency: "EUR", want: -1},
		{text: "1.450,00", currency: "EUR", want: -1},
		{text: "300.00", currency: "JPY", want: -1},
		{text: "300.", currency: "JPY", want: -1},
		{text: ".50", currency: "EUR", want: -1},
		{text: "-1.00", currency: "EUR", want: -1},
		{text: "+1.00", currency: "EUR", want: -1},
		{text: "01.00", currency: "EUR", want: -1},
		{text: "1e2", currency: "JPY", want: -1},
		{text: "", currency: "EUR", want: -1},
		{text: "1000000.00", currency: "EUR", want: -1},
		{text: "99999999999999999999.00", currency: "EUR", want: -1},
		{text: "1.00", currency: "eur", want: -1},
	} {
		got, err := parseAmount("fee", c.text, c.currency)
		if c.want < 0 && err == nil || c.want >= 0 && (err != nil || got != c.want) {
			t.Errorf("%q %s: %d, %v, want %d", c.text, c.currency, got, err, c.want)
		}
	}
}

// TestRateIsExact compares each percentage and each tax with exact fractions: it is
// the multiple of the granule next to the exact value, and the upper one of two.
func TestRateIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rate(rapid.Int64Range(0, int64(whole)).Draw(t, "rate"))
		g := rapid.SampledFrom([]int64{1, 10}).Draw(t, "granule")
		amount := rapid.Int64Range(0, maxGoods).Draw(t, "amount")
		for _, included := range []bool{false, true} {
			by := int64(whole)
			if included {
				by += int64(r)
			}
			exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(amount), big.NewInt(int64(r))), big.NewInt(by))
			got := r.tax(amount, included, g)
			off := new(big.Rat).Sub(new(big.Rat).SetInt64(got), exact) // -g/2 < off <= g/2
			if half := big.NewRat(g, 2); got%g != 0 || off.Cmp(half) > 0 || off.Cmp(new(big.Rat).Neg(half)) <= 0 {
				t.Fatalf("%d of %d (included %v) is %d, exactly %s", r, amount, included, got, exact.FloatString(4))
			}
		}
	})
}

// TestSplit (PAY-1): the shares add up to the total, each is a multiple of the
// granule and less than a granule from its exact value, and none is above its weight
// if the total is not above their sum.
func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.SampledFrom([]int64{1, 10}).Draw(t, "granule")
		weights := rapid.SliceOfN(rapid.Map(rapid.Int64Range(0, maxGoods/g), func(n int64) int64 { return n * g }), 1, 100).Draw(t, "weights")
		sum := int64(0)
		for _, w := range weights {
			sum += w
		}
		total := rapid.Int64Range(0, sum/g).Draw(t, "total") * g
		rest := total
		for i, s := range Split(total, weights, g) {
			rest -= s
			exact := new(big.Rat)
			if sum > 0 {
				exact.SetFrac(new(big.Int).Mul(big.NewInt(total), big.NewInt(weights[i])), big.NewInt(sum))
			}
			off := new(big.Rat).Sub(new(big.Rat).SetInt64(s), exact)
			if s%g != 0 || s > weights[i] || s < 0 || off.Abs(off).Cmp(big.NewRat(g, 1)) >= 0 {
				t.Fatalf("share %d of weight %d: %d, exactly %s", i, weights[i], s, exact.FloatString(4))
			}
		}
		if rest != 0 {
			t.Fatalf("%d of %d is left", rest, total)
		}
	})
}

func TestSplitByLargestRemainder(t *testing.T) {
	for _, c := range []struct {
		name    string
		total   int64
		weights []int64
		granule int64
		want    []int64
	}{
		{name: "even", total: 10, weights: []int64{1, 1}, granule: 1, want: []int64{5, 5}},
		{name: "the first of equal ones", total: 100, weights: []int64{1, 1, 1}, granule: 1, want: []int64{34, 33, 33}},
		{name: "the largest remainder", total: 10, weights: []int64{100, 150, 250}, granule: 1, want: []int64{2, 3, 5}},
		{name: "not the largest weight", total: 7, weights: []int64{60, 19, 21}, granule: 1, want: []int64{4, 1, 2}},
		{name: "in tens", total: 100, weights: []int64{10, 10, 10}, granule: 10, want: []int64{40, 30, 30}},
		{name: "no weight", total: 0, weights: []int64{0, 0}, granule: 1, want: []int64{0, 0}},
		{name: "nothing", total: 0, weights: nil, granule: 1, want: []int64{}},
	} {
		if got := Split(c.total, c.weights, c.granule); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
