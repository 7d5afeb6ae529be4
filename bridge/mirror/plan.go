package mirror

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// Action is what a plan does with one record.
type Action string

// The actions of a plan.
const (
	ActionCreate Action = "create"
	// ActionAdopt binds a work item that is in Plane already.
	ActionAdopt  Action = "adopt"
	ActionChange Action = "change"
	ActionCancel Action = "cancel"
	ActionLeave  Action = "leave"
	// ActionHold is a cancellation that the brake holds back.
	ActionHold Action = "hold"
)

// Extent is how much of what is mirrored already is written again.
type Extent int

// The extents of a plan.
const (
	// WhatChanged writes what Odoo wants otherwise than at the last write.
	WhatChanged Extent = iota
	// WhatDrifted writes also what Odoo owns and somebody edited in Plane. It reads
	// the work item first.
	WhatDrifted
	// Everything writes every field that is Odoo's alone again, changed or not. The
	// others are written as always: when Odoo wants them otherwise than before.
	Everything
)

// Step is what is to be done for one record.
type Step struct {
	Action Action
	Item   bridge.WantedItem
	// Fields are what a change writes.
	Fields []mapping.Field
	// Looks says that the work item is read and compared in full first.
	Looks bool
	// Reason says why, where the action alone does not.
	Reason string
	// resumes says that an earlier create was cut short, so that it is looked for.
	resumes bool
	// settles says that nothing is written to Plane, and that what Odoo was told of the
	// work item is taken back, because the record is closed.
	settles bool
}

// Writes reports whether the step does anything, in Plane or in Odoo.
func (s Step) Writes() bool { return s.settles || s.Action != ActionLeave && s.Action != ActionHold }

// Requests is how many requests to Plane the step takes when nothing goes wrong.
// Writing labels takes one more: Plane replaces the whole list, so it is read
// first to keep what people added; what is adopted was read by the plan. A
// cancellation is a comment and a change.
func (s Step) Requests() int {
	switch {
	case !s.Writes(), s.settles, s.Action == ActionAdopt && len(s.Fields) == 0:
		return 0
	case s.Action == ActionAdopt, s.Looks && len(s.Fields) == 0:
		return 1
	case s.Looks, s.Action == ActionCancel, s.resumes, slices.Contains(s.Fields, mapping.FieldLabels):
		return 2
	default:
		return 1
	}
}

// Plan is everything a sync would do, as a value: a dry run prints it, and a sync
// carries out the same value.
type Plan struct {
	Scope     mapping.Scope
	Steps     []Step
	Conflicts []bridge.Conflict
	// Labels are the names of labels that Plane does not have yet; writing makes
	// each by one request.
	Labels []string
	// looks is what listing the project took.
	looks int
	// Brake is set when so many records vanished at once that none of their work
	// items is cancelled.
	Brake *Brake
}

// Brake says why cancellations are held back.
type Brake struct {
	Vanished int
	Linked   int
	// Share is the share of links that may be cancelled at once.
	Share float64
}

func (b Brake) String() string {
	return fmt.Sprintf("%d of %d linked records are gone from Odoo at once, more than the %.0f %% that may be cancelled in one run, so none is cancelled. "+
		"Is it the right database, and may the user read all records? If they are really gone, `sync --release` cancels their work items once", b.Vanished, b.Linked, 100*b.Share)
}

// catalogueRequests is what reading a project's states and labels costs; it is
// done once, and only when there is something to write.
const catalogueRequests = 2

// Requests is how many requests to Plane the plan takes when nothing goes wrong,
// those of planning included.
func (p Plan) Requests() int {
	total := p.looks + len(p.Labels)
	for _, step := range p.Steps {
		total += step.Requests()
	}
	if slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Writes() && !s.settles }) {
		total += catalogueRequests
	}
	return total
}

// Left is how many work items the plan leaves as they are.
func (p Plan) Left() int { return len(p.Steps) - len(p.Work()) - p.Count(ActionHold) }

// Count is how many steps have an action.
func (p Plan) Count(action Action) int {
	n := 0
	for _, step := range p.Steps {
		if step.Action == action {
			n++
		}
	}
	return n
}

// Work lists the steps that write.
func (p Plan) Work() []Step {
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return !s.Writes() })
}

// Released is the same mirror with its brake let go, for one run that a person asked
// for.
func (m *Mirror) Released() *Mirror {
	released := *m
	released.brake = 1
	return &released
}

// NoteBrake keeps whether a plan that is about to be carried out is held by the brake.
func (m *Mirror) NoteBrake(ctx context.Context, plan Plan) error {
	var held *ledger.HeldBrake
	if b := plan.Brake; b != nil {
		held = &ledger.HeldBrake{Held: b.Vanished, Linked: b.Linked, Why: b.String()}
	}
	return ledger.BrakesIn(m.Pool).Note(ctx, plan.Scope, ledger.BrakeToPlane, held)
}

