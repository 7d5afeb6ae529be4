package planetest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listItems answers a page, or, when both external parameters are there, ONE
// object. The lookup also finds archived items, and breaks when two items carry
// the pair.
func (s *Server) listItems(c *call) answer {
	if source, id := c.pair(); source != "" && id != "" {
		switch found := s.itemsByPair(c.project, source, id); len(found) {
		case 0:
			return missing()
		case 1:
			return ok(s.itemView(c, found[0]))
		default:
			return broken()
		}
	}
	var items []*workItem
	for _, it := range s.items {
		if it.project == c.project && it.listed() {
			items = append(items, it)
		}
	}
	if !sortItems(items, c.URL.Query().Get("order_by")) {
		return broken()
	}
	var rows []row
	for _, it := range items {
		rows = append(rows, func() object { return s.itemView(c, it) })
	}
	return c.page(rows)
}

func (s *Server) getItem(c *call) answer {
	it := s.itemByID(c.item)
	if it == nil || it.project != c.project || !it.listed() {
		return missing()
	}
	return ok(s.itemView(c, it))
}

// getByIdentifier reads by the number that people use, such as BIR-12.
func (s *Server) getByIdentifier(c *call) answer {
	cut := strings.LastIndexByte(c.PathValue("identifier"), '-')
	if cut < 0 {
		return missing()
	}
	identifier, number := c.PathValue("identifier")[:cut], c.PathValue("identifier")[cut+1:]
	for _, it := range s.items {
		if it.listed() && it.project.identifier == identifier && strconv.Itoa(it.sequence) == number {
			return ok(s.itemView(c, it))
		}
	}
	return missing()
}

// createItem checks the external pair and inserts afterwards. With MultiRace or
// SlowCreates there is a time between the two in which other requests run.
func (s *Server) createItem(c *call) answer {
	draft := &workItem{
		id: newID(), project: c.project, state: c.project.defaultState(),
		priority: "none", descriptionHTML: "<p></p>",
	}
	if _, named := c.body.lookup("name"); !named {
		c.body = c.body.set("name", missingField{})
	}
	if faults := s.fill(draft, c.body); faults != nil {
		return invalid(faults)
	}
	if draft.source != "" && draft.externalID != "" {
		if found := s.itemsByPair(c.project, draft.source, draft.externalID); len(found) > 0 {
			return conflict("Issue with the same external id and external source already exists", found[0].id)
		}
		if s.race {
			s.pause(s.options.RaceWindow)
		}
	}
	s.pause(s.slow)
	s.insert(draft, c.user)
	s.announceCreated("issue", draft.id, c.user)
	first := s.shown(draft, s.itemObject(draft, nil))
	draft.createdLater = true
	s.settleLater(draft)
	return created(first)
}

// pause lets other requests in between a check and its insert. It does not end
// when the client hangs up: a server whose query runs does not notice.
func (s *Server) pause(wait time.Duration) {
	if wait <= 0 {
		return
	}
	host := s.clocks.current
	s.mu.Unlock()
	time.Sleep(wait)
	s.mu.Lock()
	s.clocks.current = host
}

func (s *Server) insert(it *workItem, by Person) {
	it.project.sequence++
	it.sequence = it.project.sequence
	if it.sortOrder == 0 {
		it.sortOrder = s.nextSortOrder(it)
	}
	it.created = s.now()
	it.updated = s.now()
	it.clock = s.clocks.current
	it.createdBy = by.ID
	it.writes = 1
	if it.state.group == "completed" {
		it.completed = it.created
	}
	s.items = append(s.items, it)
}

// nextSortOrder puts an item below the others of its state.
func (s *Server) nextSortOrder(it *workItem) float64 {
	highest := 0.0
	for _, other := range s.items {
		if other.alive() && other.state == it.state {
			highest = max(highest, other.sortOrder)
		}
	}
	if highest == 0 {
		return 65535
	}
	return highest + 10000
}

// patchItem also changes archived items, which a GET does not show.
func (s *Server) patchItem(c *call) answer {
	it := s.itemByID(c.item)
	if it == nil || it.project != c.project {
		return missing()
	}
	before := s.itemObject(it, nil)
	draft := *it
	if faults := s.fill(&draft, c.body); faults != nil {
		return invalid(faults)
	}
	if draft.externalID != "" && draft.externalID != it.externalID {
		// The id in this answer is the patched item's own, not the other's.
		if len(s.itemsByPair(c.project, draft.source, draft.externalID)) > 0 {
			return conflict("Issue with the same external id and external source already exists", it.id)
		}
	}
	s.save(it, draft, c.user)
	s.announceChanges("issue", it.id, c.user, before, c.body)
	return ok(s.shown(it, s.itemObject(it, nil)))
}

// save stores a changed item. updated_at moves even when nothing changed, and
// will move again when the background task has run.
func (s *Server) save(it *workItem, draft workItem, by Person) {
	moved := draft.state != it.state
	*it = draft
	it.updated, it.updatedBy, it.clock = s.now(), by.ID, s.clocks.current
	s.settleLater(it)
	it.writes++
	switch {
	case it.state.group != "completed":
		it.completed = time.Time{}
	case moved:
		it.completed = it.updated
	}
}

