package objects

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
)

// What Amazon's S3 refuses and the gateway does not.
const (
	maxKey     = 1024 // bytes of a key
	maxDeletes = 1000 // files that one request deletes
	maxBody    = 4 << 20
)

// refusal is an error in S3's format.
type refusal struct {
	XMLName  xml.Name `xml:"Error"`
	Code     string
	Message  string
	Resource string
	status   int
}

// strict refuses before next what S3 refuses.
func (s *Server) strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := s.check(r)
		if e == nil {
			next.ServeHTTP(w, r)
			return
		}
		e.Resource = r.URL.Path
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(e.status)
		if r.Method != http.MethodHead {
			_, _ = io.WriteString(w, xml.Header)
			_ = xml.NewEncoder(w).Encode(e) // the caller may be gone
		}
	})
}

func (s *Server) check(r *http.Request) *refusal {
	if key, signed := accessKey(r); signed && key != s.conf.AccessKey {
		return &refusal{Code: "InvalidAccessKeyId", Message: "The AWS Access Key Id you provided does not exist in our records.", status: http.StatusForbidden}
	}
	if key := strings.TrimPrefix(r.URL.Path, "/"+s.conf.Bucket+"/"); len(key) > maxKey {
		return &refusal{Code: "KeyTooLongError", Message: "Your key is too long", status: http.StatusBadRequest}
	}
	if r.Method == http.MethodPost && r.URL.Query().Has("delete") {
		return checkDeletes(r)
	}
	return nil
}

// accessKey returns the access key that a request is signed with.
func accessKey(r *http.Request) (key string, signed bool) {
	_, scope, signed := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !signed {
		scope, signed = r.URL.Query().Get("X-Amz-Credential"), r.URL.Query().Has("X-Amz-Credential")
	}
	key, _, _ = strings.Cut(scope, "/")
	return key, signed
}

// checkDeletes refuses a request that deletes too many files. It leaves the body to
// be read again.
func checkDeletes(r *http.Request) *refusal {
	malformed := &refusal{Code: "MalformedXML", Message: "The XML you provided was not well-formed or did not validate against our published schema", status: http.StatusBadRequest}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return malformed
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in struct {
		Object []struct{ Key string }
	}
	if err := xml.Unmarshal(body, &in); err != nil || len(in.Object) > maxDeletes {
		return malformed
	}
	return nil
}
