package order

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// idLength is how many of the 32 letters follow "ord_": 26 × 5 = 130 bits.
const idLength = 26

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns a new, unguessable order id.
func NewID() ID {
	var b [17]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	return newID(b[:])
}

// IDForKey returns the order id that belongs to a principal's idempotency key,
// so that the same key finds the same order in every process and with each of
// the principal's secrets.
func IDForKey(principal, key string) ID {
	sum := sha256.Sum256([]byte("purser order\n" + principal + "\n" + key))
	return newID(sum[:])
}

func newID(b []byte) ID { return ID("ord_" + idEncoding.EncodeToString(b)[:idLength]) }

// ParseID checks that s has the form of an order id.
func ParseID(s string) (ID, error) {
	body, ok := strings.CutPrefix(s, "ord_")
	if !ok || len(body) != idLength || strings.Trim(body, "0123456789abcdefghjkmnpqrstvwxyz") != "" {
		return "", fmt.Errorf("%w: %.40q is not an order id", ErrNotFound, s)
	}
	return ID(s), nil
}

// TransferReference returns what a shopper writes on a bank transfer for the order.
func (id ID) TransferReference() string {
	s := strings.ToUpper(strings.TrimPrefix(string(id), "ord_"))
	s = s[:min(len(s), 12)]
	var groups []string
	for ; len(s) > 4; s = s[4:] {
		groups = append(groups, s[:4])
	}
	return strings.Join(append(groups, s), "-")
}

// Key returns the idempotency key of one business operation on an order. It is
// made of order, operation and generation, never of the clock or the attempt,
// so the same operation always has the same key and a provider does it once.
func Key(id ID, operation string, generation int) string {
	return fmt.Sprintf("%s:%s:%d", id, operation, generation)
}

// Hash returns the fingerprint of a request. Equal requests have equal hashes,
// whatever the form of their JSON was.
func (r Request) Hash() string {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and integers only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
