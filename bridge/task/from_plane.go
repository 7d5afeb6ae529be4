package task

import (
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// column is one field that both sides may change. Contents are compared in Odoo's
// words: what Odoo cannot tell apart, such as priority low and none, is no change,
// and neither side is written because of it.
type column struct {
	field mapping.Field
	// words is what a content says in Odoo's words.
	words func(setup, mapping.Fields) string
	// put adds to values what makes the task say the same.
	put func(setup, task, mapping.Fields, odoo.Values)
}

var columns = []column{
	{
		mapping.FieldName,
		func(_ setup, f mapping.Fields) string { return f.Name },
		func(_ setup, _ task, f mapping.Fields, values odoo.Values) { values["name"] = f.Name },
	},
	{
		mapping.FieldDescription,
		func(_ setup, f mapping.Fields) string { return f.DescriptionHTML },
		func(_ setup, _ task, f mapping.Fields, values odoo.Values) {
			values["description"] = odoo.HTML(f.DescriptionHTML)
		},
	},
	{
		mapping.FieldTargetDate,
		func(_ setup, f mapping.Fields) string { return f.TargetDate },
		func(s setup, t task, f mapping.Fields, values odoo.Values) {
			values["date_deadline"] = s.deadline(f.TargetDate, t.Due)
		},
	},
	{
		mapping.FieldPriority,
		func(s setup, f mapping.Fields) string { return s.fields.priorityInOdoo(plane.Priority(f.Priority)) },
		func(s setup, _ task, f mapping.Fields, values odoo.Values) {
			values["priority"] = s.fields.priorityInOdoo(plane.Priority(f.Priority))
		},
	},
	{
		mapping.FieldState,
		func(s setup, f mapping.Fields) string { return string(s.board.groupInOdoo(plane.StateGroup(f.Group))) },
		func(s setup, t task, f mapping.Fields, values odoo.Values) {
			s.board.move(t, s.board.groupInOdoo(plane.StateGroup(f.Group)), values)
		},
	},
}

// changed reports whether somebody changed the field in Plane since it was last
// written or taken over. What the work item does not tell is no change, and neither
// is the state of one that lies in the archive.
func (c column) changed(s setup, link mapping.Link, item bridge.WorkItemState) bool {
	now := item.Fields
	switch c.field {
	case mapping.FieldName:
		return now.Name != "" && now.Name != link.Written.Name
	case mapping.FieldDescription:
		return now.DescriptionHTML != "" && digest(now.DescriptionHTML) != inPlane(link)
	case mapping.FieldState:
		return !item.Archived && now.Group != "" && c.words(s, now) != c.words(s, link.Written)
	case mapping.FieldPriority:
		return now.Priority != "" && c.words(s, now) != c.words(s, link.Written)
	default:
		return c.words(s, now) != c.words(s, link.Written)
	}
}

// update is what Odoo takes over of a work item.
type update struct {
	// values are written to the task, in one call; empty when Odoo has it all.
	values odoo.Values
	// taken are the fields that agree once the values are written, and kept those
	// that were changed on both sides: Odoo's stays, and the next sync writes it.
	taken, kept []mapping.Field
}

// fromPlane compares three ways, field by field: what was last written, what the
// work item is now, and what the task is now. Only a field that somebody changed in
// Plane and nobody in Odoo is written. It finds a field that agrees already as it
// should be, so it may be asked again after a crash or an answer that never came.
func fromPlane(t task, link mapping.Link, item bridge.WorkItemState, s setup) update {
	u := update{values: odoo.Values{}}
	wish := fromOdoo(t, s)
	for _, c := range columns {
		now := c.words(s, item.Fields)
		switch {
		case !c.changed(s, link, item):
		case now == c.words(s, wish):
			u.taken = append(u.taken, c.field)
		case c.words(s, wish) != c.words(s, link.LastPushed) && !c.tried(s, link, wish):
			u.kept = append(u.kept, c.field)
		default:
			before := len(u.values)
			c.put(s, t, item.Fields, u.values)
			if len(u.values) > before {
				u.taken = append(u.taken, c.field)
			}
		}
	}
	u.archive(t, link, item)
	return u
}

// archive follows a work item into Plane's archive and out of it. The task shows
// as cancelled meanwhile unless it is done.
func (u *update) archive(t task, link mapping.Link, item bridge.WorkItemState) {
	if item.Archived == readMemo(link.Notified).Archived || item.Archived != t.Active {
		return
	}
	u.values["active"] = !item.Archived
	if !u.has(mapping.FieldState) {
		u.taken = append(u.taken, mapping.FieldState)
	}
}

// accept is the content that both sides have once the task was written and read
// again. A field that Odoo made something else of, or that changed meanwhile, stays
// as it was last pushed, so that the next sync writes Odoo's. Descriptions always
// count as agreed: Odoo cleans HTML.
func (u update) accept(after task, link mapping.Link, item bridge.WorkItemState, s setup) mapping.Fields {
	accepted, wish := link.LastPushed, fromOdoo(after, s)
	_, moved := u.values["active"]
	for _, c := range columns {
		if !u.has(c.field) {
			continue
		}
		if c.field == mapping.FieldDescription || moved && c.field == mapping.FieldState || c.words(s, wish) == c.words(s, item.Fields) {
			accepted = accepted.With(wish, c.field)
		}
	}
	return accepted
}

func (u update) has(field mapping.Field) bool {
	return slices.Contains(u.taken, field)
}

// String tells in words what became of the fields.
func (u update) String() string {
	switch {
	case len(u.taken) == 0 && len(u.kept) == 0:
		return "nothing changed that Odoo does not have"
	case len(u.kept) == 0:
		return "Odoo has " + mapping.Names(u.taken) + " of it"
	case len(u.taken) == 0:
		return mapping.Names(u.kept) + " changed on both sides, and Odoo's stays"
	default:
		return "Odoo has " + mapping.Names(u.taken) + " of it; " + mapping.Names(u.kept) + " changed on both sides, and Odoo's stays"
	}
}
