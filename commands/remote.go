package commands

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"purser/shop"
	"purser/stack"
)

// remote says where the API is that a command talks to, and how it answers.
type remote struct {
	Data string `help:"Data directory of the running stack." env:"PURSER_DATA" default:"purser-data" type:"path"`
	API  string `name:"api-url" help:"The API. Default: that of the running 'purser up' in the data directory." env:"PURSER_API_URL"`
	Key  string `help:"An API key. Default: as above." env:"PURSER_API_KEY"`
	JSON bool   `name:"json" help:"Print JSON."`
}

// client finds the API.
func (r *remote) client() (*shop.Client, error) {
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