// Plan compares what a flow wants with what was last written. It asks Odoo and
// the database, and Plane only for what neither can know; see look.
func (m *Mirror) Plan(ctx context.Context, flow bridge.Flow, extent Extent) (Plan, error) {
	scope := flow.Scope()
	wanted, err := flow.Wanted(ctx)
	if err != nil {
		return Plan{}, fmt.Errorf("reading what flow %s wants from Odoo: %w", scope.Flow, err)
	}
	links, err := m.Links.All(ctx, scope)
	if err != nil {
		return Plan{}, err
	}
	byKey := make(map[mapping.Key]mapping.Link, len(links))
	for _, link := range links {
		byKey[link.Key] = link
	}
	plan := Plan{Scope: scope, Conflicts: wanted.Conflicts}
	for _, item := range wanted.Items {
		link, found := byKey[item.Key]
		step := decide(item, link, found, flow.Ownership(), extent)
		step.resumes = found && link.State == mapping.Intended
		if step.settles = step.Action == ActionLeave && item.Fields.Closed() && bridge.ToTakeBack(flow, link); step.settles {
			step.Reason = "Odoo has closed the record; what it was told of the work item is taken back"
		}
		plan.Steps = append(plan.Steps, step)
		delete(byKey, item.Key)
	}
	plan.addVanished(flow, byKey, live(links), m.brake)
	err = m.look(ctx, flow, &plan, links)
	slices.SortStableFunc(plan.Steps, func(a, b Step) int { return cmp.Compare(a.Item.Fields.TargetDate, b.Item.Fields.TargetDate) })
	return plan, err
}

// live counts the links whose record Odoo is known to have. Those that were cancelled
// long ago would let the brake pass more and more of the others.
func live(links []mapping.Link) int {
	n := 0
	for _, link := range links {
		if link.State != mapping.Cancelled {
			n++
		}
	}
	return n
}

// addVanished cancels the work items of records that Odoo has no more, unless
// there are so many that the fault is more likely on the way to Odoo. One that is
// archived stays as it is, and what Odoo was told of it is taken back.
func (p *Plan) addVanished(flow bridge.Flow, byKey map[mapping.Key]mapping.Link, linked int, share float64) {
	var steps []Step
	for _, link := range byKey {
		if link.State == mapping.Linked || link.State == mapping.Intended || link.State == mapping.Broken && bridge.ToTakeBack(flow, link) {
			item := bridge.WantedItem{Key: link.Key, OdooID: link.OdooID, Fields: link.LastPushed}
			steps = append(steps, Step{Action: ActionCancel, Item: item, Reason: "Odoo has no such record any more"})
		}
	}
	if ledger.Brakes(len(steps), linked, share) {
		p.Brake = &Brake{Vanished: len(steps), Linked: linked, Share: share}
		for i := range steps {
			steps[i].Action, steps[i].Reason = ActionHold, "gone from Odoo, and held by the brake"
		}
	}
	slices.SortFunc(steps, func(a, b Step) int { return cmp.Compare(a.Item.Key, b.Item.Key) })
	p.Steps = append(p.Steps, steps...)
}

// decide says what one record needs, from its link alone.
func decide(item bridge.WantedItem, link mapping.Link, found bool, ownership mapping.Ownership, extent Extent) Step {
	switch {
	case !found:
		return Step{Action: ActionCreate, Item: item}
	case link.State == mapping.Intended:
		return Step{Action: ActionCreate, Item: item, Reason: "an earlier attempt was cut short"}
	case link.State == mapping.Broken:
		return Step{Action: ActionLeave, Item: item, Reason: "its work item is archived in Plane"}
	case link.State == mapping.Cancelled:
		return Step{Action: ActionChange, Item: item, Fields: mapping.AllFields, Reason: "the record is back in Odoo"}
	case link.Waits() && extent == WhatChanged:
		return Step{Action: ActionLeave, Item: item, Reason: *link.LastError}
	case extent == Everything:
		return Step{Action: ActionChange, Item: item, Fields: everything(item, link, ownership), Reason: "everything is written again"}
	}
	if differing := outstanding(item, link); len(differing) > 0 {
		return Step{Action: ActionChange, Item: item, Fields: differing, Looks: link.LookDue}
	}
	if link.LookDue {
		return Step{Action: ActionChange, Item: item, Looks: true, Reason: "it is compared in full"}
	}
	if link.LastError != nil {
		return Step{Action: ActionLeave, Item: item, Reason: *link.LastError}
	}
	return Step{Action: ActionLeave, Item: item}
}

// outstanding are the fields that Odoo wants otherwise than was confirmed. Those
// that Plane refused wait until their time.
func outstanding(item bridge.WantedItem, link mapping.Link) []mapping.Field {
	return slices.DeleteFunc(item.Fields.Differing(link.LastPushed), func(field mapping.Field) bool {
		return !link.LookDue && link.Refused.Has(field, item.Fields)
	})
}

func everything(item bridge.WantedItem, link mapping.Link, ownership mapping.Ownership) []mapping.Field {
	differing := item.Fields.Differing(link.LastPushed)
	return slices.DeleteFunc(slices.Clone(mapping.AllFields), func(field mapping.Field) bool {
		return !ownership.Alone(field, item.Fields) && !slices.Contains(differing, field)
	})
}
