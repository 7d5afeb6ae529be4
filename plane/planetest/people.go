package planetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// NewItem describes a work item that a person makes.
type NewItem struct {
	// ProjectID is the first project when empty.
	ProjectID       string
	Name            string
	DescriptionHTML string
	Priority        string // "none" when empty
	StateGroup      string // the project's default state when empty
	StartDate       string // YYYY-MM-DD
	TargetDate      string // YYYY-MM-DD
	ParentID        string
	Labels          []string // names; what there is none of is made
	Assignees       []string // ids or display names
	// ExternalSource and ExternalID are stored unchecked: two items can be
	// given one pair.
	ExternalSource, ExternalID string
}

// CreateItem makes a work item as a person does in Plane's own pages: it takes
// nothing from the API's limit. Actors are told by id or display name. The
// answer is the item's id.
func (s *Server) CreateItem(actor string, item NewItem) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeClock(nil)
	by, err := s.person(actor)
	if err != nil {
		return "", fmt.Errorf("creating work item %q: %w", item.Name, err)
	}
	p := s.projectByID(orDefault(item.ProjectID, s.ProjectID()))
	if p == nil {
		return "", fmt.Errorf("creating work item %q: no project %s", item.Name, item.ProjectID)
	}
	draft := &workItem{id: newID(), project: p, state: p.defaultState(), source: item.ExternalSource, externalID: item.ExternalID}
	if item.StateGroup != "" {
		if draft.state = p.stateByGroup(item.StateGroup); draft.state == nil {
			return "", fmt.Errorf("creating work item %q: no state of group %q", item.Name, item.StateGroup)
		}
	}
	body, err := s.itemBody(p, item)
	if err != nil {
		return "", fmt.Errorf("creating work item %q: %w", item.Name, err)
	}
	if faults := s.fill(draft, body); faults != nil {
		return "", fmt.Errorf("creating work item %q: %s", item.Name, restStyle.encode(faults))
	}
	s.insert(draft, by)
	draft.writes = 0
	s.announceCreated("issue", draft.id, by)
	s.settleLater(draft)
	return draft.id, nil
}

// itemBody is the request by which Plane's pages make an item, in the names of the API.
func (s *Server) itemBody(p *project, item NewItem) (object, error) {
	assignees, err := s.personIDs(item.Assignees)
	if err != nil {
		return nil, err
	}
	labels := []any{}
	for _, name := range item.Labels {
		labels = append(labels, s.labelNamed(p, name).id)
	}
	return object{
		{"name", item.Name},
		{"priority", orDefault(item.Priority, "none")},
		{"start_date", orNull(item.StartDate)},
		{"target_date", orNull(item.TargetDate)},
		{"description_html", orDefault(item.DescriptionHTML, "<p></p>")},
		{"parent", orNull(item.ParentID)},
		{"assignees", assignees},
		{"labels", labels},
	}, nil
}

