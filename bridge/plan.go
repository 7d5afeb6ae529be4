package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// ErrNoRecord is what a flow returns when Odoo has no record for a key or an id.
var ErrNoRecord = errors.New("odoo has no such record")

// Action is what a plan does with one record.
type Action string

// The actions of a plan.
const (
	ActionCreate Action = "create"
	ActionChange Action = "change"
	ActionLeave  Action = "leave"
)

// Step is what is to be done for one record.
type Step struct {
	Action Action
	Item   WantedItem
	// Fields are what a change writes.
	Fields []mapping.Field
	// Reason says why, where the action alone does not.
	Reason string
}

// Requests is how many requests to Plane the step takes when nothing goes wrong.
// Writing labels takes one more: Plane replaces the whole list, so it is read
// first to keep what people added.
func (s Step) Requests() int {
	switch {
	case s.Action == ActionLeave:
		return 0
	case slices.Contains(s.Fields, mapping.FieldLabels):
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
	Conflicts []Conflict
}

// catalogueRequests is what reading a project's states and labels costs; it is
// done once, and only when there is something to write.
const catalogueRequests = 2

// Requests is how many requests to Plane the plan takes when nothing goes wrong
// and every label exists.
func (p Plan) Requests() int {
	total := 0
	for _, step := range p.Steps {
		total += step.Requests()
	}
	if total > 0 {
		total += catalogueRequests
	}
	return total
}

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
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return s.Action == ActionLeave })
}

// Extent is how much of what is mirrored already a plan writes again.
type Extent bool

// The extents of a plan.
const (
	// WhatChanged writes what Odoo wants otherwise than at the last write.
	WhatChanged Extent = false
	// Everything writes every field that Odoo owns again, changed or not. It puts
	// back what was edited in Plane, at one or two requests a work item.
	Everything Extent = true
)

// Plan compares what a flow wants with what was last written. It asks Odoo and
// the database and makes no request to Plane.
func (m *Mirror) Plan(ctx context.Context, flow Flow, extent Extent) (Plan, error) {
	scope := flow.Scope()
	wanted, err := flow.Wanted(ctx)
	if err != nil {
		return Plan{}, fmt.Errorf("reading what flow %s wants from Odoo: %w", scope.Flow, err)
	}
	links, err := m.links.All(ctx, scope)
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
		plan.Steps = append(plan.Steps, decide(item, link, found, extent))
	}
	slices.SortStableFunc(plan.Steps, func(a, b Step) int { return cmp.Compare(a.Item.Fields.TargetDate, b.Item.Fields.TargetDate) })
	return plan, nil
}

// decide says what one record needs, from its link alone.
func decide(item WantedItem, link mapping.Link, found bool, extent Extent) Step {
	switch {
	case !found:
		return Step{Action: ActionCreate, Item: item}
	case link.State == mapping.Intended:
		return Step{Action: ActionCreate, Item: item, Reason: "an earlier attempt was cut short"}
	case link.State == mapping.Broken:
		return Step{Action: ActionLeave, Item: item, Reason: "its work item is archived in Plane"}
	}
	if extent == Everything {
		return Step{Action: ActionChange, Item: item, Fields: ownedFields(item.Fields), Reason: "everything is written again"}
	}
	if differing := item.Fields.Differing(link.LastPushed); len(differing) > 0 {
		return Step{Action: ActionChange, Item: item, Fields: differing}
	}
	return Step{Action: ActionLeave, Item: item}
}

// ownedFields are the fields that Odoo owns. The state is among them only when
// the matter is closed: among open groups it is the people's in Plane.
func ownedFields(wanted mapping.Fields) []mapping.Field {
	owned := []mapping.Field{
		mapping.FieldName, mapping.FieldDescription, mapping.FieldTargetDate, mapping.FieldPriority, mapping.FieldLabels,
	}
	if wanted.Group == string(plane.GroupCompleted) {
		owned = append(owned, mapping.FieldState)
	}
	return owned
}
