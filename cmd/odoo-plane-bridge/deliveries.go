package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
)

type deliveriesCommand struct {
	List   deliveriesList   `cmd:"" help:"List deliveries, newest first."`
	Show   deliveriesShow   `cmd:"" help:"Show one delivery, its body included."`
	Replay deliveriesReplay `cmd:"" help:"Work through deliveries once more: one by its id, or many by a filter."`
}

// deliveryFilter is what list and replay choose by.
type deliveryFilter struct {
	Status string        `help:"Only those in this state." enum:",received,processed,failed,ignored,dead" default:""`
	Cause  string        `help:"Only those that failed for this cause." enum:",ours,plane,odoo,data,policy,missing_key" default:""`
	Event  string        `help:"Only those of this kind, such as issue."`
	Entity string        `help:"Only those of this work item."`
	Since  time.Duration `help:"Only those received in this time, such as 24h."`
	Limit  int           `help:"At most so many." default:"100"`
}

func (f deliveryFilter) choose() ledger.DeliveryFilter {
	chosen := ledger.DeliveryFilter{
		Status: ledger.Status(f.Status), Cause: bridge.Cause(f.Cause), Event: f.Event, Entity: f.Entity, Limit: f.Limit,
	}
	if f.Since > 0 {
		chosen.Since = time.Now().Add(-f.Since)
	}
	return chosen
}

type deliveriesList struct {
	deliveryFilter
	JSON bool `help:"Print JSON."`
}

// Run lists deliveries.
func (c *deliveriesList) Run(p *process) error {
	return p.onLedger(func(a *app.App) error {
		found, err := a.Engine.Deliveries().List(p.ctx, c.choose())
		if err != nil {
			return err
		}
		lines := []ledger.DeliveryLine{}
		for _, d := range found {
			lines = append(lines, ledger.LineOf(d))
		}
		if c.JSON {
			return printJSON(p.stdout, lines)
		}
		var rows [][]any
		for _, line := range lines {
			rows = append(rows, []any{line.ID, line.Received.Format(time.DateTime), line.Status, line.Cause, line.Attempts, line.EventName(), line.Said()})
		}
		if err := terminal.Table(p.stdout, rows); err != nil {
			return err
		}
		_, err = terminal.Printf(p.stdout, "%d deliveries\n", len(lines))
		return err
	})
}

type deliveriesShow struct {
	ID   uuid.UUID `arg:"" help:"The delivery's id."`
	JSON bool      `help:"Print JSON."`
}

// Run shows one delivery.
func (c *deliveriesShow) Run(p *process) error {
	return p.onLedger(func(a *app.App) error {
		found, err := one(p, a, c.ID)
		if err != nil {
			return err
		}
		line := ledger.LineOf(found)
		line.Body = string(found.RawBody)
		if c.JSON {
			return printJSON(p.stdout, line)
		}
		terminal.Printf(p.stdout, "delivery   %s (%s)\nreceived   %s\nevent      %s\nstatus     %s, %d attempts\n", line.ID, line.Origin,
			line.Received.Format(time.RFC3339), line.EventName(), line.Status, line.Attempts)
		if line.Cause != "" {
			terminal.Printf(p.stdout, "cause      %s\n", line.Cause)
		}
		what := "body"
		if found.IsFinding() {
			what = "found by a sweep"
		}
		_, err = terminal.Printf(p.stdout, "outcome    %s\n%s\n%s\n", line.Said(), what, line.Body)
		return err
	})
}

func one(p *process, a *app.App, id uuid.UUID) (ledger.Delivery, error) {
	found, err := a.Engine.Deliveries().List(p.ctx, ledger.DeliveryFilter{ID: id})
	if err != nil {
		return ledger.Delivery{}, err
	}
	if len(found) == 0 {
		return ledger.Delivery{}, fmt.Errorf("there is no delivery %s; `deliveries list` shows those that are kept", id)
	}
	return found[0], nil
}

type deliveriesReplay struct {
	ID uuid.UUID `arg:"" optional:"" help:"The delivery's id; without it, the filter chooses."`
	deliveryFilter
	DryRun bool `help:"Only say what each would change now."`
	JSON   bool `help:"Print JSON."`
}

// Run opens deliveries again; a running bridge works through them.
func (c *deliveriesReplay) Run(p *process) error {
	filter := c.choose()
	filter.ID = c.ID
	if c.ID == uuid.Nil && c.Status == "" && c.Cause == "" && c.Event == "" && c.Entity == "" && c.Since == 0 {
		return fmt.Errorf("%w: give a delivery's id, or a filter such as --status dead", settings.ErrUsage)
	}
	replay := func(a *app.App) error {
		found, err := a.Engine.Deliveries().List(p.ctx, filter)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return errors.New("no delivery fits; `deliveries list` shows those that are kept")
		}
		lines, err := c.each(p, a, found)
		return errors.Join(err, c.print(p.stdout, lines))
	}
	if c.DryRun {
		// What each would change, the two servers tell.
		return p.onDatabase([]settings.Need{settings.Database, settings.OdooIfAny}, replay)
	}
	return p.onLedger(replay)
}

func (c *deliveriesReplay) each(p *process, a *app.App, found []ledger.Delivery) ([]ledger.DeliveryLine, error) {
	var lines []ledger.DeliveryLine
	for _, d := range found {
		line := ledger.LineOf(d)
		var err error
		if c.DryRun {
			line.WouldDo, err = a.Engine.Deliveries().Preview(p.ctx, d)
		} else {
			err = a.Engine.Deliveries().Replay(p.ctx, d.ID)
			line.ReplayedAs = string(ledger.StatusReceived)
		}
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func (c *deliveriesReplay) print(w io.Writer, lines []ledger.DeliveryLine) error {
	if c.JSON {
		return printJSON(w, lines)
	}
	var rows [][]any
	for _, line := range lines {
		what := "opened again"
		if c.DryRun {
			what = line.WouldDo
		}
		rows = append(rows, []any{line.ID, line.EventName(), what})
	}
	if err := terminal.Table(w, rows); err != nil {
		return err
	}
	if c.DryRun {
		_, err := terminal.Printf(w, "%d deliveries; nothing was changed\n", len(lines))
		return err
	}
	_, err := terminal.Printf(w, "%d deliveries opened again; `serve` works through them\n", len(lines))
	return err
}
