package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg" // decodes the images that are shown
	_ "image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"purser/catalog"
	"purser/images"
	"purser/shop"
	"purser/soak"
)

// shows loads every size of an image by its permanent address, as a page does.
func (s *stack) shows(t *testing.T, p shop.Image) {
	t.Helper()
	if p.Status != catalog.Ready || len(p.Renditions) != len(images.Sizes()) {
		t.Fatalf("image %s: %s %s %s, %d sizes", p.ID, p.Status, p.Reason, p.Detail, len(p.Renditions))
	}
	for _, r := range p.Renditions {
		resp, err := http.Get(s.at.API + r.Address)
		if err != nil {
			t.Fatal(err)
		}
		c, kind, err := image.DecodeConfig(resp.Body)
		_ = resp.Body.Close()
		if err != nil || c.Width != r.Width || c.Height != r.Height || "image/"+kind != r.Type || resp.Header.Get("Content-Type") != r.Type {
			t.Errorf("%s: HTTP %d %v, a %s of %d × %d, %v", r.Name, resp.StatusCode, resp.Header, kind, c.Width, c.Height, err)
		}
	}
}

// TestImages: an image is sent straight to the store, is checked, and is published
// in four sizes, all or none (IMG-1 to IMG-12, F59 to F62).
func TestImages(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil)
	ctx := within(t)
	photo := images.Sample("mug-blue")
	p, err := s.shop.AddImage(ctx, "mug-blue", "a blue mug", "image/jpeg", photo)
	if err != nil {
		t.Fatal(err)
	}
	s.shows(t, p)

	t.Run("F59 F61 a bad file is refused with a reason", func(t *testing.T) {
		for name, tt := range map[string]struct {
			file   string
			reason string
		}{
			"a bomb":        {"GIF89a\xff\xff\xff\xff\x00\x00\x00;", "too_many_pixels"},
			"a page":        {"<html><script>alert(1)</script>", "unknown_type"},
			"half an image": {string(photo[:len(photo)/2]), "truncated"},
		} {
			p, err := s.shop.AddImage(ctx, "mug-blue", "", "image/jpeg", []byte(tt.file))
			if err != nil || p.Status != catalog.Refused || p.Reason != tt.reason || len(p.Renditions) != 0 {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
			if link, err := s.shop.Original(ctx, p.ID); err != nil || !strings.Contains(link.URL, "/quarantine/") {
				t.Errorf("%s: %+v, %v", name, link, err)
			}
		}
	})
	t.Run("F60 the store refuses a file that differs from its announcement", func(t *testing.T) {
		for _, method := range []string{http.MethodPost, http.MethodPut} {
			asked, u, err := s.shop.AskImage(ctx, "mug-blue", "", "image/jpeg", int64(len(photo)), method)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.shop.SendFile(ctx, u, append(photo[:len(photo):len(photo)], '!')); err == nil {
				t.Errorf("%s: the store took a file with one byte too many", method)
			}
			if err := s.shop.SendFile(ctx, u, photo); err != nil {
				t.Errorf("%s: %v", method, err)
			}
			if p, err := s.shop.CompleteImage(ctx, asked.ID); err != nil || p.Status == catalog.AwaitingUpload {
				t.Errorf("%s: %+v, %v", method, p, err)
			}
		}
	})
	t.Run("by the command, whatever the file's name is", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "png-called.jpg")
		b, err := os.ReadFile("../images/testdata/alpha.png")
		if err == nil {
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		env := []string{"PURSER_DATA=" + s.dir}
		code, stdout, stderr := run(t, env, "image", "--json", "add", "tea-assam", path)
		var p shop.Image
		if err := json.Unmarshal([]byte(stdout), &p); code != 0 || err != nil {
			t.Fatalf("%d %s %s", code, stdout, stderr)
		}
		s.shows(t, p)
		if p.Renditions[0].Type != "image/png" { // it is transparent
			t.Errorf("%+v", p.Renditions)
		}
		if code, stdout, _ := run(t, env, "image", "show", p.ID); code != 0 || !strings.Contains(stdout, "ready of tea-assam") {
			t.Errorf("show: %d %s", code, stdout)
		}
		if code, stdout, _ := run(t, env, "image", "list", "mug-blue"); code != 0 || strings.Count(stdout, "refused") != 3 || strings.Count(stdout, "ready") < 1 ||
			!strings.Contains(stdout, "too_many_pixels") || !strings.Contains(stdout, "unknown_type") || !strings.Contains(stdout, "truncated") {
			t.Errorf("list: %d %s", code, stdout)
		}
		if code, _, stderr := run(t, env, "image", "add", "tea-assam", "/dev/null"); code != 2 {
			t.Errorf("an empty file: %d %s", code, stderr)
		}
	})
	t.Run("IMG-12 from a browser's page", func(t *testing.T) {
		asked, u, err := s.shop.AskImage(ctx, "bowl-hagi", "", "image/jpeg", int64(len(photo)), http.MethodPost)
		if err != nil {
			t.Fatal(err)
		}
		if status := sendFromPage(t, browse(t), s.at.API+"/livez", u, photo); status != http.StatusNoContent {
			t.Errorf("the store returned HTTP %d to the page", status)
		}
		if _, err := s.shop.CompleteImage(ctx, asked.ID); err != nil {
			t.Error(err)
		}
	})
	if code := s.interrupt(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	s.start()
	if p, err = s.shop.Image(ctx, p.ID); err != nil {
		t.Fatal(err)
	}
	s.shows(t, p) // the files are still there
}

