package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
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
	return p.onFlow(c.Flow, func(a *app, flow bridge.Flow) error {
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

func (c *syncCommand) mirror(a *app) *bridge.Mirror {
	if c.Release {
		return a.bridge.Mirror().Released()
	}
	return a.bridge.Mirror()
}

func (c *syncCommand) extent() bridge.Extent {
	if c.Full {
		return bridge.Everything
	}
	return bridge.WhatChanged
}

// apply carries out one step of a plan.
func apply(ctx context.Context, a *app, flow bridge.Flow, step bridge.Step, extent bridge.Extent) (bridge.Step, error) {
	if step.Action == bridge.ActionCancel {
		return a.bridge.Mirror().Cancel(ctx, flow, step.Item.Key)
	}
	return a.bridge.Mirror().Apply(ctx, flow, step.Item, extent)
}

func (c *syncCommand) print(w io.Writer, plan bridge.Plan) error {
	if c.JSON {
		return printJSON(w, summarise(plan))
	}
	for _, step := range plan.Work() {
		fmt.Fprintf(w, "%-7s %-10s %s%s\n", step.Action, step.Item.Fields.TargetDate, step.Item.Fields.Name, detail(step))
	}
	printConflicts(w, plan)
	sum := summarise(plan)
	_, err := fmt.Fprintf(w, "%d to create, %d to change, %d to cancel, %s%d to leave as they are: about %d requests, %s at 60 a minute\n",
		sum.Create, sum.Change, sum.Cancel, heldPart(sum.Held), sum.Leave, sum.Requests, minutes(sum.Requests))
	return err
}

// heldPart is nothing while the brake holds nothing.
func heldPart(held int) string {
	if held == 0 {
		return ""
	}
	return fmt.Sprintf("%d held by the brake, ", held)
}

func detail(step bridge.Step) string {
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
	return "  (" + strings.Join(parts, ", ") + ")"
}

func printConflicts(w io.Writer, plan bridge.Plan) {
	for _, conflict := range plan.Conflicts {
		fmt.Fprintf(w, "left out: Odoo's record %d has the same key as record %d (%s); delete one of them in Odoo\n",
			conflict.OdooID, conflict.MirroredID, conflict.Key)
	}
	if plan.Brake != nil {
		for _, step := range plan.Steps {
			if step.Action == bridge.ActionHold {
				fmt.Fprintf(w, "%-7s %-10s %s\n", step.Action, step.Item.Fields.TargetDate, step.Item.Fields.Name)
			}
		}
		fmt.Fprintln(w, "held by the brake:", plan.Brake)
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

// planSummary is a plan as JSON shows it.
type planSummary struct {
	Create    int        `json:"create"`
	Change    int        `json:"change"`
	Cancel    int        `json:"cancel"`
	Leave     int        `json:"leave"`
	Held      int        `json:"held"`
	Brake     string     `json:"brake,omitempty"`
	Requests  int        `json:"requests"`
	Conflicts int        `json:"conflicts"`
	Steps     []stepLine `json:"steps"`
}

type stepLine struct {
	Action string   `json:"action"`
	Key    string   `json:"key"`
	Name   string   `json:"name"`
	Due    string   `json:"due"`
	Fields []string `json:"fields,omitempty"`
	Reason string   `json:"reason,omitempty"`
}

func summarise(plan bridge.Plan) planSummary {
	sum := planSummary{
		Create: plan.Count(bridge.ActionCreate), Change: plan.Count(bridge.ActionChange), Leave: plan.Count(bridge.ActionLeave), Cancel: plan.Count(bridge.ActionCancel), Held: plan.Count(bridge.ActionHold),
		Requests: plan.Requests(), Conflicts: len(plan.Conflicts), Steps: []stepLine{},
	}
	if plan.Brake != nil {
		sum.Brake = plan.Brake.String()
	}
	for _, step := range plan.Work() {
		line := stepLine{
			Action: string(step.Action), Key: string(step.Item.Key), Name: step.Item.Fields.Name,
			Due: step.Item.Fields.TargetDate, Reason: step.Reason,
		}
		for _, field := range step.Fields {
			line.Fields = append(line.Fields, string(field))
		}
		sum.Steps = append(sum.Steps, line)
	}
	return sum
}

// syncResult is what a sync did.
type syncResult struct {
	Created   int `json:"created"`
	Changed   int `json:"changed"`
	Cancelled int `json:"cancelled"`
	Left      int `json:"left"`
	// Held are work items whose record is gone from Odoo and that the brake keeps.
	Held      int      `json:"held"`
	Brake     string   `json:"brake,omitempty"`
	Failed    int      `json:"failed"`
	Conflicts int      `json:"conflicts"`
	Errors    []string `json:"errors,omitempty"`
}

func (c *syncCommand) execute(p *process, a *app, flow bridge.Flow, plan bridge.Plan) error {
	if err := a.bridge.Mirror().NoteBrake(p.ctx, plan); err != nil {
		return err
	}
	result, err := carryOut(p, a, flow, plan, c.extent())
	if err != nil {
		return err
	}
	a.showStatus(p.ctx)
	if c.JSON {
		if err := printJSON(p.stdout, result); err != nil {
			return err
		}
	} else {
		printConflicts(p.stdout, plan)
		fmt.Fprintf(p.stdout, "%d created, %d changed, %d cancelled, %s%d left as they are, %d failed\n",
			result.Created, result.Changed, result.Cancelled, heldPart(result.Held), result.Left, result.Failed)
		for _, failure := range result.Errors {
			fmt.Fprintln(p.stdout, "failed:", failure)
		}
	}
	if plan.Brake != nil {
		return fmt.Errorf("cancelling is held by the brake; everything else is done: %s", plan.Brake)
	}
	if result.Failed > 0 {
		return fmt.Errorf("%d of %d work items could not be written; run sync again", result.Failed, len(plan.Work()))
	}
	return nil
}

// carryOut applies a plan step by step. One step that fails does not hold up the
// others; a server that is away does.
func carryOut(p *process, a *app, flow bridge.Flow, plan bridge.Plan, extent bridge.Extent) (syncResult, error) {
	result := syncResult{Left: plan.Count(bridge.ActionLeave), Held: plan.Count(bridge.ActionHold), Conflicts: len(plan.Conflicts)}
	if plan.Brake != nil {
		result.Brake = plan.Brake.String()
	}
	progress := newProgress(p.stderr, "mirroring", len(plan.Work()))
	defer progress.Done()
	ctx := plane.WithLane(p.ctx, plane.LaneBackfill)
	away := 0
	for _, step := range plan.Work() {
		done, err := apply(ctx, a, flow, step, extent)
		switch {
		case ctx.Err() != nil:
			return result, fmt.Errorf("stopped; what is done is kept, and the next sync goes on: %w", context.Cause(ctx))
		case errors.Is(err, bridge.ErrLocked):
			result.Left++
		case err != nil:
			a.logger.DebugContext(ctx, "a work item could not be written", slog.Any("error", err))
			result.Failed++
			result.Errors = append(result.Errors, err.Error())
		case done.Action == bridge.ActionCreate:
			result.Created++
		case done.Action == bridge.ActionChange:
			result.Changed++
		case done.Action == bridge.ActionCancel:
			result.Cancelled++
		default:
			result.Left++
		}
		progress.Step()
		if holdsAll(err) {
			away++
		}
		if away >= maxFailures && result.Created+result.Changed+result.Cancelled == 0 {
			return result, fmt.Errorf("the first work items all failed, %d of them because a server is away; the last: %w", away, err)
		}
	}
	return result, nil
}

// holdsAll reports whether a failure is not of one work item alone.
func holdsAll(err error) bool {
	return err != nil && !errors.Is(err, bridge.ErrLocked) && !errors.Is(err, bridge.ErrNotWritable) && !errors.Is(err, plane.ErrInvalid) && !errors.Is(err, plane.ErrTooLarge)
}

// maxFailures is how many steps may fail in a row from the start before a sync
// gives up: Plane is away then, and more tries only cost time.
const maxFailures = 3

// slowAfter is when a person is shown that work goes on.
const slowAfter = time.Second
