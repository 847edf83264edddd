//go:build !lean

package engine

import (
	"net"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

// startUI serves the Web UI, which calls the frontend over gRPC like any client.
func (e *Engine) startUI(c Config, p ports) {
	e.ui = uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host:                bracketed(c.Host),
		Port:                p.ui,
		TemporalGRPCAddress: e.address,
		DefaultNamespace:    c.Namespace,
		EnableUI:            true,
		HideLogs:            true,
		DisableNewsFetch:    true,
		NotifyOnNewVersion:  false,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain HTTP on loopback
	}))
	e.uiURL = "http://" + hostPort(c.Host, p.ui)
	go e.ui.Start() //nolint:errcheck // always nil: it exits the process on a taken port, hence choosePorts
}

// bracketed returns host as the UI server expects it before ":port".
func bracketed(host string) string {
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return "[" + host + "]"
	}
	return host
}
