package planetest

import (
	"slices"
	"strconv"
	"time"
)

type project struct {
	id, name, identifier, description string
	created, updated                  time.Time
	createdBy, updatedBy              string
	archived                          time.Time // zero unless the project is in the archive
	sequence                          int       // number of the newest work item
	states                            []*state
	triage                            *state // made with the first Intake item; in no list
	intake                            string // id of the Intake, made with its first item
	labels                            []*label
	members                           map[string]int  // role by user id
	features                          map[string]bool // such as intake_view
	estimate                          string
	points                            []string // ids of the estimate's points
	logo                              object
}

type state struct {
	id, name, description, color, slug, group string
	sequence                                  float64
	standard                                  bool
	source, externalID                        string
	created, updated                          time.Time
	createdBy, updatedBy                      string
}

type label struct {
	id, name, description, color string
	parent                       string
	sortOrder                    float64
	source, externalID           string
	created, updated             time.Time
	createdBy, updatedBy         string
}

type workItem struct {
	id, name, descriptionHTML string
	priority                  string
	project                   *project
	state                     *state
	startDate, targetDate     string
	archivedAt                string
	sequence                  int
	sortOrder                 float64
	point                     any
	draft                     bool
	parent                    string
	estimatePoint             string
	source, externalID        string
	labels, assignees         []string
	intake                    *intakeEntry  // nil unless it came through Intake
	clock                     time.Duration // of the host that wrote last
	created, updated          time.Time
	completed, deleted        time.Time
	createdBy, updatedBy      string
	writes                    int
	touched                   bool // the background task has yet to move updated
	createdLater              bool // created is still the one of the first answer
}

type comment struct {
	id, item, html, actor, access string
	description                   string
	source, externalID            string
	created, updated, edited      time.Time
	createdBy, updatedBy          string
}

type link struct {
	id, item, url, title string
	created, updated     time.Time
	createdBy, updatedBy string
}

func (it *workItem) alive() bool { return it.deleted.IsZero() }

// listed tells whether lists and reads by id show the item. Three things hide
// one that exists: its own archive, that of its project, and Intake.
func (it *workItem) listed() bool {
	return it.alive() && it.archivedAt == "" && it.project.archived.IsZero() && !it.inIntake()
}

func (p *project) stateByID(id string) *state {
	return find(p.states, func(s *state) bool { return s.id == id })
}

func (p *project) stateByGroup(group string) *state {
	return find(p.states, func(s *state) bool { return s.group == group })
}

func (p *project) defaultState() *state {
	if s := find(p.states, func(s *state) bool { return s.standard }); s != nil {
		return s
	}
	return p.states[0]
}

func (p *project) labelByID(id string) *label {
	return find(p.labels, func(l *label) bool { return l.id == id })
}

func (p *project) labelByName(name string) *label {
	return find(p.labels, func(l *label) bool { return l.name == name })
}

// itemByID finds an item that is not deleted; archived ones are found.
func (s *Server) itemByID(id string) *workItem {
	return find(s.items, func(it *workItem) bool { return it.id == id && it.alive() })
}

// itemsByPair finds the items of a project that carry an external pair, the
// newest first, as Plane's queries order them.
func (s *Server) itemsByPair(p *project, source, id string) []*workItem {
	var found []*workItem
	for _, it := range s.items {
		if it.project == p && it.alive() && it.source == source && it.externalID == id {
			found = append(found, it)
		}
	}
	slices.Reverse(found)
	return found
}

func (s *Server) projectByID(id string) *project {
	return find(s.projects, func(p *project) bool { return p.id == id })
}

func find[T any](list []*T, match func(*T) bool) *T {
	for _, v := range list {
		if match(v) {
			return v
		}
	}
	return nil
}

// settleLater leaves an item to the background task.
func (s *Server) settleLater(it *workItem) {
	if !it.touched {
		it.touched = true
		s.unsettled = append(s.unsettled, it)
	}
}

// settle runs the background task for items that wait for it; see "Time" in
// the package's documentation.
func (s *Server) settle() {
	for _, it := range s.unsettled {
		if it.createdLater {
			it.created, it.createdLater = s.nowOn(it.clock), false
		}
		it.updated, it.touched = s.nowOn(it.clock), false
	}
	s.unsettled = nil
}

// identifier is the number by which people call an item, such as BIR-12.
func identifier(it *workItem) string {
	return it.project.identifier + "-" + strconv.Itoa(it.sequence)
}
