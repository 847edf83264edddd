package commands

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"purser/config"
	"purser/shop"
	"purser/stack"
)

// remote holds the flags of all commands that call the API: where it is, and how
// its responses are printed.
type remote struct {
	Data string `help:"The data directory of the running stack." env:"PURSER_DATA" default:"purser-data" type:"path"`
	API  string `name:"api-url" help:"The URL of the API. Default: the API of the 'purser up' that runs on the data directory." env:"PURSER_API_URL"`
	Key  string `help:"An API key, or file: and the name of a file that contains it. Default: the key of the 'purser up' that runs on the data directory." env:"PURSER_API_KEY"`
	JSON bool   `name:"json" help:"Print JSON."`
}

// client returns a client for the API that the flags name, or for the stack that
// runs on the data directory.
func (r *remote) client() (*shop.Client, error) {
	if err := config.ReadSecret("PURSER_API_KEY", &r.Key); err != nil {
		return nil, err
	}
	if r.API != "" {
		if u, err := url.Parse(r.API); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, usageError{fmt.Errorf("--api-url %q: want http://host or https://host", r.API)}
		}
		return &shop.Client{URL: strings.TrimRight(r.API, "/"), Key: r.Key}, nil
	}
	at, err := stack.Find(r.Data)
	if err != nil {
		return nil, fmt.Errorf("no running stack in %s: start 'purser up', or set PURSER_API_URL and PURSER_API_KEY", r.Data)
	}
	return &shop.Client{URL: at.API, Key: cmp.Or(r.Key, at.Key)}, nil
}
