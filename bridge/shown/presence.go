package shown

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// place is where a work item is that a list or a read did not show.
type place string

const (
	// PlaceHere: it is in its project after all; it moved between two pages, say.
	PlaceHere place = "in its project"
	// PlaceArchived: somebody archived it. Nothing but the look-up shows it then.
	PlaceArchived place = "archived"
	// PlaceIntake: it waits in Intake to be accepted; lists and reads leave it out.
	PlaceIntake place = "in Intake, not accepted yet"
	// PlaceMoved: it is in another project of the workspace now.
	PlaceMoved place = "moved to another project"
	// PlaceDeleted: it is proven to be gone.
	PlaceDeleted place = "deleted"
	// PlaceDeletedOrArchived: it carries no external pair, and without one Plane
	// answers both alike.
	PlaceDeletedOrArchived place = "deleted or archived"
	// placeProjectArchived: the project is archived, which empties its lists and
	// hides its work items from reads. They are all still there.
	placeProjectArchived place = "in a project that is archived"
	// placeNoMember: the key's user is no member of the project.
	placeNoMember place = "in a project that the API key's user is no member of"
	// placeProjectGone: the workspace has no such project, or does not show it.
	placeProjectGone place = "in a project that the workspace does not have"
)

// Whereabouts is what a look for a work item found out.
type Whereabouts struct {
	Place place
	// Item is the work item as it was shown; zero where nothing showed it. Of a
	// deleted one it is the other work item that carries the pair now, if any does.
	Item plane.WorkItem
	// ProjectID is the project of a moved one.
	ProjectID string
}

// Absent reports whether the work item is proven not to be there any more. Only
// then may its link be undone, or another work item be made in its place.
func (w Whereabouts) Absent() bool { return w.Place == PlaceDeleted }

// Reason is the place as the error of a link says it.
func (w Whereabouts) Reason() string {
	if w.Place == PlaceMoved && w.ProjectID != "" {
		return WhyMoved(w.ProjectID)
	}
	if w.Place == PlaceArchived {
		return WhyArchived
	}
	return fmt.Sprintf("the work item is %s", w.Place)
}

// WhyArchived is the error of a link whose work item is archived.
const WhyArchived = "the work item is archived in Plane"

func WhyMoved(projectID string) string {
	return fmt.Sprintf("the work item was moved to project %s in Plane; move it back, or delete it there to have it made anew", projectID)
}

// ErrUnproven says that the answers neither show the work item nor prove that it
// is gone. Time or a person has to help.
var ErrUnproven = errors.New("plane does not show the work item and does not prove that it is gone")

// ErrNameless says that a record was shown without what every work item has. Read as
// one it would look as if somebody had emptied all its fields.
var ErrNameless = fmt.Errorf("%w: it came without a name", ErrUnproven)

// Presence finds out where a work item is. Absence needs proof: nothing is unbound,
// marked deleted or made anew unless the record's look-up, the work item's own
// address and the project itself have all answered in Plane's own shape. It is the
// one place that decides this, for the sweep and for a write that got a 404.
type Presence struct {
	plane *plane.Client
	pool  *pgxpool.Pool
	links *mapping.Store
}

func NewPresence(client *plane.Client, pool *pgxpool.Pool, links *mapping.Store) *Presence {
	return &Presence{plane: client, pool: pool, links: links}
}

// View shows states, labels and people as objects, which saves looking them up.
var View = plane.View{Expand: []string{"state", "labels", "assignees"}}

// See reads a work item, and looks for it where Plane does not show it.
func (p *Presence) See(ctx context.Context, scope mapping.Scope, key mapping.Key, issueID string) (Whereabouts, error) {
	item, err := p.plane.WorkItem(ctx, scope.ProjectID, issueID, View)
	switch {
	case err == nil && item.ID == issueID && item.Name == "":
		return Whereabouts{}, fmt.Errorf("reading work item %s: %w", issueID, ErrNameless)
	case err == nil && item.ID == issueID:
		return Whereabouts{Place: PlaceHere, Item: item}, nil
	case err == nil:
		return Whereabouts{}, fmt.Errorf("the address of work item %s answered with another id: %w", issueID, ErrUnproven)
	case IsAbsent(err), errors.Is(err, plane.ErrForbidden):
		return p.WhereIs(ctx, scope, key, issueID)
	default:
		return Whereabouts{}, fmt.Errorf("reading work item %s: %w", issueID, UnprovenIfNotFound(err))
	}
}

