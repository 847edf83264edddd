// Package signature checks webhooks that are signed with a shared secret, and signs
// requests, in the form that Stripe made common:
//
//	t=<unix seconds>,v1=<hex of HMAC-SHA256>
//
// over the time as written there, a dot and the body's raw bytes.
package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Tolerance is how old, or how far in the future, a signature may be.
const Tolerance = 300 * time.Second

var (
	errLong   = errors.New("header too long")
	errForm   = errors.New("header is not t=…,v1=…")
	errTime   = errors.New("no time")
	errSecret = errors.New("made with another secret")
)

// Check checks the signature in a header over the raw bytes, and its age.
// secrets are the valid ones: the current one and, during a rotation, the
// previous one. Without secrets, every signature is rejected.
func Check(h http.Header, name string, body []byte, secrets []string, now time.Time) error {
	stamp, signatures, err := read(h.Get(name))
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errTime
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > Tolerance || age < -Tolerance {
		return fmt.Errorf("made %s ago", age.Truncate(time.Second))
	}
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		want := digest(secret, stamp, body)
		if slices.ContainsFunc(signatures, func(got []byte) bool { return hmac.Equal(got, want) }) {
			return nil
		}
	}
	return errSecret
}

// Sign returns the signature of the raw bytes with a secret, for a header.
func Sign(body []byte, secret string, now time.Time) string {
	stamp := strconv.FormatInt(now.Unix(), 10)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(digest(secret, stamp, body))
}

func digest(secret, stamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// read parses "t=…,v1=…". It accepts several v1 and ignores unknown schemes.
func read(header string) (stamp string, signatures [][]byte, err error) {
	if len(header) > 1024 {
		return "", nil, errLong
	}
	for part := range strings.SplitSeq(header, ",") {
		switch key, value, _ := strings.Cut(strings.TrimSpace(part), "="); key {
		case "t":
			stamp = value
		case "v1":
			if sum, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, sum)
			}
		}
	}
	if stamp == "" || len(signatures) == 0 {
		return "", nil, errForm
	}
	return stamp, signatures, nil
}
