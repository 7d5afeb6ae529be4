package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/outbound"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
)

type syncCommand struct {
	flowFlag
	Release bool `help:"Let the brake go for this run: cancel the work items of all records that are gone from Odoo."`
	DryRun  bool `help:"Print what would be created, changed and left, and what it costs. Nothing is written."`
	Full    bool `help:"Write every field that is Odoo's alone again, changed or not."`
	JSON    bool `help:"Print JSON."`
}

// Run mirrors what Odoo has into Plane, once. It is safe while replicas serve.
func (c *syncCommand) Run(p *process) error {
	return p.onFlow(c.Flow, func(a *app.App, flow bridge.Flow) error {
		plan, err := c.mirror(a).Plan(p.ctx, flow, c.extent())
		if err != nil {
			return err
		}
		if c.DryRun {
			return c.print(p.stdout, plan)
		}
		return c.execute(p, a, flow, plan)
	})
}

func (c *syncCommand) mirror(a *app.App) *mirror.Mirror {
	if c.Release {
		return a.Engine.Mirror().Released()
	}
	return a.Engine.Mirror()
}

func (c *syncCommand) extent() mirror.Extent {
	if c.Full {
		return mirror.Everything
	}
	return mirror.WhatChanged
}

func (c *syncCommand) print(w io.Writer, plan mirror.Plan) error {
	if c.JSON {
		return printJSON(w, outbound.Summarise(plan))
	}
	var rows [][]any
	for _, step := range plan.Work() {
		rows = append(rows, rowOf(step))
	}
	if err := terminal.Table(w, rows); err != nil {
		return err
	}
	printConflicts(w, plan)
	sum := outbound.Summarise(plan)
	_, err := terminal.Printf(w, "%d to create, %s%d to change, %d to cancel, %s%d to leave as they are: about %d requests, %s at 60 a minute\n",
		sum.Create, ifAny(sum.Adopt, "%d to adopt, "), sum.Change, sum.Cancel, heldPart(sum.Held), sum.Leave, sum.Requests, minutes(sum.Requests))
	return err
}

// heldPart is nothing while the brake holds nothing.
func heldPart(held int) string { return ifAny(held, "%d held by the brake, ") }

// ifAny is a part of a sentence about something that seldom happens.
func ifAny(n int, part string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(part, n)
}

func rowOf(step mirror.Step) []any {
	return []any{step.Action, step.Item.Fields.TargetDate, step.Item.Fields.Name, detail(step)}
}

func detail(step mirror.Step) string {
	var parts []string
	for _, field := range step.Fields {
		parts = append(parts, string(field))
	}
	if step.Reason != "" {
		parts = append(parts, step.Reason)
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func printConflicts(w io.Writer, plan mirror.Plan) {
	for _, conflict := range plan.Conflicts {
		terminal.Printf(w, "left out: Odoo's record %d has the same key as record %d (%s); delete one of them in Odoo\n",
			conflict.OdooID, conflict.MirroredID, conflict.Key)
	}
	if plan.Brake != nil {
		var rows [][]any
		for _, step := range plan.Steps {
			if step.Action == mirror.ActionHold {
				rows = append(rows, rowOf(step))
			}
		}
		_ = terminal.Table(w, rows) // A terminal that is gone has nobody to tell.
		terminal.Printf(w, "held by the brake: %s\n", plan.Brake)
	}
}

// minutes says how long n requests take at Plane's documented rate.
func minutes(n int) string {
	switch whole := int(math.Ceil(float64(n) / 60)); {
	case n == 0:
		return "no time"
	case whole == 1:
		return "a minute at most"
	default:
		return fmt.Sprintf("about %d minutes", whole)
	}
}

// syncResult is what a sync did, and what it found standing.
type syncResult struct {
	outbound.Result
	// Alarms are what else only a person can end: other brakes, a silent webhook.
	Alarms []string `json:"alarms,omitempty"`
}

func (c *syncCommand) execute(p *process, a *app.App, flow bridge.Flow, plan mirror.Plan) error {
	if err := a.Engine.Mirror().NoteBrake(p.ctx, plan); err != nil {
		return err
	}
	done, err := carryOut(p, a, flow, plan, c.extent())
	result := syncResult{Result: done}
	if err != nil && !result.Stopped {
		return err
	}
	if err == nil {
		a.ShowStatus(p.ctx)
		if result.Alarms, err = a.Engine.Alarms(p.ctx, flow); err != nil {
			return err
		}
	}
	if err := errors.Join(c.tell(p.stdout, plan, result), err); err != nil {
		return err
	}
	if plan.Brake != nil {
		return fmt.Errorf("cancelling is held by the brake; everything else is done: %s", plan.Brake)
	}
	if result.Failed > 0 {
		return fmt.Errorf("%d of %d work items could not be written; run sync again", result.Failed, len(plan.Work()))
	}
	return nil
}

// carryOut carries out a plan and shows how far it is.
func carryOut(p *process, a *app.App, flow bridge.Flow, plan mirror.Plan, extent mirror.Extent) (outbound.Result, error) {
	progress := newProgress(p.stderr, "mirroring", len(plan.Work()))
	defer progress.Done()
	return a.CarryOut(p.ctx, flow, plan, extent, progress.Step)
}

// tell prints what was done.
func (c *syncCommand) tell(w io.Writer, plan mirror.Plan, result syncResult) error {
	if c.JSON {
		return printJSON(w, result)
	}
	printConflicts(w, plan)
	_, err := terminal.Printf(w, "%d created, %s%d changed, %d cancelled, %s%d left as they are, %d failed\n",
		result.Created, ifAny(result.Adopted, "%d adopted, "), result.Changed, result.Cancelled, heldPart(result.Held), result.Left, result.Failed)
	for _, failure := range result.Errors {
		terminal.Printf(w, "failed: %s\n", failure)
	}
	for _, alarm := range result.Alarms {
		terminal.Printf(w, "besides: %s\n", alarm)
	}
	return err
}

// slowAfter is when a person is shown that work goes on.
const slowAfter = time.Second
