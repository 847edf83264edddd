package pricing

import (
	"cmp"
	"errors"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rate is a percentage in units of a ten-thousandth of a per cent.
type rate int64

// whole is 100 per cent.
const whole rate = 100 * 10_000

var (
	rateForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?$`)
	errRate  = errors.New(`want a number from 0 to 100 with at most four decimals, such as "8.875"`)
)

// parseRate reads a percentage, such as "8.875".
func parseRate(s string) (rate, error) {
	if !rateForm.MatchString(s) {
		return 0, errRate
	}
	units, decimals, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(units+(decimals + "0000")[:4], 10, 64)
	if err != nil || rate(n) > whole {
		return 0, errRate
	}
	return rate(n), nil
}

// of returns so many per cent of an amount, rounded half up to a multiple of the
// granule.
func (r rate) of(amount, granule int64) int64 { return divide(amount*int64(r), int64(whole), granule) }

// tax returns the tax on an amount, or the tax that is contained in it, rounded half
// up to a multiple of the granule.
func (r rate) tax(amount int64, included bool, granule int64) int64 {
	if included {
		return divide(amount*int64(r), int64(whole+r), granule)
	}
	return r.of(amount, granule)
}

func divide(n, by, granule int64) int64 {
	by *= granule
	q := n / by
	if n%by >= by-n%by {
		q++
	}
	return q * granule
}

// Split divides a total in proportion to the weights, by largest remainder: the
// shares are multiples of the granule, add up to the total, and none is a granule or
// more from its exact value. Of equal remainders the first wins. The total must be a
// multiple of the granule, and no weight may be negative. Without any weight, nothing
// is divided.
func Split(total int64, weights []int64, granule int64) []int64 {
	shares, sum := make([]int64, len(weights)), int64(0)
	for _, w := range weights {
		sum += w
	}
	if sum == 0 {
		return shares
	}
	units := uint64(total / granule)
	rest := units
	remainders, byRemainder := make([]uint64, len(weights)), make([]int, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(units, uint64(w))
		q, r := bits.Div64(hi, lo, uint64(sum)) // units × w/sum is at most units, so it fits
		shares[i], remainders[i], byRemainder[i] = int64(q)*granule, r, i
		rest -= q
	}
	slices.SortStableFunc(byRemainder, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
	for _, i := range byRemainder[:rest] {
		shares[i] += granule
	}
	return shares
}
