package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// FindingKind is what is wrong with a link.
type FindingKind string

// What an audit finds.
const (
	// FindingCutShort: a create was begun and never bound.
	FindingCutShort FindingKind = "cut short"
	// FindingFailing: the last write failed.
	FindingFailing FindingKind = "failing"
	// FindingArchived: the work item is archived in Plane; that is a person's choice.
	FindingArchived FindingKind = "archived"
	// FindingMissing: the linked work item is gone from Plane.
	FindingMissing FindingKind = "missing in Plane"
	// FindingDoubled: a second work item carries the external pair of a record.
	FindingDoubled FindingKind = "doubled"
	// FindingOrphaned: a work item carries an external pair of ours and no link.
	FindingOrphaned FindingKind = "orphaned"
)

// AuditFinding is one link or work item that is not as it should be.
type AuditFinding struct {
	Kind   FindingKind `json:"kind"`
	Key    mapping.Key `json:"key"`
	Issue  string      `json:"work_item,omitempty"`
	Detail string      `json:"detail,omitempty"`
	// Repair is what a repair would do; empty when only a person can.
	Repair string `json:"repair,omitempty"`
}

// Auditor compares the links with what is in Plane.
type Auditor struct{ mirror *Mirror }

// Audit lists what is wrong. It reads Plane at one request per hundred work items
// and changes nothing.
func (a *Auditor) Audit(ctx context.Context, flow Flow) ([]AuditFinding, error) {
	scope := flow.Scope()
	links, err := a.mirror.links.All(ctx, scope)
	if err != nil {
		return nil, err
	}
	byPair, listed, err := a.read(ctx, scope)
	if err != nil {
		return nil, err
	}
	var findings []AuditFinding
	linked := make(map[mapping.Key]string, len(links))
	for _, link := range links {
		linked[link.Key] = link.Issue()
		findings = append(findings, judge(link, listed)...)
	}
	for key, items := range byPair {
		findings = append(findings, judgePair(key, items, linked)...)
	}
	slices.SortFunc(findings, func(x, y AuditFinding) int {
		return cmp.Or(cmp.Compare(x.Key, y.Key), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Issue, y.Issue))
	})
	return findings, nil
}

func (a *Auditor) read(ctx context.Context, scope mapping.Scope) (byPair map[mapping.Key][]plane.WorkItem, listed map[string]bool, err error) {
	byPair, listed = make(map[mapping.Key][]plane.WorkItem), make(map[string]bool)
	for item, err := range a.mirror.plane.WorkItems(ctx, scope.ProjectID, plane.ListOptions{OrderBy: "created_at"}) {
		if err != nil {
			return nil, nil, fmt.Errorf("listing work items: %w", err)
		}
		if listed[item.ID] {
			continue
		}
		listed[item.ID] = true
		if item.ExternalSource == mapping.ExternalSource && item.ExternalID != "" {
			byPair[mapping.Key(item.ExternalID)] = append(byPair[mapping.Key(item.ExternalID)], item)
		}
	}
	return byPair, listed, nil
}

func judge(link mapping.Link, listed map[string]bool) []AuditFinding {
	finding := AuditFinding{Key: link.Key, Issue: link.Issue()}
	if link.LastError != nil {
		finding.Detail = *link.LastError
	}
	switch {
	case link.State == mapping.Intended:
		finding.Kind, finding.Repair = FindingCutShort, "look for the work item, and create it if there is none"
	case link.State == mapping.Broken:
		finding.Kind = FindingArchived
	case link.State == mapping.Linked && !listed[link.Issue()]:
		finding.Kind, finding.Repair = FindingMissing, "create it again if it was deleted, leave it if it is archived"
	case link.LastError != nil:
		finding.Kind, finding.Repair = FindingFailing, "write it again"
	default:
		return nil
	}
	return []AuditFinding{finding}
}

// judgePair looks at the work items that carry one external pair. The linked one
// stays; where none is linked, the oldest does.
func judgePair(key mapping.Key, items []plane.WorkItem, linked map[mapping.Key]string) []AuditFinding {
	slices.SortFunc(items, func(x, y plane.WorkItem) int { return cmp.Compare(x.SequenceID, y.SequenceID) })
	keep, isLinked := linked[key]
	var findings []AuditFinding
	if !isLinked {
		findings = append(findings, AuditFinding{Kind: FindingOrphaned, Key: key, Issue: items[0].ID, Repair: "link it, if Odoo has its record"})
	}
	if keep == "" {
		keep = items[0].ID
	}
	for _, item := range items {
		if item.ID != keep {
			findings = append(findings, AuditFinding{
				Kind: FindingDoubled, Key: key, Issue: item.ID, Detail: "work item " + keep + " is the one that stays",
				Repair: "cancel it with a comment and take its external pair off",
			})
		}
	}
	return findings
}

// Repair does what a finding says it would.
func (a *Auditor) Repair(ctx context.Context, flow Flow, finding AuditFinding) error {
	switch finding.Kind {
	case FindingDoubled:
		return a.mirror.withFreshCatalog(flow.Scope(), func() error { return a.retire(ctx, flow, finding) })
	case FindingCutShort, FindingFailing, FindingMissing, FindingOrphaned:
		item, err := flow.WantedFor(ctx, finding.Key)
		if errors.Is(err, ErrNoRecord) {
			return fmt.Errorf("repairing %s: %w; its work item is left to people", finding.Key, err)
		}
		if err != nil {
			return err
		}
		if err := a.mirror.links.LookNow(ctx, flow.Scope(), finding.Key); err != nil && !errors.Is(err, mapping.ErrNoLink) {
			return err
		}
		_, err = a.mirror.Apply(ctx, flow, item, WhatDrifted)
		return err
	default:
		return nil
	}
}

// retire takes a double out of the way: a comment says which work item stays, and
// then its state and its external pair go in one write. Without the pair it is
// nobody's double any more, so a crash in between only repeats the comment's call.
func (a *Auditor) retire(ctx context.Context, flow Flow, finding AuditFinding) error {
	scope := flow.Scope()
	_, err := a.mirror.plane.CreateComment(ctx, scope.ProjectID, finding.Issue, plane.NewComment{
		HTML:           "<p>This work item was made twice for one record of Odoo, so it is cancelled: " + finding.Detail + ".</p>",
		ExternalSource: mapping.ExternalSource, ExternalID: string(finding.Key) + "#double",
	})
	if err != nil && !errors.Is(err, plane.ErrConflict) {
		return fmt.Errorf("saying why double %s is cancelled: %w", finding.Issue, err)
	}
	state, err := a.mirror.catalog.StateFor(ctx, scope.ProjectID, plane.GroupCancelled)
	if err != nil {
		return fmt.Errorf("choosing the state of double %s: %w", finding.Issue, err)
	}
	_, err = a.mirror.plane.UpdateWorkItem(ctx, scope.ProjectID, finding.Issue, plane.WorkItemPatch{
		StateID: plane.Set(state.ID), ExternalSource: plane.Null[string](), ExternalID: plane.Null[string](),
	})
	if err != nil && !errors.Is(err, plane.ErrNotFound) {
		return fmt.Errorf("retiring double %s: %w", finding.Issue, err)
	}
	return nil
}
