package main

import (
	"purser/shop"
)

// remote is where a command finds the API.
type remote struct {
	Data string `help:"Data directory of the running stack." env:"PURSER_DATA" default:"purser-data" type:"path"`
	API  string `name:"api-url" help:"The API. Default: that of the running 'purser up' in the data directory." env:"PURSER_API_URL"`
	Key  string `help:"An API key. Default: as above." env:"PURSER_API_KEY"`
}

func (r *remote) client() (*shop.Client, error) {
	return (&orderCmd{Data: r.Data, API: r.API, Key: r.Key}).client()
}
