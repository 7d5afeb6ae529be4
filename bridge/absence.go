package bridge

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// place is where a work item is that a list or a read did not show.
type place string

const (
	// placeHere: it is in its project after all; it moved between two pages, say.
	placeHere place = "in its project"
	// placeArchived: somebody archived it. Nothing but the look-up shows it then.
	placeArchived place = "archived"
	// placeIntake: it waits in Intake to be accepted; lists and reads leave it out.
	placeIntake place = "in Intake, not accepted yet"
	// placeMoved: it is in another project of the workspace now.
	placeMoved place = "moved to another project"
	// placeDeleted: it is proven to be gone.
	placeDeleted place = "deleted"
	// placeDeletedOrArchived: it carries no external pair, and without one Plane
	// answers both alike.
	placeDeletedOrArchived place = "deleted or archived"
	// placeProjectArchived: the project is archived, which empties its lists and
	// hides its work items from reads. They are all still there.
	placeProjectArchived place = "in a project that is archived"
	// placeNoMember: the key's user is no member of the project.
	placeNoMember place = "in a project that the API key's user is no member of"
	// placeProjectGone: the workspace has no such project, or does not show it.
	placeProjectGone place = "in a project that the workspace does not have"
)

// whereabouts is what a look for a work item found out.
type whereabouts struct {
	place place
	// item is the work item as it was shown; zero where nothing showed it. Of a
	// deleted one it is the other work item that carries the pair now, if any does.
	item plane.WorkItem
	// projectID is the project of a moved one.
	projectID string
}

// absent reports whether the work item is proven not to be there any more. Only
// then may its link be undone, or another work item be made in its place.
func (w whereabouts) absent() bool { return w.place == placeDeleted }

// reason is the place as the error of a link says it.
func (w whereabouts) reason() string {
	if w.place == placeMoved && w.projectID != "" {
		return whyMoved(w.projectID)
	}
	if w.place == placeArchived {
		return whyArchived
	}
	return fmt.Sprintf("the work item is %s", w.place)
}

// whyArchived is the error of a link whose work item is archived.
const whyArchived = "the work item is archived in Plane"

func whyMoved(projectID string) string {
	return fmt.Sprintf("the work item was moved to project %s in Plane; move it back, or delete it there to have it made anew", projectID)
}

// errUnproven says that the answers neither show the work item nor prove that it
// is gone. Time or a person has to help.
var errUnproven = errors.New("plane does not show the work item and does not prove that it is gone")

// errNameless says that a record was shown without what every work item has. Read as
// one it would look as if somebody had emptied all its fields.
var errNameless = fmt.Errorf("%w: it came without a name", errUnproven)

// errOwnBooks says that the bridge's own database failed, and not Plane.
var errOwnBooks = errors.New("the bridge's database")

// presence finds out where a work item is. Absence needs proof: nothing is unbound,
// marked deleted or made anew unless the record's look-up, the work item's own
// address and the project itself have all answered in Plane's own shape. It is the
// one place that decides this, for the sweep and for a write that got a 404.
type presence struct {
	plane *plane.Client
	pool  *pgxpool.Pool
	links *mapping.Store
}

func newPresence(client *plane.Client, pool *pgxpool.Pool, links *mapping.Store) *presence {
	return &presence{plane: client, pool: pool, links: links}
}

// view shows states, labels and people as objects, which saves looking them up.
var view = plane.View{Expand: []string{"state", "labels", "assignees"}}

// see reads a work item, and looks for it where Plane does not show it.
func (p *presence) see(ctx context.Context, scope mapping.Scope, key mapping.Key, issueID string) (whereabouts, error) {
	item, err := p.plane.WorkItem(ctx, scope.ProjectID, issueID, view)
	switch {
	case err == nil && item.ID == issueID && item.Name == "":
		return whereabouts{}, fmt.Errorf("reading work item %s: %w", issueID, errNameless)
	case err == nil && item.ID == issueID:
		return whereabouts{place: placeHere, item: item}, nil
	case err == nil:
		return whereabouts{}, fmt.Errorf("the address of work item %s answered with another id: %w", issueID, errUnproven)
	case isAbsent(err), errors.Is(err, plane.ErrForbidden):
		return p.whereIs(ctx, scope, key, issueID)
	default:
		return whereabouts{}, fmt.Errorf("reading work item %s: %w", issueID, unprovenIfNotFound(err))
	}
}

