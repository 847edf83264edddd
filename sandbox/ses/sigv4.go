package ses

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// skew is how far a caller's clock may be off.
const skew = 5 * time.Minute

// authentic verifies the signature of a request by Amazon's Signature Version 4.
// It follows Amazon's description and does not use the SDK that signs. Without a
// configured access key it accepts every signed request.
func (s *Server) authentic(r *http.Request, body []byte) *problem {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return &problem{"MissingAuthenticationTokenException", "the request is not signed"}
	}
	if s.cfg.AccessKey == "" {
		return nil
	}
	fields := make(map[string]string)
	for part := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[k] = v
	}
	scope := strings.Split(fields["Credential"], "/") // key, day, region, service, aws4_request
	if len(scope) != 5 || scope[0] != s.cfg.AccessKey {
		return &problem{"UnrecognizedClientException", "the access key is unknown"}
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if age := s.cfg.Now().Sub(at); err != nil || age > skew || age < -skew || scope[1] != at.Format("20060102") {
		return &problem{"InvalidSignatureException", "the signature is too old, or from the future"}
	}
	names := strings.Split(fields["SignedHeaders"], ";")
	if scope[3] != "ses" || scope[4] != "aws4_request" || !slices.Contains(names, "host") || !slices.Contains(names, "x-amz-date") {
		return &problem{"InvalidSignatureException", "the signature is for another service, or does not cover a required header"}
	}
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), strings.Join(scope[1:], "/"), hexSum(canonical(r, names, body))}, "\n")
	key := []byte("AWS4" + s.cfg.SecretKey)
	for _, part := range scope[1:] {
		key = hmacSum(key, part)
	}
	if want := hex.EncodeToString(hmacSum(key, text)); !hmac.Equal([]byte(want), []byte(fields["Signature"])) {
		return &problem{"InvalidSignatureException", "the signature does not match"}
	}
	return nil
}

// canonical returns a request in the canonical form that is signed. Its path is
// the one on the wire, before any prefix was stripped, escaped once more.
func canonical(r *http.Request, names []string, body []byte) string {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	segments := strings.Split(path, "/")
	for i, seg := range segments {
		segments[i] = escape(seg)
	}
	values, _ := url.ParseQuery(query)
	var pairs []string
	for k, list := range values {
		for _, v := range list {
			pairs = append(pairs, escape(k)+"="+escape(v))
		}
	}
	slices.Sort(pairs)
	var headers strings.Builder
	for _, name := range names {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
		}
		headers.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	return strings.Join([]string{
		r.Method, strings.Join(segments, "/"), strings.Join(pairs, "&"), headers.String(), strings.Join(names, ";"), hexSum(string(body)),
	}, "\n")
}

// escape escapes all characters except RFC 3986's unreserved ones.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
		}
	}
	return b.String()
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func hmacSum(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}