// WhereIs looks for a work item that was not where it was expected. key is the
// external id that the bridge gave it; empty for one that has no link. An error means
// that nothing is known: whoever asked tries again later.
func (p *Presence) WhereIs(ctx context.Context, scope mapping.Scope, key mapping.Key, issueID string) (Whereabouts, error) {
	found, err := p.lookByAnyPair(ctx, scope, key, issueID)
	if errors.Is(err, plane.ErrForbidden) {
		return p.behindProject(ctx, scope, err)
	}
	if err != nil {
		return Whereabouts{}, fmt.Errorf("looking for work item %s: %w", issueID, err)
	}
	switch found.Place {
	case PlaceDeleted, PlaceDeletedOrArchived, PlaceIntake:
	default:
		return found, nil
	}
	// The project is asked last, so that it was there when the others answered.
	project, err := p.Project(ctx, scope.ProjectID)
	if err != nil {
		return Whereabouts{}, err
	}
	if project != PlaceHere {
		return Whereabouts{Place: project, Item: found.Item}, nil
	}
	if found.Place == PlaceIntake || found.Item.ID != "" {
		return found, nil
	}
	moved, err := p.movedTo(ctx, scope, key, issueID)
	if err != nil {
		return Whereabouts{}, fmt.Errorf("looking for work item %s in other projects: %w", issueID, err)
	}
	if moved.ProjectID != "" {
		return moved, nil
	}
	return found, nil
}

// lookByAnyPair looks for a work item by the key of its link, or else by the one that it
// said it stands for: one whose link is not settled yet, or was lost, may be archived,
// which only the look-up tells from deleted. That another work item carries the pair, or
// several do, says nothing then.
func (p *Presence) lookByAnyPair(ctx context.Context, scope mapping.Scope, key mapping.Key, issueID string) (Whereabouts, error) {
	if key != "" {
		return p.look(ctx, scope, key, issueID)
	}
	row, err := ledger.WorkItemsIn(p.pool).ByID(ctx, issueID)
	if err != nil {
		return Whereabouts{}, fmt.Errorf("%w: %w", bridge.ErrOwnBooks, err)
	}
	if row == nil || row.Key == nil {
		return p.look(ctx, scope, "", issueID)
	}
	found, err := p.look(ctx, scope, mapping.Key(*row.Key), issueID)
	another := found.Item.ID != "" && found.Item.ID != issueID
	if errors.Is(err, plane.ErrServer) || err == nil && another {
		return p.look(ctx, scope, "", issueID)
	}
	return found, err
}

// look asks for the external pair and for the work item itself. What it calls
// deleted or waiting in Intake holds only once the project has answered too.
func (p *Presence) look(ctx context.Context, scope mapping.Scope, key mapping.Key, issueID string) (Whereabouts, error) {
	found := Whereabouts{Place: PlaceDeletedOrArchived}
	if key != "" {
		item, err := p.plane.WorkItemByExternalID(ctx, scope.ProjectID, mapping.ExternalSource, string(key), plane.View{})
		switch {
		case err == nil && item.ID == issueID && !item.ArchivedAt.IsZero():
			return Whereabouts{Place: PlaceArchived, Item: item}, nil
		case err == nil && item.ID == issueID:
			found = Whereabouts{Place: PlaceIntake, Item: item}
		case err == nil && item.ID != "":
			found = Whereabouts{Place: PlaceDeleted, Item: item}
		case IsAbsent(err):
			found = Whereabouts{Place: PlaceDeleted}
		case err == nil:
			return Whereabouts{}, fmt.Errorf("the look-up answered without an id: %w", ErrUnproven)
		default:
			return Whereabouts{}, UnprovenIfNotFound(err)
		}
	}
	item, err := p.plane.WorkItem(ctx, scope.ProjectID, issueID, plane.View{})
	switch {
	case err == nil && item.ID == issueID:
		return Whereabouts{Place: PlaceHere, Item: item}, nil
	case err == nil:
		return Whereabouts{}, fmt.Errorf("its address answered with another id: %w", ErrUnproven)
	case !IsAbsent(err):
		return Whereabouts{}, UnprovenIfNotFound(err)
	}
	return found, nil
}

// IsAbsent reports whether Plane itself said that it has no such record. The 404 of
// a proxy or of a path that is not routed says nothing about a record, and neither
// does a look-up that was answered with something else.
func IsAbsent(err error) bool {
	var answer *plane.Error
	return errors.Is(err, plane.ErrNotFound) && errors.As(err, &answer) && answer.Status == http.StatusNotFound && !answer.Unrouted
}

// UnprovenIfNotFound keeps an answer that only looks like absence from being taken
// for it further up.
func UnprovenIfNotFound(err error) error {
	if errors.Is(err, plane.ErrNotFound) {
		return fmt.Errorf("%w: %s", ErrUnproven, err.Error())
	}
	return err
}

// behindProject says why a project's work items are refused.
func (p *Presence) behindProject(ctx context.Context, scope mapping.Scope, refused error) (Whereabouts, error) {
	project, err := p.Project(ctx, scope.ProjectID)
	if err != nil {
		return Whereabouts{}, errors.Join(refused, err)
	}
	if project == PlaceHere {
		return Whereabouts{}, refused
	}
	return Whereabouts{Place: project}, nil
}

