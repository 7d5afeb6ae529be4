package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/audit"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

type mappingsCommand struct {
	List   mappingsList   `cmd:"" help:"List the links."`
	Audit  mappingsAudit  `cmd:"" help:"Compare the links with what is in Plane, and say what is wrong."`
	Repair mappingsRepair `cmd:"" help:"Repair what an audit finds."`
	Import mappingsImport `cmd:"" help:"Take over the links of an old table plane.sync_mappings in the same database."`
}

type mappingsList struct {
	flowFlag
	JSON bool `help:"Print JSON."`
}

// Run lists the links.
func (c *mappingsList) Run(p *process) error {
	return p.onFlow(c.Flow, func(a *app.App, flow bridge.Flow) error {
		links, err := mapping.NewStore(a.Pool).All(p.ctx, flow.Scope())
		if err != nil {
			return err
		}
		lines := []mapping.LinkLine{}
		for _, link := range links {
			lines = append(lines, mapping.LineOf(link))
		}
		if c.JSON {
			return printJSON(p.stdout, lines)
		}
		var rows [][]any
		for _, line := range lines {
			rows = append(rows, []any{line.State, line.Key, line.Issue, line.Due, line.LastError})
		}
		if err := terminal.Table(p.stdout, rows); err != nil {
			return err
		}
		_, err = terminal.Printf(p.stdout, "%d links\n", len(lines))
		return err
	})
}

type mappingsAudit struct {
	flowFlag
	JSON bool `help:"Print JSON."`
}

// Run audits the links and changes nothing. It exits with 1 when something is
// wrong, so that a script notices.
func (c *mappingsAudit) Run(p *process) error {
	return p.onFlow(c.Flow, func(a *app.App, flow bridge.Flow) error {
		findings, err := a.Engine.Auditor().Audit(p.ctx, flow)
		if err != nil {
			return err
		}
		if c.JSON {
			if findings == nil {
				findings = []audit.Finding{}
			}
			if err := printJSON(p.stdout, findings); err != nil {
				return err
			}
		} else {
			printAudit(p, findings)
		}
		if n := repairable(findings); n > 0 {
			return fmt.Errorf("%d things are wrong; `mappings repair` repairs them", n)
		}
		return nil
	})
}

func printAudit(p *process, findings []audit.Finding) {
	for _, f := range findings {
		terminal.Printf(p.stdout, "%-16s %s", f.Kind, f.Key)
		if f.Issue != "" {
			terminal.Printf(p.stdout, " (work item %s)", f.Issue)
		}
		if f.Detail != "" {
			terminal.Printf(p.stdout, ": %s", f.Detail)
		}
		if f.Repair != "" {
			terminal.Printf(p.stdout, " -> %s", f.Repair)
		}
		terminal.Printf(p.stdout, "\n")
	}
	if len(findings) == 0 {
		terminal.Printf(p.stdout, "nothing is wrong\n")
	}
}

func repairable(findings []audit.Finding) int {
	n := 0
	for _, f := range findings {
		if f.Repair != "" {
			n++
		}
	}
	return n
}

type mappingsRepair struct {
	flowFlag
	DryRun bool `help:"Only say what would be repaired."`
}

// Run repairs what an audit finds. One repair that fails does not hold up the
// others.
func (c *mappingsRepair) Run(p *process) error {
	return p.onFlow(c.Flow, func(a *app.App, flow bridge.Flow) error {
		findings, err := a.Engine.Auditor().Audit(p.ctx, flow)
		if err != nil {
			return err
		}
		if c.DryRun {
			printAudit(p, findings)
			return nil
		}
		ctx, cancel := a.InHand(p.ctx)
		defer cancel()
		repaired, failed := 0, 0
		for _, finding := range findings {
			if finding.Repair == "" || p.ctx.Err() != nil {
				continue
			}
			if err := a.Engine.Auditor().Repair(ctx, flow, finding); err != nil {
				failed++
				a.Logger.ErrorContext(p.ctx, "not repaired", slog.String("key", string(finding.Key)), slog.Any("error", err))
				continue
			}
			repaired++
		}
		terminal.Printf(p.stdout, "%d repaired, %d failed\n", repaired, failed)
		if p.ctx.Err() != nil {
			return fmt.Errorf("stopped; what is repaired is kept: %w", context.Cause(p.ctx))
		}
		if failed > 0 {
			return fmt.Errorf("%d of %d findings could not be repaired", failed, repaired+failed)
		}
		return nil
	})
}

type mappingsImport struct {
	flowFlag
	DryRun bool `help:"Only say what would be taken over."`
	JSON   bool `help:"Print JSON."`
}

// Run takes over the links of the old table and reports each row.
func (c *mappingsImport) Run(p *process) error {
	return p.onFlow(c.Flow, func(a *app.App, flow bridge.Flow) error {
		lines, err := a.Engine.Auditor().Import(p.ctx, flow, c.DryRun)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(p.stdout, lines)
		}
		imported := 0
		for _, line := range lines {
			if line.Imported {
				imported++
				terminal.Printf(p.stdout, "taken over  %s as %s\n", line.Row, line.Key)
				continue
			}
			terminal.Printf(p.stdout, "left out    %s: %s\n", line.Row, line.Why)
		}
		verb := "taken over"
		if c.DryRun {
			verb = "would be taken over"
		}
		_, err = terminal.Printf(p.stdout, "%d of %d rows %s\n", imported, len(lines), verb)
		return err
	})
}
