package shown

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Item is a work item as a delivery or a look shows it, with what only the
// ledger's own tables need.
type Item struct {
	bridge.WorkItemState
	// Shown is the work item in Plane's own shape.
	Shown     plane.WorkItem
	ProjectID string
	Assignee  string
	// Key is the record that the work item says it stands for; empty for none of ours.
	Key mapping.Key
	// ReportedAt and Asked are when the state was reported and asked for, by the database's
	// clock; asked is zero for what a webhook said.
	ReportedAt, Asked time.Time
}

// Content is a short name for all that was shown.
func (i Item) Content() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		i.Fields.Hash(), i.StateName, i.Assignee, i.ProjectID, strconv.FormatBool(i.Archived),
	}, "\x00")))
	return hex.EncodeToString(sum[:])
}

// Row is the item as ops.work_items keeps it.
func (i Item) Row() ledger.WorkItem {
	row := ledger.WorkItem{
		ExternalID: i.ID, Title: i.Fields.Name, Status: i.StateName, Assignee: ledger.Known(i.Assignee), URL: ledger.Known(i.URL),
		ProjectRef: ledger.Known(i.ProjectID), UpdatedAt: i.UpdatedAt, ReportedAt: knownTime(i.ReportedAt), AskedAt: knownTime(i.Asked),
		Content: i.Content(), Key: ledger.Known(string(i.Key)),
	}
	if i.Archived {
		row.Status = ledger.StatusOfArchived
	}
	return row
}

func knownTime(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// Reader reads work items as Plane shows them. A reference may come as an object, as
// a bare id or not at all, in any answer and any body, whatever was asked for: bare
// ids are looked up in the project's catalogue, and what cannot be found there stays
// as known. It is the one place that does so, for webhooks, pages and looks.
type Reader struct {
	Catalog           *plane.Catalog
	AppURL, Workspace string
}

// Read returns a work item with names in place of ids. Of a deleted one nothing is
// looked up: it is only known as it was.
func (r Reader) Read(ctx context.Context, projectID string, shown plane.WorkItem, deleted bool) (Item, error) {
	item := Item{
		WorkItemState: bridge.WorkItemState{
			ID: shown.ID, UpdatedAt: shown.UpdatedAt.Time, Archived: !shown.ArchivedAt.IsZero(), Deleted: deleted,
			URL:    workItemURL(r.AppURL, r.Workspace, projectID, shown.ID),
			Fields: plainly(shown),
		},
		ProjectID: projectID, Shown: shown,
	}
	if shown.ExternalSource == mapping.ExternalSource {
		item.Key = mapping.Key(shown.ExternalID)
	}
	if deleted {
		return item, nil
	}
	seen := seen{catalog: r.Catalog, projectID: projectID, item: shown}
	var err error
	if item.Fields, err = seen.content(ctx); err != nil {
		return item, err
	}
	state, err := seen.named(ctx)
	if err != nil {
		return item, err
	}
	item.StateName = state.Name
	item.Assignee, err = r.assignee(ctx, projectID, shown.Assignees)
	return item, err
}

// assignee is the name of the first person that a work item is assigned to.
func (r Reader) assignee(ctx context.Context, projectID string, refs plane.Refs[plane.User]) (string, error) {
	i := slices.IndexFunc(refs, func(person plane.Ref[plane.User]) bool { return person.ID != "" })
	if i < 0 {
		return "", nil
	}
	if first := refs[i].Value; first != nil && first.DisplayName != "" {
		return first.DisplayName, nil
	}
	return r.Catalog.MemberName(ctx, projectID, refs[i].ID)
}

// workItemURL is where people open a work item. Plane's webhooks carry no address.
func workItemURL(appURL, workspace, projectID, id string) string {
	return strings.Join([]string{strings.TrimRight(appURL, "/"), workspace, "projects", projectID, "issues", id}, "/")
}

// ClockTolerance is how far the clocks of two hosts of Plane, and Plane's and the
// database's, may be apart. Within it the order of updated_at says nothing.
const ClockTolerance = 5 * time.Second

func IsAfter(at *time.Time, other time.Time) bool { return at != nil && at.After(other) }
