package bridge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// seenItem is a work item as a delivery or a look shows it, with what only the
// ledger's own tables need.
type seenItem struct {
	WorkItemState
	// shown is the work item in Plane's own shape.
	shown     plane.WorkItem
	projectID string
	assignee  string
	// key is the record that the work item says it stands for; empty for none of ours.
	key mapping.Key
	// heard and asked are when the state was heard of and asked for, by the database's
	// clock; asked is zero for what a webhook said.
	heard, asked time.Time
}

// content is a short name for all that was shown.
func (i seenItem) content() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		i.Fields.Hash(), i.StateName, i.assignee, i.projectID, strconv.FormatBool(i.Archived),
	}, "\x00")))
	return hex.EncodeToString(sum[:])
}

// row is the item as ops.work_items keeps it.
func (i seenItem) row() WorkItem {
	row := WorkItem{
		ExternalID: i.ID, Title: i.Fields.Name, Status: i.StateName, Assignee: known(i.assignee), URL: known(i.URL),
		ProjectRef: known(i.projectID), UpdatedAt: i.UpdatedAt, HeardAt: knownTime(i.heard), AskedAt: knownTime(i.asked),
		Content: i.content(), Key: known(string(i.key)),
	}
	if i.Archived {
		row.Status = statusOfArchived
	}
	return row
}

func knownTime(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// reader reads work items as Plane shows them. A reference may come as an object, as
// a bare id or not at all, in any answer and any body, whatever was asked for: bare
// ids are looked up in the project's catalogue, and what cannot be found there stays
// as known. It is the one place that does so, for webhooks, pages and looks.
type reader struct {
	catalog           *plane.Catalog
	appURL, workspace string
}

// read returns a work item with names in place of ids. Of a deleted one nothing is
// looked up: it is only known as it was.
func (r reader) read(ctx context.Context, projectID string, shown plane.WorkItem, deleted bool) (seenItem, error) {
	item := seenItem{
		WorkItemState: WorkItemState{
			ID: shown.ID, UpdatedAt: shown.UpdatedAt.Time, Archived: !shown.ArchivedAt.IsZero(), Deleted: deleted,
			URL: workItemURL(r.appURL, r.workspace, projectID, shown.ID),
			Fields: mapping.Fields{
				Name: shown.Name, DescriptionHTML: shown.DescriptionHTML, TargetDate: string(shown.TargetDate), Priority: string(shown.Priority),
			},
		},
		projectID: projectID, shown: shown,
	}
	if shown.ExternalSource == mapping.ExternalSource {
		item.key = mapping.Key(shown.ExternalID)
	}
	if deleted {
		return item, nil
	}
	state, err := r.state(ctx, projectID, shown.State)
	if err != nil {
		return item, err
	}
	item.StateName, item.Fields.Group = state.Name, string(state.Group)
	if item.Fields.Labels, err = r.labels(ctx, projectID, shown.Labels); err != nil {
		return item, err
	}
	item.assignee, err = r.assignee(ctx, projectID, shown.Assignees)
	return item, err
}

// state returns the state that a reference names. One that the project does not list
// is left as known: that of Intake is in no list.
func (r reader) state(ctx context.Context, projectID string, ref plane.Ref[plane.State]) (plane.State, error) {
	var shown plane.State
	if ref.Value != nil {
		shown = *ref.Value
	}
	if shown.Group != "" && shown.Name != "" || ref.ID == "" {
		return shown, nil
	}
	state, err := r.catalog.State(ctx, projectID, ref.ID)
	if errors.Is(err, plane.ErrNoState) {
		// The state may be newer than what is remembered.
		r.catalog.Forget(projectID)
		state, err = r.catalog.State(ctx, projectID, ref.ID)
	}
	if errors.Is(err, plane.ErrNoState) {
		return shown, nil
	}
	return state, err
}

func (r reader) labels(ctx context.Context, projectID string, refs plane.Refs[plane.Label]) ([]string, error) {
	names := make([]string, 0, len(refs))
	var unnamed []string
	for _, label := range refs {
		switch {
		case label.Value != nil && label.Value.Name != "":
			names = append(names, label.Value.Name)
		case label.ID != "":
			unnamed = append(unnamed, label.ID)
		}
	}
	if len(unnamed) > 0 {
		found, err := r.catalog.LabelNames(ctx, projectID, unnamed...)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// assignee is the name of the first person that a work item is assigned to.
func (r reader) assignee(ctx context.Context, projectID string, refs plane.Refs[plane.User]) (string, error) {
	i := slices.IndexFunc(refs, func(person plane.Ref[plane.User]) bool { return person.ID != "" })
	if i < 0 {
		return "", nil
	}
	if first := refs[i].Value; first != nil && first.DisplayName != "" {
		return first.DisplayName, nil
	}
	return r.catalog.MemberName(ctx, projectID, refs[i].ID)
}

// workItemURL is where people open a work item. Plane's webhooks carry no address.
func workItemURL(appURL, workspace, projectID, id string) string {
	return strings.Join([]string{strings.TrimRight(appURL, "/"), workspace, "projects", projectID, "issues", id}, "/")
}

// clockTolerance is how far the clocks of two hosts of Plane, and Plane's and the
// database's, may be apart. Within it the order of updated_at says nothing.
const clockTolerance = 5 * time.Second

func isAfter(at *time.Time, other time.Time) bool { return at != nil && at.After(other) }
