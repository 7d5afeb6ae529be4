package mirror

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// ErrProject says that nothing can be mirrored into a flow's project, because the
// workspace does not have it or the key's user is no member.
var ErrProject = errors.New("the project cannot be mirrored into")

// look asks Plane what the plan's cost depends on and the database does not know:
// which records without a link have a work item all the same (the database was
// lost, or restored from an older backup), and which labels are missing. It reads
// only, and only when there is something to write. Where Plane cannot be asked, the
// plan takes everything for new; writing finds out by itself.
//
// A project that the key does not see is no such case: the error is ErrProject then.
func (m *Mirror) look(ctx context.Context, flow bridge.Flow, plan *Plan, links []mapping.Link) error {
	err := m.lookForUnlinked(ctx, flow, plan, links)
	if err == nil {
		err = m.lookForLabels(ctx, plan, links)
	}
	if errors.Is(err, plane.ErrForbidden) || errors.Is(err, plane.ErrNotFound) {
		if at, asked := m.Presence.Project(ctx, plan.Scope.ProjectID); asked == nil && at != shown.PlaceHere {
			return fmt.Errorf("%w: project %s: its work items would be %s", ErrProject, plan.Scope.ProjectID, at)
		}
	}
	if err != nil {
		m.Logger.Log(ctx, LevelOf(err), "Plane could not be asked what is there already; the plan takes it for new",
			slog.String("flow", plan.Scope.Flow), slog.Any("error", err))
	}
	return nil
}

// LevelOf is how loud a failure to ask Plane is. That the rate limit is spent is usual
// while much is mirrored, and an outage has a line of its own.
func LevelOf(err error) slog.Level {
	var busy *plane.BusyError
	if errors.As(err, &busy) || errors.Is(err, plane.ErrAway) {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// worthListing says whether the project's work items are listed before so many
// records are taken for new. Nothing of a project without links is known; else the
// list has to cost little beside the creates.
func worthListing(creates, links int) bool {
	pages := links/plane.DefaultPerPage + 1
	return creates > 0 && (links == 0 || creates >= 10*pages)
}

// lookForUnlinked lists the project and turns creates whose work item exists into
// adoptions.
func (m *Mirror) lookForUnlinked(ctx context.Context, flow bridge.Flow, plan *Plan, links []mapping.Link) error {
	known := make(map[mapping.Key]bool, len(links))
	for _, link := range links {
		known[link.Key] = true
	}
	creates := make(map[mapping.Key]int)
	for i, step := range plan.Steps {
		if step.Action == ActionCreate && !known[step.Item.Key] {
			creates[step.Item.Key] = i
		}
	}
	if !worthListing(len(creates), len(links)) {
		return nil
	}
	found, read, err := m.listPairs(ctx, plan.Scope, creates)
	if err != nil {
		return err
	}
	plan.looks = max(1, (read+plane.DefaultPerPage-1)/plane.DefaultPerPage)
	for key, existing := range found {
		shown, err := m.ContentOf(ctx, plan.Scope, existing)
		if err != nil {
			return err
		}
		step := &plan.Steps[creates[key]]
		owned, before := adopting(flow.Ownership(), step.Item.Fields, mapping.Link{})
		step.Fields = notShown(owned, step.Item.Fields, before, shown)
		step.Action, step.Reason = ActionAdopt, "its work item is in Plane already"
	}
	m.unlinked.keep(plan.Scope.ProjectID, found)
	return nil
}

// listPairs lists the project's work items and returns those that carry one of the
// keys, the oldest where several do.
func (m *Mirror) listPairs(ctx context.Context, scope mapping.Scope, keys map[mapping.Key]int) (found map[mapping.Key]plane.WorkItem, read int, err error) {
	found = make(map[mapping.Key]plane.WorkItem)
	for item, err := range m.Plane.WorkItems(ctx, scope.ProjectID, plane.ListOptions{OrderBy: "created_at"}) {
		read++
		if errors.Is(err, plane.ErrUnreadable) {
			continue // A create that collides with it tells what it is.
		}
		if err != nil {
			return nil, 0, fmt.Errorf("listing the work items that are there already: %w", err)
		}
		key := mapping.Key(item.ExternalID)
		if _, wanted := keys[key]; !wanted || item.ExternalSource != mapping.ExternalSource {
			continue
		}
		if other, doubled := found[key]; !doubled || item.SequenceID < other.SequenceID {
			found[key] = item
		}
	}
	return found, read, nil
}

// lookForLabels finds the labels that have to be made. A label that the bridge
// wrote before is there; only for others the catalogue is read, which writing needs
// anyway.
func (m *Mirror) lookForLabels(ctx context.Context, plan *Plan, links []mapping.Link) error {
	unsure := make(map[string]bool)
	for _, step := range plan.Steps {
		if step.Action == ActionCreate || slices.Contains(step.Fields, mapping.FieldLabels) {
			for _, label := range step.Item.Fields.Labels {
				unsure[label] = true
			}
		}
	}
	for _, link := range links {
		for _, label := range link.LastPushed.Labels {
			if link.State != mapping.Intended {
				delete(unsure, label)
			}
		}
	}
	if len(unsure) == 0 {
		return nil
	}
	missing, err := m.Catalog.MissingLabels(ctx, plan.Scope.ProjectID, unsure)
	plan.Labels = missing
	return err
}

// unlinked keeps the work items that a plan came upon, until they are adopted: so
// an adoption need not try a create first. Another replica, which has none of them,
// learns of each from Plane's refusal.
type unlinked struct {
	mu       sync.Mutex
	projects map[string]listing
}

// listing is what one plan saw of a project.
type listing struct {
	at    time.Time
	items map[mapping.Key]plane.WorkItem
}

// listingHolds is how long what a plan saw is taken for what is there. Afterwards
// a work item is read again before it is adopted, because people work on it.
const listingHolds = 30 * time.Second

func (u *unlinked) keep(projectID string, items map[mapping.Key]plane.WorkItem) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.projects[projectID] = listing{time.Now(), items}
}

// take hands out a work item once.
func (u *unlinked) take(projectID string, key mapping.Key) (item plane.WorkItem, fresh, found bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.projects[projectID]
	item, found = seen.items[key]
	delete(seen.items, key)
	return item, time.Since(seen.at) < listingHolds, found
}
