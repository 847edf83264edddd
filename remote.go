package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"purser/engine"
	"purser/shop"
)

// remote says where the API is that a command talks to, and how it answers.
type remote struct {
	Data string `help:"Data directory of the running stack." env:"PURSER_DATA" default:"purser-data" type:"path"`
	API  string `name:"api-url" help:"The API. Default: that of the running 'purser up' in the data directory." env:"PURSER_API_URL"`
	Key  string `help:"An API key. Default: as above." env:"PURSER_API_KEY"`
	JSON bool   `name:"json" help:"Print JSON."`
}

// running is what a running stack leaves in its data directory, so that the
// commands find it.
type running struct {
	API            string `json:"api"`
	Key            string `json:"key"`
	Sandbox        string `json:"sandbox,omitempty"`
	PublishableKey string `json:"publishableKey,omitempty"`
	TemporalUI     string `json:"temporalUi,omitempty"`
	Temporal       string `json:"temporal,omitempty"`
}

const runningFile = "running.json"

// client finds the API.
func (r *remote) client() (*shop.Client, error) {
	if r.API != "" {
		return &shop.Client{URL: strings.TrimRight(r.API, "/"), Key: r.Key}, nil
	}
	none := fmt.Errorf("no running stack in %s: start 'purser up', or set PURSER_API_URL and PURSER_API_KEY", r.Data)
	// A stack that was killed leaves its address behind; whoever has the port
	// now must not be shown the key.
	if pid, err := engine.Holder(r.Data); err != nil || unix.Kill(pid, 0) != nil {
		return nil, none
	}
	b, err := os.ReadFile(filepath.Join(r.Data, runningFile))
	if err != nil {
		return nil, none
	}
	var at running
	if err := json.Unmarshal(b, &at); err != nil {
		return nil, fmt.Errorf("%s: %w", runningFile, err)
	}
	if r.Key != "" {
		at.Key = r.Key
	}
	return &shop.Client{URL: at.API, Key: at.Key}, nil
}

// forget removes what the commands would find; a stack that is gone must not
// be called.
func forget(dir string) error {
	err := os.Remove(filepath.Join(dir, runningFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
