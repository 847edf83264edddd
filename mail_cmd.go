package main

// mailCmd shows mail and steers it, over the API.
type mailCmd struct {
	remote
	JSON bool `name:"json" help:"Print JSON."`
	mailDeskCmd
	feedbackCmd
}
