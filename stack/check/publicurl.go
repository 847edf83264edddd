package check

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// publicURL checks that providers and shoppers reach this installation.
func (c *checker) publicURL(ctx context.Context) []Line {
	const name = "public URL"
	const do = "set it to the https address at which Stripe and shoppers reach the API"
	at := strings.TrimRight(c.cfg.PublicURL, "/")
	u, err := url.Parse(at)
	switch {
	case at == "" && c.Live:
		return []Line{problem(name, "PURSER_PUBLIC_URL is not set", do)}
	case at == "" && c.Role == Up:
		return []Line{ok(name, "PURSER_PUBLIC_URL is not set: links lead to this machine")}
	case at == "":
		return []Line{warning(name, "PURSER_PUBLIC_URL is not set, so links lead to the API's own address, and campaigns are paused", do)}
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return []Line{problem(name, fmt.Sprintf("PURSER_PUBLIC_URL is no address: %q", at), do)}
	case !c.Live:
		return []Line{ok(name, at)}
	case u.Scheme != "https":
		return []Line{problem(name, "PURSER_PUBLIC_URL is not encrypted: "+at, do)}
	case c.with.Installation() == "":
		return []Line{notChecked(name, true, "there is no vault key, by which the API could be recognised")}
	}
	return []Line{c.ask(ctx, name, at, u.Hostname())}
}

// ask calls the API at the public URL, and compares its installation with this one.
func (c *checker) ask(ctx context.Context, name, at, host string) Line {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/livez", nil)
	if err != nil {
		return problem(name, err.Error(), "set PURSER_PUBLIC_URL")
	}
	req.Header.Set("Cache-Control", "no-cache")
	client := &http.Client{
		Transport: c.Transport, Timeout: within,
		// Stripe follows no redirect either.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return notReached(name, host, err)
	}
	defer resp.Body.Close()
	var says struct {
		Status       string `json:"status"`
		Installation string `json:"installation"`
	}
	// What cannot be read is not from Purser.
	_ = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&says)
	switch {
	case resp.StatusCode == http.StatusOK && says.Installation == c.with.Installation():
		return ok(name, at+" leads to this installation")
	case resp.StatusCode == http.StatusOK && says.Installation != "":
		return problem(name, at+" leads to another installation of Purser", "give all roles the same PURSER_VAULT_KEY, or set PURSER_PUBLIC_URL")
	case resp.StatusCode >= 300 && resp.StatusCode <= 399:
		return problem(name, fmt.Sprintf("%s redirects, and Stripe follows no redirect", at), "set PURSER_PUBLIC_URL to "+target(resp))
	case resp.StatusCode >= 502 && resp.StatusCode <= 504:
		return problem(name, fmt.Sprintf("the proxy at %s does not reach the API (HTTP %d)", host, resp.StatusCode), "start the API, and check the proxy's upstream")
	}
	return problem(name, fmt.Sprintf("%s leads to something else than Purser (HTTP %d)", at, resp.StatusCode), "have the proxy pass /livez, /v1/ and /webhooks/ to the API, or set PURSER_PUBLIC_URL")
}

// target returns where a redirect leads, without the path that was asked for.
func target(resp *http.Response) string {
	to, err := resp.Location()
	if err != nil {
		return "the address that it leads to"
	}
	to.RawQuery, to.Fragment = "", ""
	return strings.TrimSuffix(to.String(), "/livez")
}

// notReached returns the line of a public URL that does not respond.
func notReached(name, host string, err error) Line {
	var unknown *net.DNSError
	var invalid *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return problem(name, host+" has no address", "publish its A or AAAA record, or set PURSER_PUBLIC_URL")
	case errors.As(err, &unknown):
		return notChecked(name, true, cause(err))
	case errors.As(err, &invalid):
		return problem(name, fmt.Sprintf("the certificate of %s is not valid: %v", host, invalid.Err), "renew it, or get one for this name")
	case errors.Is(err, http.ErrSchemeMismatch):
		return problem(name, host+" does not use TLS", "turn it on at the proxy")
	}
	return problem(name, fmt.Sprintf("nothing responds at %s: %s", host, cause(err)), "start the proxy and the API, and open the firewall for providers")
}
