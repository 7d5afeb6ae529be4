package main

import (
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/internal/database"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
	"github.com/insightpulseai/odoo-plane-bridge/migrations"
)

type migrateCommand struct{}

// Run brings the database to the newest schema. It may run while replicas serve.
func (c *migrateCommand) Run(p *process) error {
	s, _, err := p.around().SettingsWithoutOdoo(p.ctx, settings.Database)
	if err != nil {
		return err
	}
	pool, err := database.Open(s)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := database.CheckPooler(p.ctx, pool, s); err != nil {
		return err
	}
	ran, err := migrations.Up(p.ctx, pool, p.around().Logger(s))
	if err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	if ran == 0 {
		_, err = terminal.Printf(p.stdout, "the database has every migration already\n")
		return err
	}
	_, err = terminal.Printf(p.stdout, "%d migrations run\n", ran)
	return err
}