// sendFromPage sends a file as a page's script does, from another origin than the
// store's, and returns the HTTP status.
func sendFromPage(t *testing.T, b *tab, page string, u catalog.SignedUpload, file []byte) int {
	t.Helper()
	b.open(page, "status")
	fields, err := json.Marshal(u.Fields)
	if err != nil {
		t.Fatal(err)
	}
	status, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](fmt.Sprintf(`(async () => {
		const form = new FormData();
		for (const [name, value] of Object.entries(%s)) form.append(name, value);
		const bytes = Uint8Array.from(atob(%q), c => c.charCodeAt(0));
		form.append("file", new Blob([bytes], {type: "image/jpeg"}), "image.jpg");
		return (await fetch(%q, {method: "POST", body: form})).status;
	})()`, fields, base64.StdEncoding.EncodeToString(file), u.URL), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// TestImagesSurviveKills (F64): the program is killed while it processes many
// images, and resumes after each start; each image is shown in all its sizes or,
// until it is ready, in none.
func TestImagesSurviveKills(t *testing.T) {
	t.Parallel()
	kills := 2
	if soak.Full() {
		kills = 3
	}
	s := newStack(t, nil)
	skus := []string{"mug-blue", "tea-assam", "kettle-steel", "bowl-hagi", "oud-oil", "last-lamp"}
	ids := make([]string, len(skus))
	var all sync.WaitGroup
	for i, sku := range skus {
		all.Go(func() {
			photo := images.Sample(sku)
			asked, u, err := s.shop.AskImage(within(t), sku, "", "image/jpeg", int64(len(photo)), http.MethodPost)
			if err == nil {
				err = s.shop.SendFile(within(t), u, photo)
			}
			if err != nil {
				t.Error(err)
			}
			ids[i] = asked.ID
		})
	}
	all.Wait()
	for _, id := range ids {
		if _, err := s.shop.CompleteImage(within(t), id); err != nil {
			t.Fatal(err)
		}
	}
	for range kills {
		s.awaitImages(t, ids, func(p shop.Image) bool {
			if n := len(p.Renditions); n != 0 && n != len(images.Sizes()) {
				t.Errorf("%s is shown in %d sizes", p.ID, n)
			}
			return p.Decided()
		}, 1)
		s.kill()
		s.start()
	}
	s.awaitImages(t, ids, shop.Image.Decided, len(ids))
	for _, id := range ids {
		p, err := s.shop.Image(within(t), id)
		if err != nil {
			t.Fatal(err)
		}
		s.shows(t, p)
	}
}

// awaitImages waits until n of the images are as wanted.
func (s *stack) awaitImages(t *testing.T, ids []string, is func(shop.Image) bool, n int) {
	t.Helper()
	ctx := within(t)
	for {
		are := 0
		for _, id := range ids {
			p, err := s.shop.Image(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if is(p) {
				are++
			}
		}
		if are >= n {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%d of %d images after %s", are, n, testTimeout)
		}
		pause(t, 20*time.Millisecond) // leave the processors to the images
	}
}
