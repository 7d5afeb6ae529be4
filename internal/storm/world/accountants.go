package world

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/story"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

const (
	deadlineModel = "bir.filing.deadline"
	returnModel   = "bir.tax.return"
	taskModel     = "project.task"
	activityModel = "mail.activity"
	messageModel  = "mail.message"
)

func (s *servers) inOdoo(act story.Act) Done {
	switch act.Kind {
	case story.AddDeadline:
		return s.addDeadline(act)
	case story.AddTask:
		return s.addTask(act)
	case story.ChangeTask:
		if act.Field == "active" && s.item(act.Record) == nil {
			return Done{} // One that is archived before it was mirrored stays out of Plane.
		}
		s.odoo.Change(taskModel, s.tasks[act.Record], s.taskValues(act))
		return Done{Done: true, Model: taskModel, ID: s.tasks[act.Record]}
	case story.DeleteTask:
		if s.item(act.Record) == nil {
			return Done{}
		}
		s.odoo.Remove(taskModel, s.tasks[act.Record])
		return Done{Done: true, Model: taskModel, ID: s.tasks[act.Record]}
	case story.TickOff:
		return s.tickOff(act)
	default:
		return s.changeDeadline(act)
	}
}

// addDeadline makes a deadline, also once more after it was deleted, with its return.
func (s *servers) addDeadline(act story.Act) Done {
	parts := strings.Split(act.Record, "/")
	year, _ := strconv.ParseInt(parts[2], 10, 64)
	month, _ := strconv.ParseInt(parts[3], 10, 64)
	if s.returns[act.Record] == 0 {
		s.returns[act.Record] = s.odoo.AddReturn(1, parts[1])
	}
	id := s.odoo.Add(deadlineModel, map[string]any{
		"name": act.Value, "form_type": parts[1], "period_year": year, "period_month": month,
		"deadline_date": fmt.Sprintf("%d-%02d-20", year, month), "return_id": s.returns[act.Record],
	})
	return Done{Done: true, Model: deadlineModel, ID: id}
}

func (s *servers) deadline(handle string) (odootest.Deadline, bool) {
	for _, d := range s.odoo.Deadlines() {
		if d.Key == handle {
			return d, true
		}
	}
	return odootest.Deadline{}, false
}

func (s *servers) changeDeadline(act story.Act) Done {
	d, found := s.deadline(act.Record)
	if !found {
		return Done{Error: "there is no such deadline"}
	}
	done := Done{Done: true, Model: deadlineModel, ID: d.ID}
	switch act.Kind {
	case story.RenameDeadline:
		s.odoo.Change(deadlineModel, d.ID, map[string]any{"name": act.Value})
	case story.MoveDeadline:
		s.odoo.Extend(d.ID, act.Value)
	case story.File:
		s.odoo.MarkFiled(d.Key)
	case story.Reopen:
		s.odoo.Change(returnModel, d.ReturnID, map[string]any{"state": "draft"})
	case story.DeleteDeadline:
		// One that goes before its work item is there leaves nothing to compare.
		if s.item(act.Record) == nil {
			return Done{}
		}
		s.odoo.DeleteDeadline(d.ID)
	default:
		return Done{Error: "accountants do not know how"}
	}
	return done
}

func (s *servers) addTask(act story.Act) Done {
	id := s.odoo.Add(taskModel, map[string]any{
		"name": act.Value, "project_id": int64(1), "description": "<p>as it was</p>", "date_deadline": "2098-03-01 09:30:00", "priority": s.priority("2"),
	})
	s.tasks[act.Record] = id
	return Done{Done: true, Model: taskModel, ID: id}
}

// priority is one of Odoo 19's four as this version has it.
func (s *servers) priority(value string) string {
	if s.version < 19 && value > "1" {
		return "1"
	}
	return value
}

func (s *servers) taskValues(act story.Act) map[string]any {
	switch act.Field {
	case "priority":
		return map[string]any{"priority": s.priority(act.Value)}
	case "date":
		return map[string]any{"date_deadline": act.Value}
	case "active":
		return map[string]any{"active": act.Value == "true"}
	case "state":
		stages := map[string]int64{"New": 1, "In Progress": 2, "Done": 3, "Cancelled": 4}
		states := map[string]string{"New": "01_in_progress", "In Progress": "01_in_progress", "Done": "1_done", "Cancelled": "1_canceled"}
		return map[string]any{"stage_id": stages[act.Value], "state": states[act.Value]}
	default:
		return map[string]any{act.Field: act.Value}
	}
}

// tickOff waits for the reminder.
func (s *servers) tickOff(act story.Act) Done {
	for _, activity := range s.odoo.Records(activityModel) {
		id, isID := activity["id"].(int64)
		if isID && activity["res_model"] == returnModel && activity["res_id"] == s.returns[act.Record] && activity["active"] == true {
			s.odoo.TickOff(s.odoo.LeastPrivilege().Login, id)
			return Done{Done: true}
		}
	}
	return Done{}
}
