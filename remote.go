package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"purser/engine"
	"purser/shop"
)

// remote is where a command finds the API.
type remote struct {
	Data string `help:"Data directory of the running stack." env:"PURSER_DATA" default:"purser-data" type:"path"`
	API  string `name:"api-url" help:"The API. Default: that of the running 'purser up' in the data directory." env:"PURSER_API_URL"`
	Key  string `help:"An API key. Default: as above." env:"PURSER_API_KEY"`
}

// client finds the API.
func (c *remote) client() (*shop.Client, error) {
	if c.API != "" {
		return &shop.Client{URL: strings.TrimRight(c.API, "/"), Key: c.Key}, nil
	}
	none := fmt.Errorf("no running stack in %s: start 'purser up', or set PURSER_API_URL and PURSER_API_KEY", c.Data)
	// A stack that was killed leaves its address behind; whoever has the port
	// now must not be shown the key.
	if pid, err := engine.Holder(c.Data); err != nil || unix.Kill(pid, 0) != nil {
		return nil, none
	}
	b, err := os.ReadFile(filepath.Join(c.Data, runningFile))
	if err != nil {
		return nil, none
	}
	var r running
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", runningFile, err)
	}
	if c.Key != "" {
		r.Key = c.Key
	}
	return &shop.Client{URL: r.API, Key: r.Key}, nil
}
