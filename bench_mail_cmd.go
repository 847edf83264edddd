package main

// benches are what can be measured.
type benches struct {
	Orders benchCmd `cmd:"" default:"withargs" help:"Orders a second, latencies and what an order costs."`
}
