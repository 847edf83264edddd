package stack

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"purser/config"
)

// TestPublicURL: every link that is made from the API's own address works, also
// where the API listens on all addresses; then a warning says that the links
// work on this machine only.
func TestPublicURL(t *testing.T) {
	for _, tt := range []struct {
		listen, public string
		want           string // how links begin
		warned         bool
	}{
		{listen: "127.0.0.1:0", want: "http://127.0.0.1:"},
		{listen: ":0", want: "http://localhost:", warned: true},
		{listen: "0.0.0.0:0", want: "http://localhost:", warned: true},
		{listen: "[::]:0", want: "http://localhost:", warned: true},
		{listen: ":0", public: "https://shop.example/purser/", want: "https://shop.example/purser"},
	} {
		t.Run(tt.listen+" "+tt.public, func(t *testing.T) {
			var log bytes.Buffer
			cfg := &config.Config{Listen: tt.listen, PublicURL: tt.public, Data: t.TempDir()}
			s := &Stack{cfg: cfg, log: slog.New(slog.NewJSONHandler(&log, nil)), failed: make(chan error, 1)}
			defer s.Stop()
			if err := s.listen(APIOnly); err != nil {
				t.Fatal(err)
			}
			if err := s.openVault(); err != nil {
				t.Fatal(err)
			}
			store, err := s.newImageStore(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			image := s.imageURL(&providers{images: store})("images/img_1/large.jpg")
			for name, link := range map[string]string{"links": s.publicURL(), "unsubscribe": s.links().Base, "image": image} {
				if !strings.HasPrefix(link, tt.want) {
					t.Errorf("%s: %s, want %s…", name, link, tt.want)
				}
			}
			s.warnOfAddress()
			if warned := strings.Contains(log.String(), "PURSER_PUBLIC_URL"); warned != tt.warned {
				t.Errorf("warned: %t, want %t: %s", warned, tt.warned, log.String())
			}
			s.serve(s.apiListener, http.NotFoundHandler(), 0)
			res, err := http.Get(s.Running().API) // where the commands look for it
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
		})
	}
}
