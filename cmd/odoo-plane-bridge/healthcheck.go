package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// probeTimeout is below the timeouts of the probes that run this command.
const probeTimeout = 3 * time.Second

// healthcheckCommand is for container images: they have no shell and no curl to
// ask with.
type healthcheckCommand struct {
	URL string `arg:"" optional:"" help:"What to ask; /healthz at LISTEN_ADDR by default."`
}

// Run asks a bridge that runs on this machine whether it lives. It fails on any
// answer but 200.
func (c *healthcheckCommand) Run(p *process) error {
	url, err := c.address(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(p.ctx, probeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("%w:\n%w", settings.ErrUsage, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking the bridge: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

func (c *healthcheckCommand) address(p *process) (string, error) {
	if c.URL != "" {
		return c.URL, nil
	}
	s, err := settings.Load(p.ctx, listenAddrOnly(p.getenv))
	if err != nil {
		return "", fmt.Errorf("%w:\n%w", settings.ErrUsage, err)
	}
	host, port, err := net.SplitHostPort(string(s.ListenAddr))
	if err != nil {
		return "", fmt.Errorf("reading LISTEN_ADDR: %w", err)
	}
	// An address for all interfaces is asked over the loopback.
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/healthz", nil
}

// listenAddrOnly reads the one setting that a probe needs: it runs every few
// seconds and has no business with secrets.
type listenAddrOnly func(string) string

// Lookup knows LISTEN_ADDR.
func (getenv listenAddrOnly) Lookup(_ context.Context, spec settings.Spec) (string, bool, error) {
	if spec.Name != "LISTEN_ADDR" {
		return "", false, nil
	}
	value, err := settings.Clean(spec, getenv(spec.Name))
	return value, value != "", err
}
