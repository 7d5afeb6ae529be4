package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// compare feeds every work item that is otherwise than what is known of it.
func (s *sweep) compare(ctx context.Context) error {
	first := make(map[string]string)
	for _, id := range s.order {
		item := s.items[id]
		if err := s.countPair(ctx, item, first); err != nil {
			return err
		}
		untold, drifted := s.differs(item)
		if !untold && !drifted {
			continue
		}
		if untold {
			s.report.Untold++
			s.noteOldest(item.UpdatedAt.Time)
		}
		if drifted {
			s.report.Drifted++
		}
		if err := s.feed(ctx, plane.ActionUpdated, item); err != nil {
			return err
		}
	}
	return nil
}

// countPair counts work items that carry an external pair of ours twice, or carry
// one and belong to nothing. A sync adopts an orphan whose record Odoo still has, and
// a job looks at doubles.
func (s *sweep) countPair(ctx context.Context, item plane.WorkItem, first map[string]string) error {
	if item.ExternalSource != mapping.ExternalSource || item.ExternalID == "" {
		return nil
	}
	if other, doubled := first[item.ExternalID]; doubled {
		s.report.Doubled++
		s.logger.WarnContext(ctx, "two work items stand for one record; `mappings repair` keeps the linked one",
			slog.String("key", item.ExternalID), slog.String("work_item", item.ID), slog.String("other", other))
		return s.queue.lookAtDoubles(ctx, s.flow.Scope().Flow, mapping.Key(item.ExternalID))
	}
	first[item.ExternalID] = item.ID
	if !s.keys[mapping.Key(item.ExternalID)] {
		s.report.Orphaned++
	}
	return nil
}

// differs reports whether a work item changed without a webhook, and whether
// somebody changed in it what Odoo owns. A change that is younger than the grace,
// and one that is older than what is known, is none.
func (s *sweep) differs(item plane.WorkItem) (untold, drifted bool) {
	if s.grace > 0 && s.report.Started.Sub(item.UpdatedAt.Time) < s.grace {
		return false, false
	}
	row, known := s.known[item.ID]
	link, linked := s.linked[item.ID]
	content := expandedContent(item)
	switch {
	case !known:
		untold = true
	case item.UpdatedAt.Before(row.UpdatedAt):
		return false, false
	default:
		untold = row.Title != item.Name || row.Status != item.State.Value.Name || !sameName(row.Assignee, firstAssignee(item))
	}
	if !linked {
		return untold, false
	}
	edited := link.State == mapping.Linked && len(s.flow.Ownership().Edited(link.Written, content)) > 0
	untold = untold || edited || link.State == mapping.Broken
	drifted = link.State == mapping.Linked && len(s.flow.Ownership().Drifted(link.Written, content)) > 0
	return untold, drifted
}

func sameName(known *string, name string) bool {
	if known == nil {
		return name == ""
	}
	return *known == name
}

func firstAssignee(item plane.WorkItem) string {
	if len(item.Assignees) == 0 || item.Assignees[0].Value == nil {
		return ""
	}
	return item.Assignees[0].Value.DisplayName
}

// expandedContent reads a work item whose state and labels came as objects.
func expandedContent(item plane.WorkItem) mapping.Fields {
	content := mapping.Fields{
		Name: item.Name, DescriptionHTML: item.DescriptionHTML, TargetDate: string(item.TargetDate), Priority: string(item.Priority),
	}
	if item.State.Value != nil {
		content.Group = string(item.State.Value.Group)
	}
	for _, label := range item.Labels {
		if label.Value != nil {
			content.Labels = append(content.Labels, label.Value.Name)
		}
	}
	return content
}

// lookForMissing looks up what is known and not in the list. An archived work
// item is missing there too, and still found by its external pair.
func (s *sweep) lookForMissing(ctx context.Context) error {
	looks := 0
	for _, id := range s.missing() {
		if looks++; looks > maxLooks {
			s.logger.WarnContext(ctx, "more work items are missing than one sweep looks up; the next goes on", slog.Int("looked_up", maxLooks))
			return nil
		}
		if err := s.lookFor(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// missing lists what is not in the list and not known to be gone.
func (s *sweep) missing() []string {
	var ids []string
	for id, row := range s.known {
		if _, listed := s.items[id]; !listed && row.Status != statusOfDeleted && row.Status != statusOfArchived {
			ids = append(ids, id)
		}
	}
	for id, link := range s.linked {
		_, listed := s.items[id]
		if !listed && link.State == mapping.Linked && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (s *sweep) lookFor(ctx context.Context, id string) error {
	scope := s.flow.Scope()
	var found plane.WorkItem
	var err error
	if link, linked := s.linked[id]; linked {
		found, err = s.plane.WorkItemByExternalID(ctx, scope.ProjectID, mapping.ExternalSource, string(link.Key), plane.View{})
	} else {
		// Without an external pair an archived work item cannot be told from a
		// deleted one: both answer 404.
		found, err = s.plane.WorkItem(ctx, scope.ProjectID, id, plane.View{})
	}
	switch {
	case errors.Is(err, plane.ErrNotFound), err == nil && found.ID != id:
		s.report.Deleted++
		return s.feed(ctx, plane.ActionDeleted, plane.WorkItem{ID: id, Name: s.known[id].Title})
	case err != nil:
		return fmt.Errorf("looking for work item %s: %w", id, err)
	case !found.ArchivedAt.IsZero():
		s.report.Archived++
		return s.feed(ctx, plane.ActionUpdated, found)
	default:
		return nil // It moved between two pages while they were read.
	}
}

func (s *sweep) noteOldest(at time.Time) {
	if s.oldest.IsZero() || at.Before(s.oldest) {
		s.oldest = at
	}
}
