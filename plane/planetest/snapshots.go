package planetest

import (
	"maps"
	"slices"
	"time"
)

// An Item is a work item as it stands, deleted ones included.
type Item struct {
	ID              string
	ProjectID       string
	Identifier      string // such as BIR-12
	Name            string
	DescriptionHTML string
	Priority        string
	StateID         string
	StateName       string
	StateGroup      string
	StartDate       string
	TargetDate      string
	ExternalSource  string
	ExternalID      string
	Labels          []string // names, in the order of the item
	LabelIDs        []string
	Assignees       []string // user ids
	CreatedBy       string
	UpdatedBy       string
	CreatedAt       time.Time
	UpdatedAt       time.Time
	CompletedAt     time.Time // zero when not completed
	Archived        bool
	Deleted         bool
	Comments        []Comment
	Links           []Link
	// Writes counts the creates, patches and deletes that came over the API
	// since the last ResetCounters.
	Writes int
}

// A Comment is a comment under an item.
type Comment struct {
	ID, Actor, HTML            string
	ExternalSource, ExternalID string
	CreatedAt                  time.Time
}

// A Link is a link of an item.
type Link struct{ ID, URL, Title string }

// Items lists all work items in the order of their creation, archived and
// deleted ones included.
func (s *Server) Items() []Item {
	return s.itemsWhere(func(*workItem) bool { return true })
}

// Item is the work item of that id; false when there never was one.
func (s *Server) Item(id string) (Item, bool) {
	found := s.itemsWhere(func(it *workItem) bool { return it.id == id })
	if len(found) == 0 {
		return Item{}, false
	}
	return found[0], true
}

// ItemsByExternalID lists the items with that external pair, archived and
// deleted ones included: more than one that is not deleted is a duplicate.
func (s *Server) ItemsByExternalID(source, id string) []Item {
	return s.itemsWhere(func(it *workItem) bool { return it.source == source && it.externalID == id })
}

// Writes is Item.Writes of one item.
func (s *Server) Writes(itemID string) int {
	it, _ := s.Item(itemID)
	return it.Writes
}

// Requests counts the API requests by method and path pattern, such as
// "GET /api/v1/workspaces/{slug}/projects/{project}/work-items/", those
// included that were refused; a request that a fault kept from the API is not.
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// RequestTotal is the sum of Requests.
func (s *Server) RequestTotal() int {
	total := 0
	for _, n := range s.Requests() {
		total += n
	}
	return total
}

// Rejected counts the requests that were answered 429.
func (s *Server) Rejected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rejected
}

// ResetCounters sets Requests, Rejected and every item's Writes to zero.
func (s *Server) ResetCounters() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.counts)
	s.rejected = 0
	for _, it := range s.items {
		it.writes = 0
	}
}

func (s *Server) itemsWhere(wanted func(*workItem) bool) []Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Item
	for _, it := range s.items {
		if wanted(it) {
			list = append(list, s.snapshot(it))
		}
	}
	return list
}

func (s *Server) snapshot(it *workItem) Item {
	return Item{
		ID: it.id, ProjectID: it.project.id, Identifier: identifier(it), Name: it.name,
		DescriptionHTML: it.descriptionHTML, Priority: it.priority,
		StateID: it.state.id, StateName: it.state.name, StateGroup: it.state.group,
		StartDate: it.startDate, TargetDate: it.targetDate,
		ExternalSource: it.source, ExternalID: it.externalID,
		Labels: labelNames(it), LabelIDs: slices.Clone(it.labels), Assignees: slices.Clone(it.assignees),
		CreatedBy: it.createdBy, UpdatedBy: it.updatedBy,
		CreatedAt: it.created, UpdatedAt: it.updated, CompletedAt: it.completed,
		Archived: it.archivedAt != "", Deleted: !it.alive(),
		Comments: s.commentsOf(it), Links: s.linksOf(it), Writes: it.writes,
	}
}

func labelNames(it *workItem) []string {
	var names []string
	for _, id := range it.labels {
		if l := it.project.labelByID(id); l != nil {
			names = append(names, l.name)
		}
	}
	return names
}

func (s *Server) commentsOf(it *workItem) []Comment {
	var list []Comment
	for _, cm := range s.comments {
		if cm.item == it.id {
			list = append(list, Comment{cm.id, cm.actor, cm.html, cm.source, cm.externalID, cm.created})
		}
	}
	return list
}

func (s *Server) linksOf(it *workItem) []Link {
	var list []Link
	for _, l := range s.links {
		if l.item == it.id {
			list = append(list, Link{l.id, l.url, l.title})
		}
	}
	return list
}
