package task

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// Name is what the flow is called in commands, links and logs.
const Name = "task"

// Config is what the flow is built from.
type Config struct {
	Odoo *odoo.Client
	// OdooProjectID is the project in Odoo whose tasks are mirrored.
	OdooProjectID int64
	Workspace     string
	ProjectID     string
	// Location is the time zone in which a deadline's day is reckoned.
	Location *time.Location
	// Links tells which tasks are mirrored: an archived task that never was stays out
	// of Plane.
	Links Links
}

// Links is what the flow asks of the mapping's store.
type Links interface {
	All(ctx context.Context, scope mapping.Scope) ([]mapping.Link, error)
	ByKey(ctx context.Context, scope mapping.Scope, key mapping.Key) (mapping.Link, error)
}

// Flow mirrors the tasks of one project.
type Flow struct {
	config Config

	mu     sync.Mutex
	fields *fields // nil until Odoo was asked
}

var (
	_ bridge.Flow         = (*Flow)(nil)
	_ bridge.CommentTaker = (*Flow)(nil)
	_ bridge.Announcer    = (*Flow)(nil)
)

// New returns the flow. It makes no connection.
func New(config Config) *Flow { return &Flow{config: config} }

// Scope names the flow and its Plane project.
func (f *Flow) Scope() mapping.Scope {
	return mapping.Scope{Flow: Name, Workspace: f.config.Workspace, ProjectID: f.config.ProjectID}
}

// Model is project.task.
func (f *Flow) Model() string { return Model }

// Ownership is declared here; docs/policy/field-ownership.md shows it. Labels and
// assignees are Plane's alone.
func (f *Flow) Ownership() mapping.Ownership {
	return mapping.Ownership{
		mapping.FieldName: mapping.Both, mapping.FieldDescription: mapping.Both, mapping.FieldTargetDate: mapping.Both,
		mapping.FieldPriority: mapping.Both, mapping.FieldState: mapping.Both,
	}
}

// Wanted reads all tasks of the project. Archived ones are wanted only if they are
// mirrored already, so that a project's past does not fill Plane.
func (f *Flow) Wanted(ctx context.Context) (bridge.Wanted, error) {
	s, err := f.setup(ctx)
	if err != nil {
		return bridge.Wanted{}, err
	}
	links, err := f.config.Links.All(ctx, f.Scope())
	if err != nil {
		return bridge.Wanted{}, ours(err)
	}
	mirrored := make(map[mapping.Key]bool, len(links))
	for _, link := range links {
		mirrored[link.Key] = true
	}
	var wanted bridge.Wanted
	for page, err := range odoo.SearchReadPages[task](ctx, f.config.Odoo, Model, f.domain(s), options(), pageSize) {
		if err != nil {
			return bridge.Wanted{}, f.failed(fmt.Errorf("reading tasks: %w", err))
		}
		for _, t := range page {
			if t.Active || mirrored[t.key()] {
				wanted.Items = append(wanted.Items, wantedItem(t, s))
			}
		}
	}
	return wanted, nil
}

// WantedFor reads the task that a key names.
func (f *Flow) WantedFor(ctx context.Context, key mapping.Key) (bridge.WantedItem, error) {
	t, s, err := f.read(ctx, key)
	if err != nil {
		return bridge.WantedItem{}, err
	}
	link, err := f.config.Links.ByKey(ctx, f.Scope(), key)
	switch {
	case errors.Is(err, mapping.ErrNoLink) && !t.Active:
		return bridge.WantedItem{}, bridge.ErrNoRecord
	case err != nil && !errors.Is(err, mapping.ErrNoLink):
		return bridge.WantedItem{}, ours(err)
	}
	item := wantedItem(t, s)
	item.FromPlane = told(t, link, s)
	return item, nil
}

// ours marks a failure of the bridge's own database.
func ours(err error) error { return &bridge.FlowError{Cause: bridge.CauseOurs, Err: err} }

func wantedItem(t task, s setup) bridge.WantedItem {
	return bridge.WantedItem{Key: t.key(), OdooID: t.ID, Fields: fromOdoo(t, s), ChangedBy: t.ChangedBy.ID}
}

// KeyOf reads the key of one record. A task that was moved to another project is
// none of the flow's any more.
func (f *Flow) KeyOf(ctx context.Context, odooID int64) (mapping.Key, error) {
	t, _, err := f.read(ctx, task{ID: odooID}.key())
	return t.key(), err
}

// FromPlane writes to the task what people changed in Plane and nobody in Odoo. The
// task is read before, so that what it has already is not written again, and after,
// so that the next sync knows what Odoo made of it. A write that Odoo did not
// answer is tried again, and that look finds whether it took effect.
func (f *Flow) FromPlane(ctx context.Context, link mapping.Link, item bridge.WorkItemState) bridge.Verdict {
	t, s, err := f.read(ctx, link.Key)
	if errors.Is(err, bridge.ErrNoRecord) {
		return bridge.Done("kept; Odoo has no task for " + string(link.Key) + " any more")
	}
	if err != nil {
		return bridge.VerdictOfFlow(err)
	}
	u := fromPlane(t, link, item, s)
	if len(u.taken) == 0 {
		return bridge.Done("kept; " + u.String()).Telling(settled(t, link, s))
	}
	if len(u.values) > 0 {
		if t, err = f.write(ctx, t, u.values); err != nil {
			return bridge.VerdictOfFlow(err)
		}
	}
	accepted := u.accept(t, link, item, s)
	return bridge.Done("kept; " + u.String()).Accepting(accepted).Telling(u.remember(accepted, link, item).String())
}

// CommentFromPlane leaves a comment as a note in the task's chatter.
func (f *Flow) CommentFromPlane(ctx context.Context, link mapping.Link, comment bridge.CommentState) bridge.Verdict {
	t, _, err := f.read(ctx, link.Key)
	if errors.Is(err, bridge.ErrNoRecord) {
		return bridge.Ignored("Odoo has no task for " + string(link.Key) + " any more")
	}
	if err != nil {
		return bridge.VerdictOfFlow(err)
	}
	created, err := odooflow.LeaveComment(ctx, f.config.Odoo, Model, t.ID, comment)
	if err != nil {
		return bridge.VerdictOfFlow(err)
	}
	if !created {
		return bridge.Done("the comment is a note on the task already")
	}
	return bridge.Done("comment left as a note on the task")
}