func (s *Server) personIDs(people []string) ([]any, error) {
	ids := []any{}
	for _, name := range people {
		p, err := s.person(name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// labelNamed is a project's label of that name; it is made when there is none.
func (s *Server) labelNamed(p *project, name string) *label {
	if l := p.labelByName(name); l != nil {
		return l
	}
	return s.addLabel(p, name, "#888888", "")
}

// MoveItem moves an item to the first state of a group (backlog, unstarted,
// started, completed, cancelled).
func (s *Server) MoveItem(actor, itemID, stateGroup string) error {
	return s.edit(actor, itemID, func(it *workItem) (object, error) {
		st := it.project.stateByGroup(stateGroup)
		if st == nil {
			return nil, fmt.Errorf("no state of group %q", stateGroup)
		}
		return object{{"state_id", st.id}}, nil
	})
}

// MoveItemToState moves an item to the state of that name.
func (s *Server) MoveItemToState(actor, itemID, stateName string) error {
	return s.edit(actor, itemID, func(it *workItem) (object, error) {
		st := find(it.project.states, func(st *state) bool { return st.name == stateName })
		if st == nil {
			return nil, fmt.Errorf("no state %q", stateName)
		}
		return object{{"state_id", st.id}}, nil
	})
}

// RenameItem changes an item's name.
func (s *Server) RenameItem(actor, itemID, name string) error {
	return s.set(actor, itemID, "name", name)
}

// DescribeItem changes an item's description.
func (s *Server) DescribeItem(actor, itemID, html string) error {
	return s.set(actor, itemID, "description_html", html)
}

// SetPriority changes an item's priority.
func (s *Server) SetPriority(actor, itemID, priority string) error {
	return s.set(actor, itemID, "priority", priority)
}

// SetTargetDate changes an item's due date (YYYY-MM-DD); empty clears it.
func (s *Server) SetTargetDate(actor, itemID, date string) error {
	return s.set(actor, itemID, "target_date", orNull(date))
}

// SetStartDate changes an item's start date (YYYY-MM-DD); empty clears it.
func (s *Server) SetStartDate(actor, itemID, date string) error {
	return s.set(actor, itemID, "start_date", orNull(date))
}

// SetParent puts an item below another; empty takes it out.
func (s *Server) SetParent(actor, itemID, parentID string) error {
	return s.set(actor, itemID, "parent_id", orNull(parentID))
}

// Assign makes people the assignees of an item, in place of those it had.
func (s *Server) Assign(actor, itemID string, people ...string) error {
	return s.edit(actor, itemID, func(*workItem) (object, error) {
		ids, err := s.personIDs(people)
		if err != nil {
			return nil, err
		}
		return object{{"assignee_ids", ids}}, nil
	})
}

// AddLabel puts a label on an item, and makes the label when there is none of
// that name.
func (s *Server) AddLabel(actor, itemID, name string) error {
	return s.edit(actor, itemID, func(it *workItem) (object, error) {
		l := s.labelNamed(it.project, name)
		if slices.Contains(it.labels, l.id) {
			return object{{"label_ids", anyList(it.labels)}}, nil
		}
		return object{{"label_ids", append(anyList(it.labels), l.id)}}, nil
	})
}

// RemoveLabel takes a label off an item.
func (s *Server) RemoveLabel(actor, itemID, name string) error {
	return s.edit(actor, itemID, func(it *workItem) (object, error) {
		kept := []any{}
		for _, id := range it.labels {
			if l := it.project.labelByID(id); l != nil && l.name != name {
				kept = append(kept, id)
			}
		}
		return object{{"label_ids", kept}}, nil
	})
}

// Archive puts an item away. No webhook tells of it. (Plane's own pages offer
// this for completed and cancelled items only; automations do it too.)
func (s *Server) Archive(actor, itemID string) error {
	return s.quietly("archiving", actor, itemID, func(it *workItem) {
		it.archivedAt = s.options.Now().UTC().Format(time.DateOnly)
	})
}

// Unarchive brings an item back, also without a webhook.
func (s *Server) Unarchive(actor, itemID string) error {
	return s.quietly("unarchiving", actor, itemID, func(it *workItem) { it.archivedAt = "" })
}

// SetDatesInTimeline moves an item's dates as dragging it in the timeline does:
// no webhook tells of it, and updated_at does not move.
func (s *Server) SetDatesInTimeline(itemID, startDate, targetDate string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.itemByID(itemID)
	if it == nil {
		return fmt.Errorf("dating work item %s: no such item", itemID)
	}
	faults, dates := fieldErrors{}, object{{"start_date", orNull(startDate)}, {"target_date", orNull(targetDate)}}
	start, target := faults.date(dates, "start_date", ""), faults.date(dates, "target_date", "")
	if faults.any() {
		return fmt.Errorf("dating work item %s: %s", itemID, restStyle.encode(faults.object()))
	}
	it.startDate, it.targetDate = start, target
	return nil
}

// MoveItemToProject takes an item to another project, as the commercial editions
// can: it keeps its id, pair, comments and links, gets a number there, the state
// of the same group (or the default), and loses the labels and assignees that
// the other project does not have. In the old project everything about it
// answers 404 from then on, the look-up by its pair included. The webhook names
// the new project.
func (s *Server) MoveItemToProject(actor, itemID, projectID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeClock(nil)
	by, err := s.person(actor)
	if err != nil {
		return fmt.Errorf("moving work item %s: %w", itemID, err)
	}
	it, to := s.itemByID(itemID), s.projectByID(projectID)
	if it == nil || to == nil {
		return fmt.Errorf("moving work item %s to project %s: no such item or project", itemID, projectID)
	}
	before, draft := s.itemObject(it, nil), *it
	to.sequence++
	draft.project, draft.sequence, draft.parent = to, to.sequence, ""
	draft.state = orDefault(to.stateByGroup(it.state.group), to.defaultState())
	if faults := s.fill(&draft, object{}); faults != nil {
		return fmt.Errorf("moving work item %s: %s", itemID, restStyle.encode(faults))
	}
	s.save(it, draft, by)
	it.writes--
	s.announceChanges("issue", it.id, by, before, object{{"project", to.id}})
	return nil
}

// Delete deletes an item. Community sends no webhook; v2 receivers hear of it.
func (s *Server) Delete(actor, itemID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	by, err := s.person(actor)
	if err != nil {
		return fmt.Errorf("deleting work item %s: %w", itemID, err)
	}
	it := s.itemByID(itemID)
	if it == nil {
		return fmt.Errorf("deleting work item %s: no such item", itemID)
	}
	s.takeClock(nil)
	s.remove(it, by)
	it.writes--
	return nil
}

func (s *Server) set(actor, itemID, field string, value any) error {
	return s.edit(actor, itemID, func(*workItem) (object, error) { return object{{field, value}}, nil })
}

// edit changes an item by way of Plane's pages. Their requests name some fields
// differently from the API (state_id, label_ids, assignee_ids), and so do the
// webhooks that follow.
func (s *Server) edit(actor, itemID string, fields func(*workItem) (object, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeClock(nil)
	by, err := s.person(actor)
	if err != nil {
		return fmt.Errorf("editing work item %s: %w", itemID, err)
	}
	it := s.itemByID(itemID)
	if it == nil {
		return fmt.Errorf("editing work item %s: no such item", itemID)
	}
	requested, err := fields(it)
	if err != nil {
		return fmt.Errorf("editing work item %s: %w", itemID, err)
	}
	before, draft := renamed(s.itemObject(it, nil), pageNames), *it
	if faults := s.fill(&draft, renamed(requested, apiNames)); faults != nil {
		return fmt.Errorf("editing work item %s: %s", itemID, restStyle.encode(faults))
	}
	s.save(it, draft, by)
	it.writes--
	s.announceChanges("issue", it.id, by, before, requested)
	return nil
}

func (s *Server) quietly(act, actor, itemID string, do func(*workItem)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeClock(nil)
	by, err := s.person(actor)
	if err != nil {
		return fmt.Errorf("%s work item %s: %w", act, itemID, err)
	}
	it := s.itemByID(itemID)
	if it == nil {
		return fmt.Errorf("%s work item %s: no such item", act, itemID)
	}
	before := it.archivedAt
	do(it)
	it.updated, it.updatedBy, it.clock = s.now(), by.ID, s.clocks.current
	if before != it.archivedAt {
		s.noteActivity(change{event: "issue", action: "updated", entity: it.id, actor: by, field: "archived_at", after: orNull(it.archivedAt)})
	}
	return nil
}

var (
	pageNames = map[string]string{"state": "state_id", "labels": "label_ids", "assignees": "assignee_ids", "parent": "parent_id"}
	apiNames  = map[string]string{"state_id": "state", "label_ids": "labels", "assignee_ids": "assignees", "parent_id": "parent"}
)

func renamed(o object, names map[string]string) object {
	result := object{}
	for _, m := range o {
		if name, differs := names[strings.ToLower(m.key)]; differs {
			m.key = name
		}
		result = append(result, m)
	}
	return result
}

func anyList(list []string) []any {
	result := []any{}
	for _, v := range list {
		result = append(result, v)
	}
	return result
}
