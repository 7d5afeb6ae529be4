package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
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
	// FindingMoved: the work item is in another project now; that is a person's choice too.
	FindingMoved FindingKind = "moved"
	// FindingMissing: the linked work item is gone from Plane.
	FindingMissing FindingKind = "missing in Plane"
	// FindingDuplicate: a second work item carries the external pair of a record. Its word
	// is part of the command's JSON.
	FindingDuplicate FindingKind = "doubled"
	// FindingOrphaned: a work item carries an external pair of ours and no link.
	FindingOrphaned FindingKind = "orphaned"
	// FindingUnpaired: a linked work item does not carry its record's external pair any
	// more, so it could not be found again if the link were lost.
	FindingUnpaired FindingKind = "lost its external id"
)

// Finding is one link or work item that is not as it should be.
type Finding struct {
	Kind   FindingKind `json:"kind"`
	Key    mapping.Key `json:"key"`
	Issue  string      `json:"work_item,omitempty"`
	Detail string      `json:"detail,omitempty"`
	// Repair is what a repair would do; empty when only a person can.
	Repair string `json:"repair,omitempty"`
}

// Auditor compares the links with what is in Plane.
type Auditor struct{ mirror *mirror.Mirror }

// New returns an auditor of what a mirror writes.
func New(mirror *mirror.Mirror) *Auditor { return &Auditor{mirror: mirror} }

// Audit lists what is wrong. It reads Plane at one request per hundred work items
// and changes nothing.
func (a *Auditor) Audit(ctx context.Context, flow bridge.Flow) ([]Finding, error) {
	scope := flow.Scope()
	links, err := a.mirror.Links.All(ctx, scope)
	if err != nil {
		return nil, err
	}
	byPair, listed, err := a.read(ctx, scope)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	linked := make(map[mapping.Key]string, len(links))
	for _, link := range links {
		linked[link.Key] = link.Issue()
		findings = append(findings, judge(link, listed)...)
	}
	for key, items := range byPair {
		findings = append(findings, judgePair(key, items, linked)...)
	}
	if err := adviseOrphans(ctx, flow, findings); err != nil {
		return nil, err
	}
	slices.SortFunc(findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(x.Key, y.Key), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Issue, y.Issue))
	})
	return findings, nil
}

// adviseOrphans says of orphans whose record Odoo does not have that only a person
// can end them: what `repair` cannot do it must not promise.
func adviseOrphans(ctx context.Context, flow bridge.Flow, findings []Finding) error {
	isOrphan := func(f Finding) bool { return f.Kind == FindingOrphaned }
	if !slices.ContainsFunc(findings, isOrphan) {
		return nil
	}
	wanted, err := flow.Wanted(ctx)
	if err != nil {
		return fmt.Errorf("reading which orphans Odoo has a record for: %w", err)
	}
	inOdoo := make(map[mapping.Key]bool, len(wanted.Items))
	for _, item := range wanted.Items {
		inOdoo[item.Key] = true
	}
	for i, f := range findings {
		if isOrphan(f) && !inOdoo[f.Key] {
			findings[i].Detail = "Odoo has no such record; cancel or delete the work item in Plane, or take its external id off"
			findings[i].Repair = ""
		}
	}
	return nil
}

// pair is the external id of a listed work item, if it is one of ours.
type pair mapping.Key

// pairUnread is the pair of a listed work item that cannot be read: it is there, and
// nothing more is known of it.
const pairUnread pair = "?"

// pairForeign is the pair of a listed work item that another program gave it.
const pairForeign pair = "!"

func (a *Auditor) read(ctx context.Context, scope mapping.Scope) (byPair map[mapping.Key][]plane.WorkItem, listed map[string]pair, err error) {
	byPair, listed = make(map[mapping.Key][]plane.WorkItem), make(map[string]pair)
	for item, err := range a.mirror.Plane.WorkItems(ctx, scope.ProjectID, plane.ListOptions{OrderBy: "created_at", Partial: true}) {
		var odd *plane.ItemError
		if errors.As(err, &odd) {
			listed[odd.ID] = pairUnread
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("listing work items: %w", err)
		}
		if _, again := listed[item.ID]; again {
			continue
		}
		listed[item.ID] = pairOf(item)
		if item.ExternalSource == mapping.ExternalSource && item.ExternalID != "" {
			byPair[mapping.Key(item.ExternalID)] = append(byPair[mapping.Key(item.ExternalID)], item)
		}
	}
	return byPair, listed, nil
}