// whereIs looks for a work item that was not where it was expected. key is the
// external id that the bridge gave it; empty for one that carries no pair of ours.
// An error means that nothing is known: whoever asked tries again later.
func (p *presence) whereIs(ctx context.Context, scope mapping.Scope, key mapping.Key, issueID string) (whereabouts, error) {
	found, err := p.look(ctx, scope, key, issueID)
	if errors.Is(err, plane.ErrForbidden) {
		return p.behindProject(ctx, scope, err)
	}
	if err != nil {
		return whereabouts{}, fmt.Errorf("looking for work item %s: %w", issueID, err)
	}
	switch found.place {
	case placeDeleted, placeDeletedOrArchived, placeIntake:
	default:
		return found, nil
	}
	// The project is asked last, so that it was there when the others answered.
	project, err := p.project(ctx, scope.ProjectID)
	if err != nil {
		return whereabouts{}, err
	}
	if project != placeHere {
		return whereabouts{place: project, item: found.item}, nil
	}
	if found.place == placeIntake || found.item.ID != "" {
		return found, nil
	}
	moved, err := p.movedTo(ctx, scope, key, issueID)
	if err != nil {
		return whereabouts{}, fmt.Errorf("looking for work item %s in other projects: %w", issueID, err)
	}
	if moved.projectID != "" {
		return moved, nil
	}
	return found, nil
}

// look asks for the external pair and for the work item itself. What it calls
// deleted or waiting in Intake holds only once the project has answered too.
func (p *presence) look(ctx context.Context, scope mapping.Scope, key mapping.Key, issueID string) (whereabouts, error) {
	found := whereabouts{place: placeDeletedOrArchived}
	if key != "" {
		item, err := p.plane.WorkItemByExternalID(ctx, scope.ProjectID, mapping.ExternalSource, string(key), plane.View{})
		switch {
		case err == nil && item.ID == issueID && !item.ArchivedAt.IsZero():
			return whereabouts{place: placeArchived, item: item}, nil
		case err == nil && item.ID == issueID:
			found = whereabouts{place: placeIntake, item: item}
		case err == nil && item.ID != "":
			found = whereabouts{place: placeDeleted, item: item}
		case isAbsent(err):
			found = whereabouts{place: placeDeleted}
		case err == nil:
			return whereabouts{}, fmt.Errorf("the look-up answered without an id: %w", errUnproven)
		default:
			return whereabouts{}, unprovenIfNotFound(err)
		}
	}
	item, err := p.plane.WorkItem(ctx, scope.ProjectID, issueID, plane.View{})
	switch {
	case err == nil && item.ID == issueID:
		return whereabouts{place: placeHere, item: item}, nil
	case err == nil:
		return whereabouts{}, fmt.Errorf("its address answered with another id: %w", errUnproven)
	case !isAbsent(err):
		return whereabouts{}, unprovenIfNotFound(err)
	}
	return found, nil
}

// isAbsent reports whether Plane itself said that it has no such record. The 404 of
// a proxy or of a path that is not routed says nothing about a record, and neither
// does a look-up that was answered with something else.
func isAbsent(err error) bool {
	var answer *plane.Error
	return errors.Is(err, plane.ErrNotFound) && errors.As(err, &answer) && answer.Status == http.StatusNotFound && !answer.Unrouted
}

// unprovenIfNotFound keeps an answer that only looks like absence from being taken
// for it further up.
func unprovenIfNotFound(err error) error {
	if errors.Is(err, plane.ErrNotFound) {
		return fmt.Errorf("%w: %s", errUnproven, err.Error())
	}
	return err
}

// behindProject says why a project's work items are refused.
func (p *presence) behindProject(ctx context.Context, scope mapping.Scope, refused error) (whereabouts, error) {
	project, err := p.project(ctx, scope.ProjectID)
	if err != nil {
		return whereabouts{}, errors.Join(refused, err)
	}
	if project == placeHere {
		return whereabouts{}, refused
	}
	return whereabouts{place: project}, nil
}

