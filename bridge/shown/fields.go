package shown

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// column is one field of a content on Plane's side: how a work item says it, and how it
// is written. It is the one place that knows both; how contents are compared, hashed and
// confirmed follows from the tags of mapping.Fields.
type column struct {
	field mapping.Field
	// wire is the field's name in Plane's answers.
	wire string
	// says is what a work item itself says of it: ids where Plane gives ids.
	says func(plane.WorkItem) string
	// name is the same in the words of a content, where that has names or groups in place
	// of ids; nil where the work item says it in those words itself.
	name func(ctx context.Context, seen *seen) (string, error)
	// create and change put what is wanted into a request.
	create func(ctx context.Context, c *plane.Catalog, projectID string, wanted mapping.Fields, request *plane.NewWorkItem) error
	change func(ctx context.Context, c *plane.Catalog, projectID string, change Change, request *plane.WorkItemPatch) error
}

// columns have a row for each field of mapping.Fields. A field that is added there needs
// one here, and nothing else.
var columns = []column{
	text(mapping.FieldName, "name",
		func(i *plane.WorkItem) *string { return &i.Name },
		func(n *plane.NewWorkItem) *string { return &n.Name },
		func(p *plane.WorkItemPatch) *plane.Opt[string] { return &p.Name }),
	text(mapping.FieldDescription, "description_html",
		func(i *plane.WorkItem) *string { return &i.DescriptionHTML },
		func(n *plane.NewWorkItem) *string { return &n.DescriptionHTML },
		func(p *plane.WorkItemPatch) *plane.Opt[string] { return &p.DescriptionHTML }),
	text(mapping.FieldTargetDate, "target_date",
		func(i *plane.WorkItem) *plane.Date { return &i.TargetDate },
		func(n *plane.NewWorkItem) *plane.Date { return &n.TargetDate },
		func(p *plane.WorkItemPatch) *plane.Opt[plane.Date] { return &p.TargetDate }),
	text(mapping.FieldPriority, "priority",
		func(i *plane.WorkItem) *plane.Priority { return &i.Priority },
		func(n *plane.NewWorkItem) *plane.Priority { return &n.Priority },
		func(p *plane.WorkItemPatch) *plane.Opt[plane.Priority] { return &p.Priority }),
	{
		field: mapping.FieldState, wire: "state", says: func(i plane.WorkItem) string { return i.State.ID },
		name: nameGroup, create: createState, change: changeState,
	},
	{
		field: mapping.FieldLabels, wire: "labels", says: func(i plane.WorkItem) string { return lines(i.Labels.IDs()) },
		name: nameLabels, create: createLabels, change: changeLabels,
	},
}

// text is the row of a field that Plane keeps as a text of its own kind, and takes as it
// shows it.
func text[T ~string](field mapping.Field, wire string, of func(*plane.WorkItem) *T, in func(*plane.NewWorkItem) *T, to func(*plane.WorkItemPatch) *plane.Opt[T]) column {
	return column{
		field: field, wire: wire, says: func(item plane.WorkItem) string { return string(*of(&item)) },
		create: func(_ context.Context, _ *plane.Catalog, _ string, wanted mapping.Fields, request *plane.NewWorkItem) error {
			*in(request) = T(wanted.Text(field))
			return nil
		},
		change: func(_ context.Context, _ *plane.Catalog, _ string, change Change, request *plane.WorkItemPatch) error {
			*to(request) = plane.Set(T(change.Wanted.Text(field)))
			return nil
		},
	}
}

func lines(entries []string) string { return strings.Join(slices.Sorted(slices.Values(entries)), "\n") }

// seen is a work item whose ids are being named.
type seen struct {
	catalog   *plane.Catalog
	projectID string
	item      plane.WorkItem
	// state is the work item's state, once it was asked for.
	state *plane.State
}

// Content reads a work item as Plane keeps it, with groups and names in place of ids. The
// group is empty for a state that the project does not list.
func Content(ctx context.Context, c *plane.Catalog, projectID string, item plane.WorkItem) (mapping.Fields, error) {
	return (&seen{catalog: c, projectID: projectID, item: item}).content(ctx)
}

func (s *seen) content(ctx context.Context) (mapping.Fields, error) {
	content := plainly(s.item)
	for _, column := range columns {
		if column.name == nil {
			continue
		}
		named, err := column.name(ctx, s)
		if err != nil {
			return content, fmt.Errorf("reading the %s of work item %s: %w", column.field, s.item.ID, err)
		}
		content = content.WithText(column.field, named)
	}
	return content, nil
}

// plainly is the content of a work item as far as it says it itself, without a look-up.
func plainly(item plane.WorkItem) mapping.Fields {
	var content mapping.Fields
	for _, column := range columns {
		if column.name == nil {
			content = content.WithText(column.field, column.says(item))
		}
	}
	return content
}

// NewWorkItem turns a wanted content into what Plane's create takes: ids, where a flow
// speaks of groups and names.
func NewWorkItem(ctx context.Context, c *plane.Catalog, projectID string, wanted mapping.Fields) (plane.NewWorkItem, error) {
	var request plane.NewWorkItem
	for _, column := range columns {
		if err := column.create(ctx, c, projectID, wanted, &request); err != nil {
			return request, err
		}
	}
	return request, nil
}

// Change is what is to be written to a work item that is there.
type Change struct {
	// Wanted is the content, of which Fields are written.
	Wanted mapping.Fields
	Fields []mapping.Field
	// Ours is what we put on the work item before, and Labels are the ids of those that
	// are on it now: Plane replaces the whole list, and people's stay.
	Ours   mapping.Fields
	Labels []string
}

// Patch turns a change into what Plane's PATCH takes.
func Patch(ctx context.Context, c *plane.Catalog, projectID string, change Change) (plane.WorkItemPatch, error) {
	var request plane.WorkItemPatch
	for _, column := range columns {
		if !slices.Contains(change.Fields, column.field) {
			continue
		}
		if err := column.change(ctx, c, projectID, change, &request); err != nil {
			return request, err
		}
	}
	return request, nil
}

// Alike reports whether two work items say the same of every field, as far as that can be
// told without looking anything up.
func Alike(a, b plane.WorkItem) bool {
	return !slices.ContainsFunc(columns, func(c column) bool { return c.says(a) != c.says(b) })
}

// AsKnown is a content that was read, with what the reading did not show left as it is
// known: the group of a state that the project does not list, such as that of an Intake
// item, and what an answer left out because it was too large.
func AsKnown(read, known mapping.Fields, leftOut ...string) mapping.Fields {
	for _, column := range columns {
		if slices.Contains(leftOut, column.wire) || column.field == mapping.FieldState && read.Group == "" {
			read = read.With(known, column.field)
		}
	}
	return read
}
