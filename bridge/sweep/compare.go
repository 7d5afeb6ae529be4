package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
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
		if err := s.consider(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

// consider feeds one work item when it differs from what is known of it.
func (s *sweep) consider(ctx context.Context, item shown.Item) error {
	if err := s.endWait(ctx, item); err != nil {
		return err
	}
	missed, drifted := s.differs(item)
	if s.needsWhole(item, missed || drifted) {
		var err error
		if item, err = s.whole(ctx, item); err != nil || item.ID == "" {
			return err
		}
		missed, drifted = s.differs(item)
	}
	if missed {
		if err := s.noteMissed(ctx, item); err != nil {
			return err
		}
	}
	if drifted {
		s.report.Drifted++
	}
	if !missed && !drifted {
		return nil
	}
	return s.feed(ctx, plane.ActionUpdated, item)
}

// endWait lets the next sync write a work item that could not be written and is listed
// again: its project was restored, say, or it was accepted out of Intake.
func (s *sweep) endWait(ctx context.Context, item shown.Item) error {
	link, linked := s.linked[item.ID]
	if !linked || link.State != mapping.Linked || !link.Waits() {
		return nil
	}
	return s.Links.LookNow(ctx, s.flow.Scope(), link.Key)
}

// noteMissed counts a work item that nobody reported, and whether somebody should have.
func (s *sweep) noteMissed(ctx context.Context, item shown.Item) error {
	if s.isOurs(item) {
		s.report.FirstSeen++
		return nil
	}
	s.report.Missed++
	tells, err := s.webhookTells(ctx, item)
	if err != nil || !tells {
		return err
	}
	s.missed = append(s.missed, s.happenedAt(item))
	return nil
}

// needsWhole reports whether a work item that came without its description, because
// its page was too large, has to be read by itself: when it differs, for what is fed
// is its whole content, and when it was written since it was last reported, for that
// may have been the description.
func (s *sweep) needsWhole(item shown.Item, differs bool) bool {
	if len(item.Shown.LeftOut) == 0 {
		return false
	}
	row, known := s.known[item.ID]
	return differs || known && item.UpdatedAt.After(row.UpdatedAt)
}

// whole reads one work item with its description. One that is too large by itself is
// passed over, and one that went away meanwhile is left to the next sweep; both come
// back without an id.
func (s *sweep) whole(ctx context.Context, item shown.Item) (shown.Item, error) {
	project := s.flow.Scope().ProjectID
	alone, err := s.Plane.WorkItem(ctx, project, item.ID, shown.View)
	switch {
	case errors.Is(err, plane.ErrNotFound), err != nil && s.passes(item.ID, err):
		return shown.Item{}, nil
	case err != nil:
		return shown.Item{}, fmt.Errorf("reading work item %s by itself: %w", item.ID, err)
	}
	s.failed = 0
	return s.Reader.Read(ctx, project, alone, false)
}

// countPair counts work items that carry an external pair of ours twice, or carry
// one and belong to nothing. A sync adopts an orphan whose record Odoo still has, and
// a job looks at duplicates.
func (s *sweep) countPair(ctx context.Context, item shown.Item, first map[string]string) error {
	if item.Key == "" {
		return nil
	}
	if other := s.doubled(item, first); other != "" {
		s.report.Doubled++
		level := slog.LevelWarn
		if s.report.Doubled <= s.before.Doubled {
			level = slog.LevelDebug // It was said when it was found.
		}
		s.Logger.Log(ctx, level, "two work items stand for one record; `mappings repair` keeps the linked one",
			slog.String("key", string(item.Key)), slog.String("work_item", item.ID), slog.String("other", other))
		if !s.binds(item.Key) {
			return nil // A sync binds one of them first; the sweep after it looks.
		}
		return s.Queue.LookAtDuplicates(ctx, s.flow.Scope().Flow, item.Key)
	}
	first[string(item.Key)] = item.ID
	if _, known := s.keys[item.Key]; !known {
		s.report.Orphaned++
	}
	return nil
}

// doubled is the other work item that carries the pair of this one, or "": one that was
// listed before it, or the linked one, where that is in no list because it is archived.
func (s *sweep) doubled(item shown.Item, first map[string]string) string {
	if other := first[string(item.Key)]; other != "" {
		return other
	}
	linked := s.keys[item.Key]
	if _, listed := s.items[linked]; listed || linked == item.ID {
		return ""
	}
	return linked
}

// binds reports whether a record has its work item.
func (s *sweep) binds(key mapping.Key) bool {
	for _, link := range s.linked {
		if link.Key == key && link.State == mapping.Linked {
			return true
		}
	}
	return false
}

// differs reports whether a work item changed without a webhook, and whether
// somebody changed in it what Odoo owns. Contents are compared, not ages: two hosts
// of Plane may disagree about the time. A change that is younger than the grace is
// none, and neither is a difference from what was written after the list was asked for.
func (s *sweep) differs(item shown.Item) (missed, drifted bool) {
	age := s.listed.Sub(item.UpdatedAt)
	if s.grace > 0 && age < s.grace && age > -shown.ClockTolerance {
		return false, false // One from the future has no age, and is compared.
	}
	row, known := s.known[item.ID]
	switch {
	case !known:
		missed = true
	case shown.IsAfter(row.ReportedAt, s.report.Started), shown.IsAfter(row.AskedAt, s.report.Started):
		return false, false
	default:
		missed = differsFromRow(item, row)
	}
	link, linked := s.linked[item.ID]
	if !linked || link.UpdatedAt.After(s.report.Started) {
		return missed, false
	}
	fields := shown.AsKnown(item.Fields, link.Written, item.Shown.LeftOut...)
	edited := link.State == mapping.Linked && len(s.flow.Ownership().Edited(link.Written, fields)) > 0
	missed = missed || edited || link.State == mapping.Broken
	drifted = link.State == mapping.Linked && len(s.flow.Ownership().Drifted(link, fields)) > 0
	return missed, drifted
}

// differsFromRow compares all that ops.work_items keeps. A state that is not shown
// is left as known.
func differsFromRow(item shown.Item, row ledger.WorkItem) bool {
	return row.Title != item.Fields.Name || item.StateName != "" && row.Status != item.StateName ||
		item.StateName == "" && row.Gone() || !sameName(row.Assignee, item.Assignee) ||
		item.Key != "" && !sameName(row.Key, string(item.Key))
}

func sameName(known *string, name string) bool {
	if known == nil {
		return name == ""
	}
	return *known == name
}

// happenedAt is when a change happened. One from the future has happened by now.
func (s *sweep) happenedAt(item shown.Item) time.Time {
	if item.UpdatedAt.After(s.report.Started) {
		return s.report.Started
	}
	return item.UpdatedAt
}