// project asks the project itself: placeHere says that it is there, not archived,
// and that the key's user is a member.
func (p *presence) project(ctx context.Context, projectID string) (place, error) {
	project, err := p.plane.Project(ctx, projectID)
	switch {
	case isAbsent(err):
		return placeProjectGone, nil
	case err != nil:
		return "", fmt.Errorf("asking whether project %s is there: %w", projectID, unprovenIfNotFound(err))
	case project.ID != projectID:
		return "", fmt.Errorf("asking whether project %s is there: another answered: %w", projectID, errUnproven)
	case !project.ArchivedAt.IsZero():
		return placeProjectArchived, nil
	case !project.IsMember:
		return placeNoMember, nil
	default:
		return placeHere, nil
	}
}

// movedTo finds the other project that a work item is in; where there is none, no
// project is named. Plane names it in the webhook of the move; where that was lost, a
// search over the workspace by the last known name finds it.
func (p *presence) movedTo(ctx context.Context, scope mapping.Scope, key mapping.Key, issueID string) (whereabouts, error) {
	row, err := workItems{p.pool}.byID(ctx, issueID)
	if err != nil {
		return whereabouts{}, fmt.Errorf("%w: %w", errOwnBooks, err)
	}
	if row != nil && row.ProjectRef != nil && *row.ProjectRef != "" && *row.ProjectRef != scope.ProjectID {
		there, item, err := p.isIn(ctx, *row.ProjectRef, key, issueID)
		if err != nil || there {
			return whereabouts{place: placeMoved, projectID: *row.ProjectRef, item: item}, err
		}
	}
	name, err := p.lastName(ctx, scope, row, issueID)
	if err != nil || name == "" {
		return whereabouts{}, err
	}
	hits, err := p.plane.SearchWorkItems(ctx, name)
	if errors.Is(err, plane.ErrNotFound) || errors.Is(err, plane.ErrUnrouted) || errors.Is(err, plane.ErrForbidden) {
		return whereabouts{}, nil // This server has no search, or not for this user.
	}
	if err != nil {
		return whereabouts{}, err
	}
	for _, hit := range hits {
		switch {
		case hit.ID != issueID:
		case hit.ProjectID == "":
			return whereabouts{}, fmt.Errorf("the search shows it and not where: %w", errUnproven)
		case hit.ProjectID == scope.ProjectID:
			return whereabouts{}, fmt.Errorf("the search shows it in its project: %w", errUnproven)
		default:
			_, item, err := p.isIn(ctx, hit.ProjectID, key, issueID)
			return whereabouts{place: placeMoved, projectID: hit.ProjectID, item: item}, err
		}
	}
	return whereabouts{}, nil
}

// isIn reports whether a work item is in another project than its own, and how it
// looks there. Where the key may not look into that project, whoever named it is
// believed. One that is archived there is shown by its pair alone.
func (p *presence) isIn(ctx context.Context, projectID string, key mapping.Key, issueID string) (bool, plane.WorkItem, error) {
	item, err := p.plane.WorkItem(ctx, projectID, issueID, view)
	switch {
	case err == nil && item.ID == issueID:
		return true, item, nil
	case err == nil, errors.Is(err, plane.ErrForbidden):
		return true, plane.WorkItem{}, nil
	case !isAbsent(err):
		return false, plane.WorkItem{}, unprovenIfNotFound(err)
	}
	if shown, err := p.carries(ctx, projectID, key, issueID); err != nil || shown.ID != "" {
		return shown.ID != "", shown, err
	}
	other, err := p.project(ctx, projectID)
	return other != placeHere, plane.WorkItem{}, err
}

// carries returns the work item as the look-up of its pair in a project shows it, if it
// does.
func (p *presence) carries(ctx context.Context, projectID string, key mapping.Key, issueID string) (plane.WorkItem, error) {
	if key == "" {
		return plane.WorkItem{}, nil
	}
	item, err := p.plane.WorkItemByExternalID(ctx, projectID, mapping.ExternalSource, string(key), plane.View{})
	switch {
	case isAbsent(err), err == nil && item.ID != issueID:
		return plane.WorkItem{}, nil
	case err != nil:
		return plane.WorkItem{}, fmt.Errorf("looking for its pair in project %s: %w", projectID, unprovenIfNotFound(err))
	default:
		return item, nil
	}
}

func (p *presence) lastName(ctx context.Context, scope mapping.Scope, row *WorkItem, issueID string) (string, error) {
	if row != nil && row.Title != "" {
		return row.Title, nil
	}
	link, err := p.links.ByIssue(ctx, scope.Workspace, issueID)
	if errors.Is(err, mapping.ErrNoLink) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", errOwnBooks, err)
	}
	return link.Written.Name, nil
}
