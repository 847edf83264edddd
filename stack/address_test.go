package stack

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"purser/config"
)

// TestPublicURL: every link that is made of the API's own address leads
// somewhere, also where it listens on all addresses; and whoever starts it so is
// told that they lead nobody but this machine to it.
func TestPublicURL(t *testing.T) {
	for _, tt := range []struct {
		listen, public, want string // want: how links begin
		warned               bool
	}{
		{"127.0.0.1:0", "", "http://127.0.0.1:", false},
		{":0", "", "http://localhost:", true},
		{"0.0.0.0:0", "", "http://localhost:", true},
		{"[::]:0", "", "http://localhost:", true},
		{":0", "https://shop.example/purser/", "https://shop.example/purser", false},
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
