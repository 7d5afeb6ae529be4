package planetest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// triageGroup is the group of the state in which an Intake item waits. States of
// it stand in items and webhooks, but in no list, and no request may name one.
const triageGroup = "triage"

// The values of an intake entry's status.
const (
	intakePending  = -2
	intakeSnoozed  = 0
	intakeAccepted = 1
)

// An intakeEntry is the request by which a work item came in.
type intakeEntry struct {
	id                   string
	status               int
	created, updated     time.Time
	createdBy, updatedBy string
}

// inIntake tells whether the item still waits in Intake.
func (it *workItem) inIntake() bool {
	waits := it.intake != nil && (it.intake.status == intakePending || it.intake.status == intakeSnoozed)
	return waits || it.state.group == triageGroup
}

// CreateIntakeItem makes a work item that waits in Intake to be accepted: reads
// by id answer 404 and no list has it, yet the look-up by external pair finds it
// (archived_at null) and PATCH works. No webhook tells of it; a later PATCH does.
// The project gets its Intake switched on. Item.StateGroup is not looked at.
func (s *Server) CreateIntakeItem(actor string, item NewItem) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeClock(nil)
	by, err := s.person(actor)
	if err != nil {
		return "", fmt.Errorf("creating intake item %q: %w", item.Name, err)
	}
	p := s.projectByID(orDefault(item.ProjectID, s.ProjectID()))
	if p == nil {
		return "", fmt.Errorf("creating intake item %q: no project %s", item.Name, item.ProjectID)
	}
	p.features["intake_view"] = true
	draft := s.intakeDraft(p)
	draft.source, draft.externalID = item.ExternalSource, item.ExternalID
	body, err := s.itemBody(p, item)
	if err != nil {
		return "", fmt.Errorf("creating intake item %q: %w", item.Name, err)
	}
	if faults := s.fill(draft, body); faults != nil {
		return "", fmt.Errorf("creating intake item %q: %s", item.Name, restStyle.encode(faults))
	}
	s.insertIntake(draft, by)
	draft.writes = 0
	return draft.id, nil
}

// AcceptIntakeItem lets an Intake item into the project's default state, also
// without a webhook.
func (s *Server) AcceptIntakeItem(actor, itemID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeClock(nil)
	by, err := s.person(actor)
	if err != nil {
		return fmt.Errorf("accepting intake item %s: %w", itemID, err)
	}
	it := s.itemByID(itemID)
	if it == nil || it.intake == nil {
		return fmt.Errorf("accepting intake item %s: no such item", itemID)
	}
	s.decideIntake(it, intakeAccepted, by)
	return nil
}

func (s *Server) intakeDraft(p *project) *workItem {
	if p.triage == nil {
		p.triage = &state{id: newID(), name: "Triage", color: "#4E5355", group: triageGroup}
		p.intake = newID()
	}
	return &workItem{id: newID(), project: p, state: p.triage, priority: "none", descriptionHTML: "<p></p>"}
}

func (s *Server) insertIntake(it *workItem, by Person) {
	s.insert(it, by)
	it.intake = &intakeEntry{id: newID(), status: intakePending, createdBy: by.ID, created: s.now(), updated: s.now()}
}

func (s *Server) decideIntake(it *workItem, status int, by Person) {
	it.intake.status, it.intake.updated, it.intake.updatedBy = status, s.now(), by.ID
	if status == intakeAccepted && it.state.group == triageGroup {
		it.state = it.project.defaultState()
	}
	it.updated, it.updatedBy = s.now(), by.ID
}

func (s *Server) intakeInPath(c *call) *workItem {
	it := s.itemByID(c.item)
	if it == nil || it.project != c.project || it.intake == nil {
		return nil
	}
	return it
}

// listIntake lists the entries that wait or were decided, the newest first.
func (s *Server) listIntake(c *call) answer {
	var rows []row
	for _, it := range slices.Backward(s.items) {
		if it.project == c.project && it.alive() && it.intake != nil {
			rows = append(rows, func() object { return c.pick(s.intakeObject(it)) })
		}
	}
	return c.page(rows)
}

func (s *Server) getIntake(c *call) answer {
	it := s.intakeInPath(c)
	if it == nil {
		return missing()
	}
	return ok(c.pick(s.intakeObject(it)))
}

func (s *Server) createIntake(c *call) answer {
	issue, _ := c.body.get("issue").(object)
	switch {
	case !c.project.features["intake_view"]:
		return invalid(object{{"error", "Intake is not enabled for this project enable it through the project's api"}})
	case issue.text("name") == "":
		return invalid(object{{"error", "Name is required"}})
	}
	draft := s.intakeDraft(c.project)
	if faults := s.fill(draft, issue); faults != nil {
		return invalid(faults)
	}
	s.pause(s.slow)
	s.insertIntake(draft, c.user)
	return created(s.intakeObject(draft))
}

// patchIntake takes the status, and what is changed of the work item under "issue".
func (s *Server) patchIntake(c *call) answer {
	it := s.intakeInPath(c)
	if it == nil {
		return missing()
	}
	draft := *it
	if issue, given := c.body.get("issue").(object); given {
		if faults := s.fill(&draft, issue); faults != nil {
			return invalid(faults)
		}
	}
	status := it.intake.status
	if value, given := c.body.lookup("status"); given {
		var err error
		if status, err = strconv.Atoi(pythonText(value)); err != nil || status < intakePending || status > 2 {
			return invalid(object{{"status", []string{fmt.Sprintf("%q is not a valid choice.", pythonText(value))}}})
		}
	}
	s.save(it, draft, c.user)
	s.decideIntake(it, status, c.user)
	return answer{status: http.StatusOK, body: s.intakeObject(it)}
}

func (s *Server) intakeObject(it *workItem) object {
	return object{
		{"id", it.intake.id},
		{"issue_detail", s.shown(it, s.issueData(it))},
		{"inbox", it.project.intake},
		{"created_at", it.intake.created},
		{"updated_at", it.intake.updated},
		{"deleted_at", nil},
		{"status", it.intake.status},
		{"snoozed_till", nil},
		{"source", "IN_APP"},
		{"source_email", nil},
		{"external_source", nil},
		{"external_id", nil},
		{"extra", object{}},
		{"created_by", orNull(it.intake.createdBy)},
		{"updated_by", orNull(it.intake.updatedBy)},
		{"project", it.project.id},
		{"workspace", s.workspace.id},
		{"intake", it.project.intake},
		{"issue", it.id},
		{"duplicate_to", nil},
	}
}
