package world

import (
	"maps"

	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// State is how everything stands in both servers.
type State struct {
	Items     []planetest.Item    `json:"items"`
	Deadlines []odootest.Deadline `json:"deadlines"`
	Tasks     []odootest.Record   `json:"tasks"`
	Reminders []odootest.Record   `json:"reminders"`
	Messages  []odootest.Record   `json:"messages"`
	// ReturnOf and TaskOf are ids by handle, People are names by their ids.
	ReturnOf map[string]int64  `json:"return_of"`
	TaskOf   map[string]int64  `json:"task_of"`
	People   map[string]string `json:"people"`
	// Rejected counts the requests that Plane answered 429.
	Rejected int `json:"rejected"`
	Requests int `json:"requests"`
}

func (s *servers) state() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	people := map[string]string{}
	for _, person := range s.plane.People() {
		people[person.ID] = person.DisplayName
	}
	return State{
		Items: s.plane.Items(), Deadlines: s.odoo.Deadlines(), Tasks: s.odoo.Records(taskModel),
		Reminders: s.odoo.Records(activityModel), Messages: s.odoo.Records(messageModel),
		ReturnOf: maps.Clone(s.returns), TaskOf: maps.Clone(s.tasks), People: people,
		Rejected: s.plane.Rejected(), Requests: s.plane.RequestTotal(),
	}
}