// deleteItem sends no webhook on Community.
func (s *Server) deleteItem(c *call) answer {
	it := s.itemByID(c.item)
	if it == nil || it.project != c.project {
		return missing()
	}
	if c.project.members[c.user.ID] < roleAdmin && it.createdBy != c.user.ID {
		return answer{status: http.StatusForbidden, body: object{{"error", "Only admin or creator can delete the work item"}}}
	}
	s.remove(it, c.user)
	return noContent()
}

func (s *Server) remove(it *workItem, by Person) {
	before := s.itemObject(it, nil)
	it.deleted = s.now()
	it.writes++
	s.announceDeleted(it.id, by, before)
}

// itemView is an item as this request wants it: fields= and expand=.
func (s *Server) itemView(c *call, it *workItem) object {
	return c.pick(s.shown(it, s.itemObject(it, c.commaList("expand"))))
}

func (s *Server) itemObject(it *workItem, expand []string) object {
	o := object{
		{"id", it.id},
		{"type_id", nil},
		{"created_at", it.created},
		{"updated_at", it.updated},
		{"deleted_at", it.deleted},
		{"point", it.point},
		{"name", it.name},
		{"description_html", it.descriptionHTML},
		{"description_binary", nil},
		{"priority", it.priority},
		{"start_date", orNull(it.startDate)},
		{"target_date", orNull(it.targetDate)},
		{"sequence_id", it.sequence},
		{"sort_order", it.sortOrder},
		{"completed_at", it.completed},
		{"archived_at", orNull(it.archivedAt)},
		{"is_draft", it.draft},
		{"external_source", orNull(it.source)},
		{"external_id", orNull(it.externalID)},
		{"created_by", orNull(it.createdBy)},
		{"updated_by", orNull(it.updatedBy)},
		{"project", it.project.id},
		{"workspace", s.workspace.id},
		{"parent", orNull(it.parent)},
		{"state", it.state.id},
		{"estimate_point", orNull(it.estimatePoint)},
		{"type", nil},
	}
	for _, name := range expand {
		o = s.expandItem(o, it, name)
	}
	for _, m := range []member{{"assignees", it.assignees}, {"labels", it.labels}} {
		if _, expanded := o.lookup(m.key); !expanded {
			o = append(o, m)
		}
	}
	return o
}

// expandItem puts a record where its id stood. Names that Plane does not know
// are passed over.
func (s *Server) expandItem(o object, it *workItem, name string) object {
	switch name {
	case "state":
		return o.set(name, stateLite(it.state))
	case "parent":
		parent := s.itemByID(it.parent)
		if parent == nil {
			return o.set(name, object{}) // Not null: an empty object stands for none.
		}
		return o.set(name, object{{"id", parent.id}, {"sequence_id", parent.sequence}, {"project_id", parent.project.id}})
	case "project":
		return o.set(name, projectLite(it.project))
	case "workspace":
		return o.set(name, object{{"name", s.workspace.slug}, {"slug", s.workspace.slug}, {"id", s.workspace.id}})
	case "assignees":
		return o.set(name, s.personObjects(it.assignees))
	case "labels":
		labels := []object{}
		for _, l := range it.project.labels {
			if slices.Contains(it.labels, l.id) {
				labels = append(labels, s.labelObject(it.project, l))
			}
		}
		return o.set(name, labels)
	}
	return o
}

// sortItems orders a list as order_by says, without one the newest first. It is
// false for an order that Plane does not know.
func sortItems(items []*workItem, order string) bool {
	name, descending := strings.CutPrefix(orDefault(order, "-created_at"), "-")
	by, known := itemOrders[name]
	slices.SortStableFunc(items, func(a, b *workItem) int {
		newest := b.created.Compare(a.created)
		if !known {
			return newest
		}
		if descending {
			return cmp.Or(by(b, a), newest)
		}
		return cmp.Or(by(a, b), newest)
	})
	return known
}

var priorities = []string{"urgent", "high", "medium", "low", "none"}

var itemOrders = map[string]func(a, b *workItem) int{
	"created_at":   func(a, b *workItem) int { return a.created.Compare(b.created) },
	"updated_at":   func(a, b *workItem) int { return a.updated.Compare(b.updated) },
	"completed_at": func(a, b *workItem) int { return a.completed.Compare(b.completed) },
	"name":         func(a, b *workItem) int { return cmp.Compare(a.name, b.name) },
	"sequence_id":  func(a, b *workItem) int { return cmp.Compare(a.sequence, b.sequence) },
	"sort_order":   func(a, b *workItem) int { return cmp.Compare(a.sortOrder, b.sortOrder) },
	"target_date":  func(a, b *workItem) int { return cmp.Compare(a.targetDate, b.targetDate) },
	"start_date":   func(a, b *workItem) int { return cmp.Compare(a.startDate, b.startDate) },
	"priority": func(a, b *workItem) int {
		return cmp.Compare(slices.Index(priorities, a.priority), slices.Index(priorities, b.priority))
	},
	"state__name":  byGroup,
	"state__group": byGroup,
}

// byGroup is the order of both state__name and state__group.
func byGroup(a, b *workItem) int {
	return cmp.Compare(slices.Index(stateGroups, a.state.group), slices.Index(stateGroups, b.state.group))
}
