package main

import "github.com/insightpulseai/odoo-plane-bridge/internal/app"

type serveCommand struct{}

// Run serves until the process is told to stop.
func (c *serveCommand) Run(p *process) error { return app.Serve(p.ctx, p.around()) }