// Project asks the project itself: placeHere says that it is there, not archived,
// and that the key's user is a member.
func (p *Presence) Project(ctx context.Context, projectID string) (place, error) {
	project, err := p.plane.Project(ctx, projectID)
	switch {
	case IsAbsent(err):
		return placeProjectGone, nil
	case err != nil:
		return "", fmt.Errorf("asking whether project %s is there: %w", projectID, UnprovenIfNotFound(err))
	case project.ID != projectID:
		return "", fmt.Errorf("asking whether project %s is there: another answered: %w", projectID, ErrUnproven)
	case !project.ArchivedAt.IsZero():
		return placeProjectArchived, nil
	case !project.IsMember:
		return placeNoMember, nil
	default:
		return PlaceHere, nil
	}
}

// movedTo finds the other project that a work item is in; where there is none, no
// project is named. Plane names it in the webhook of the move; where that was lost, a
// search over the workspace by the last known name finds it.
func (p *Presence) movedTo(ctx context.Context, scope mapping.Scope, key mapping.Key, issueID string) (Whereabouts, error) {
	row, err := ledger.WorkItemsIn(p.pool).ByID(ctx, issueID)
	if err != nil {
		return Whereabouts{}, fmt.Errorf("%w: %w", bridge.ErrOwnBooks, err)
	}
	if row != nil && row.ProjectRef != nil && *row.ProjectRef != "" && *row.ProjectRef != scope.ProjectID {
		there, item, err := p.IsIn(ctx, *row.ProjectRef, key, issueID)
		if err != nil || there {
			return Whereabouts{Place: PlaceMoved, ProjectID: *row.ProjectRef, Item: item}, err
		}
	}
	name, err := p.lastName(ctx, scope, row, issueID)
	if err != nil || name == "" {
		return Whereabouts{}, err
	}
	hits, err := p.plane.SearchWorkItems(ctx, name)
	if errors.Is(err, plane.ErrNotFound) || errors.Is(err, plane.ErrUnrouted) || errors.Is(err, plane.ErrForbidden) {
		return Whereabouts{}, nil // This server has no search, or not for this user.
	}
	if err != nil {
		return Whereabouts{}, err
	}
	for _, hit := range hits {
		switch {
		case hit.ID != issueID:
		case hit.ProjectID == "":
			return Whereabouts{}, fmt.Errorf("the search shows it and not where: %w", ErrUnproven)
		case hit.ProjectID == scope.ProjectID:
			return Whereabouts{}, fmt.Errorf("the search shows it in its project: %w", ErrUnproven)
		default:
			_, item, err := p.IsIn(ctx, hit.ProjectID, key, issueID)
			return Whereabouts{Place: PlaceMoved, ProjectID: hit.ProjectID, Item: item}, err
		}
	}
	return Whereabouts{}, nil
}

// IsIn reports whether a work item is in another project than its own, and how it
// looks there. Where the key may not look into that project, whoever named it is
// believed. One that is archived there is shown by its pair alone.
func (p *Presence) IsIn(ctx context.Context, projectID string, key mapping.Key, issueID string) (bool, plane.WorkItem, error) {
	item, err := p.plane.WorkItem(ctx, projectID, issueID, View)
	switch {
	case err == nil && item.ID == issueID:
		return true, item, nil
	case err == nil, errors.Is(err, plane.ErrForbidden):
		return true, plane.WorkItem{}, nil
	case !IsAbsent(err):
		return false, plane.WorkItem{}, UnprovenIfNotFound(err)
	}
	if shown, err := p.carries(ctx, projectID, key, issueID); err != nil || shown.ID != "" {
		return shown.ID != "", shown, err
	}
	other, err := p.Project(ctx, projectID)
	return other != PlaceHere, plane.WorkItem{}, err
}

// carries returns the work item as the look-up of its pair in a project shows it, if it
// does.
func (p *Presence) carries(ctx context.Context, projectID string, key mapping.Key, issueID string) (plane.WorkItem, error) {
	if key == "" {
		return plane.WorkItem{}, nil
	}
	item, err := p.plane.WorkItemByExternalID(ctx, projectID, mapping.ExternalSource, string(key), plane.View{})
	switch {
	case IsAbsent(err), err == nil && item.ID != issueID:
		return plane.WorkItem{}, nil
	case err != nil:
		return plane.WorkItem{}, fmt.Errorf("looking for its pair in project %s: %w", projectID, UnprovenIfNotFound(err))
	default:
		return item, nil
	}
}

func (p *Presence) lastName(ctx context.Context, scope mapping.Scope, row *ledger.WorkItem, issueID string) (string, error) {
	if row != nil && row.Title != "" {
		return row.Title, nil
	}
	link, err := p.links.ByIssue(ctx, scope.Workspace, issueID)
	if errors.Is(err, mapping.ErrNoLink) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", bridge.ErrOwnBooks, err)
	}
	return link.Written.Name, nil
}