func pairOf(item plane.WorkItem) pair {
	switch {
	case item.ExternalSource == mapping.ExternalSource:
		return pair(item.ExternalID)
	case item.ExternalSource != "" && item.ExternalID != "":
		return pairForeign
	default:
		return ""
	}
}

func judge(link mapping.Link, listed map[string]pair) []Finding {
	finding := Finding{Key: link.Key, Issue: link.Issue()}
	carried, isListed := listed[link.Issue()]
	if link.LastError != nil {
		finding.Detail = *link.LastError
	}
	switch {
	case link.State == mapping.Intended:
		finding.Kind, finding.Repair = FindingCutShort, "look for the work item, and create it if there is none"
	case link.State == mapping.Broken && finding.Detail != "" && finding.Detail != shown.WhyArchived:
		finding.Kind = FindingMoved
	case link.State == mapping.Broken:
		finding.Kind = FindingArchived
	case link.State == mapping.Linked && !isListed:
		finding.Kind, finding.Repair = FindingMissing, "create it again if it was deleted, leave it if it is archived"
	case link.LastError != nil:
		finding.Kind, finding.Repair = FindingFailing, "write it again"
	case isListed && carried == pairForeign:
		finding.Kind, finding.Detail = FindingUnpaired, "another program has given it one of its own; take that off in Plane if it may go"
	case isListed && carried != pairUnread && carried != pair(link.Key):
		finding.Kind, finding.Repair = FindingUnpaired, "give it its external id back"
	default:
		return nil
	}
	return []Finding{finding}
}

// judgePair looks at the work items that carry one external pair. The linked one
// stays; where none is linked, the oldest does.
func judgePair(key mapping.Key, items []plane.WorkItem, linked map[mapping.Key]string) []Finding {
	slices.SortFunc(items, func(x, y plane.WorkItem) int { return cmp.Compare(x.SequenceID, y.SequenceID) })
	keep, isLinked := linked[key]
	var findings []Finding
	if !isLinked {
		findings = append(findings, Finding{Kind: FindingOrphaned, Key: key, Issue: items[0].ID, Repair: "link it, if Odoo has its record"})
	}
	if keep == "" {
		keep = items[0].ID
	}
	for _, item := range items {
		if item.ID != keep {
			findings = append(findings, Finding{
				Kind: FindingDuplicate, Key: key, Issue: item.ID, Detail: keptInstead(keep),
				Repair: "cancel it with a comment and take its external pair off",
			})
		}
	}
	return findings
}

// Repair does what a finding says it would.
func (a *Auditor) Repair(ctx context.Context, flow bridge.Flow, finding Finding) error {
	switch finding.Kind {
	case FindingDuplicate:
		return a.mirror.WithFreshCatalog(flow.Scope(), func() error {
			return a.retire(ctx, flow.Scope(), finding.Key, finding.Issue, finding.Detail)
		})
	case FindingUnpaired:
		return a.pairAgain(ctx, flow, finding)
	case FindingCutShort, FindingFailing, FindingMissing, FindingOrphaned:
		item, err := flow.WantedFor(ctx, finding.Key)
		if errors.Is(err, bridge.ErrNoRecord) {
			return fmt.Errorf("repairing %s: %w; its work item is left to people", finding.Key, err)
		}
		if err != nil {
			return err
		}
		if err := a.mirror.Links.LookNow(ctx, flow.Scope(), finding.Key); err != nil && !errors.Is(err, mapping.ErrNoLink) {
			return err
		}
		_, err = a.mirror.Apply(ctx, flow, item, mirror.WhatDrifted)
		return err
	default:
		return nil
	}
}

// pairAgain writes the external pair of a record to its linked work item.
func (a *Auditor) pairAgain(ctx context.Context, flow bridge.Flow, finding Finding) error {
	answered, err := a.mirror.Plane.UpdateWorkItem(ctx, flow.Scope().ProjectID, finding.Issue, plane.WorkItemPatch{
		ExternalSource: plane.Set(mapping.ExternalSource), ExternalID: plane.Set(string(finding.Key)),
	})
	if err != nil {
		return fmt.Errorf("giving work item %s its external id back: %w", finding.Issue, err)
	}
	if answered.ExternalSource != mapping.ExternalSource || answered.ExternalID != string(finding.Key) {
		return fmt.Errorf("giving work item %s its external id back: Plane answered with success and did not take it", finding.Issue)
	}
	return nil
}
