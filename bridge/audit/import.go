package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// OldMapping is one row of plane.sync_mappings, the table of the bridge's
// predecessor.
type OldMapping struct {
	SourceSystem string     `db:"source_system"`
	SourceID     string     `db:"source_id"`
	SourceType   string     `db:"source_type"`
	TargetID     string     `db:"target_id"`
	TargetType   string     `db:"target_type"`
	LastSyncedAt *time.Time `db:"last_synced_at"`
}

// ImportLine is what became of one old row.
type ImportLine struct {
	OldMapping OldMapping  `json:"-"`
	Row        string      `json:"row"`
	Key        mapping.Key `json:"key,omitempty"`
	Imported   bool        `json:"imported"`
	Why        string      `json:"why,omitempty"`
}

const sqlOldMappings = `SELECT source_system, source_id::text AS source_id, source_type, target_id::text AS target_id,
		target_type, last_synced_at FROM plane.sync_mappings ORDER BY source_type, source_id, target_id`

// Import takes over the links of the old table: the record is read from Odoo, its
// work item gets the external pair, and the link is kept with nothing noted as
// written but a state that is people's to choose, so that the next sync writes what
// Odoo wants and leaves theirs. A dry run only says what it would do.
func (a *Auditor) Import(ctx context.Context, flow bridge.Flow, dryRun bool) ([]ImportLine, error) {
	rows, err := a.mirror.Pool.Query(ctx, sqlOldMappings)
	if err != nil {
		return nil, fmt.Errorf("reading plane.sync_mappings: %w", err)
	}
	old, err := pgx.CollectRows(rows, pgx.RowToStructByName[OldMapping])
	if err != nil {
		return nil, fmt.Errorf("reading plane.sync_mappings: %w", err)
	}
	lines := make([]ImportLine, 0, len(old))
	for _, row := range old {
		line := ImportLine{OldMapping: row, Row: fmt.Sprintf("%s %s -> %s %s", row.SourceType, row.SourceID, row.TargetType, row.TargetID)}
		line.Key, err = a.importRow(ctx, flow, row, dryRun)
		var skipped *skippedRow
		switch {
		case errors.As(err, &skipped):
			line.Why = skipped.why
		case err != nil:
			return lines, fmt.Errorf("importing %s: %w", line.Row, err)
		default:
			line.Imported = true
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// skippedRow is why a row is not imported; it does not stop the others.
type skippedRow struct{ why string }

func (s *skippedRow) Error() string { return s.why }

func (a *Auditor) importRow(ctx context.Context, flow bridge.Flow, row OldMapping, dryRun bool) (mapping.Key, error) {
	model, record, issue := row.sides()
	if model != flow.Model() {
		return "", &skippedRow{fmt.Sprintf("it is of %q, which flow %s does not mirror", model, flow.Scope().Flow)}
	}
	id, err := strconv.ParseInt(record, 10, 64)
	if err != nil {
		return "", &skippedRow{"the record's id is no number"}
	}
	key, err := flow.KeyOf(ctx, id)
	if errors.Is(err, bridge.ErrNoRecord) {
		return "", &skippedRow{"Odoo has no record of this id any more"}
	}
	if err != nil {
		return "", err
	}
	link, err := a.mirror.Links.ByKey(ctx, flow.Scope(), key)
	if err == nil && link.State != mapping.Intended {
		return key, &skippedRow{"it is linked already, to work item " + link.Issue()}
	}
	if _, underWay := a.mirror.SentEarlier(ctx, flow.Scope(), key); err == nil && underWay != nil {
		return key, importWaits(underWay)
	}
	if err != nil && !errors.Is(err, mapping.ErrNoLink) {
		return key, err
	}
	if err := a.unclaimed(ctx, flow.Scope(), key, issue); err != nil || dryRun {
		return key, err
	}
	return key, a.take(ctx, flow, key, id, issue)
}

// unclaimed makes sure that no other record has the work item. It is asked before the
// work item gets the external pair, which would take it away from the other record.
func (a *Auditor) unclaimed(ctx context.Context, scope mapping.Scope, key mapping.Key, issue string) error {
	link, err := a.mirror.Links.ByIssue(ctx, scope.Workspace, issue)
	if err == nil && link.Key != key {
		return &skippedRow{"its work item is linked to another record, " + string(link.Key)}
	}
	return ignoreNoLink(err)
}

// importWaits leaves a row to another run: its record may get a work item of its own
// any moment, and would have two.
func importWaits(err error) error {
	if errors.As(err, new(*bridge.UnderWayError)) {
		return &skippedRow{err.Error()}
	}
	return err
}

func ignoreNoLink(err error) error {
	if errors.Is(err, mapping.ErrNoLink) {
		return nil
	}
	return err
}

// sides reads a row whichever way round it was written.
func (o OldMapping) sides() (model, record, issue string) {
	if o.SourceSystem == "plane" {
		return o.TargetType, o.TargetID, o.SourceID
	}
	return o.SourceType, o.SourceID, o.TargetID
}

func (a *Auditor) take(ctx context.Context, flow bridge.Flow, key mapping.Key, id int64, issue string) error {
	scope := flow.Scope()
	answered, err := a.mirror.Plane.UpdateWorkItem(ctx, scope.ProjectID, issue, plane.WorkItemPatch{
		ExternalSource: plane.Set(mapping.ExternalSource), ExternalID: plane.Set(string(key)),
	})
	switch {
	case errors.Is(err, plane.ErrNotFound):
		return &skippedRow{"Plane has no such work item any more"}
	case errors.Is(err, plane.ErrConflict):
		return &skippedRow{"another work item in Plane carries the record's external pair"}
	case isAboutRow(err):
		return &skippedRow{"its work item cannot be taken over: " + err.Error()}
	case err != nil:
		return err
	case answered.ExternalSource != mapping.ExternalSource || answered.ExternalID != string(key):
		return &skippedRow{"Plane answered with success and did not take the record's external pair"}
	}
	if err := a.mirror.Links.Claim(ctx, scope, key, id); err != nil {
		return err
	}
	written, err := a.mirror.ContentOf(ctx, scope, answered)
	if err != nil {
		return err
	}
	written.Labels = nil
	group, err := groupAgreed(ctx, flow, key, written.Group)
	if err != nil {
		return err
	}
	err = a.mirror.Links.Bind(ctx, scope, key, id, issue, mapping.Content{Pushed: mapping.Fields{Group: group}, Written: written})
	if errors.Is(err, mapping.ErrIssueTaken) {
		return &skippedRow{"its work item is linked to another record"}
	}
	return err
}

// groupAgreed is the state group that the link of an imported work item notes as
// written: the one that Odoo wants, as long as people may choose another, so that the
// next sync leaves theirs as it is; else the one that is shown.
func groupAgreed(ctx context.Context, flow bridge.Flow, key mapping.Key, group string) (string, error) {
	wanted, err := flow.WantedFor(ctx, key)
	if errors.Is(err, bridge.ErrNoRecord) {
		return group, nil
	}
	if err != nil {
		return "", fmt.Errorf("reading what Odoo wants for %s: %w", key, err)
	}
	if slices.Contains(flow.Ownership().Owned(wanted.Fields), mapping.FieldState) {
		return group, nil
	}
	return wanted.Fields.Group, nil
}

// isAboutRow reports whether Plane's answer is about the one work item, such as an id
// that is none, so that the rows behind it may fare better.
func isAboutRow(err error) bool {
	for _, refusal := range []error{plane.ErrInvalid, plane.ErrUnrouted, plane.ErrForbidden, plane.ErrUnreadable, plane.ErrTooLarge} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
